"""Leases: which server does what for now. One that is killed stops renewing, and its leases run out.

Time is the database's where servers share one, so that their clocks need not agree.
"""

from __future__ import annotations

import time
from collections.abc import Collection

from sqlalchemy import BigInteger, Column, Connection, Float, String, Table, cast, delete, func, insert, select, update

from watchkeeper.stores.ledger.schema import METADATA

LEASE = Table(
    "lease",
    METADATA,
    Column("resource", String(120), primary_key=True),
    Column("holder", String(80), nullable=False),
    Column("expires_at_ms", BigInteger, nullable=False),
)
_SERVER = "server:"


def join(tx: Connection, holder: str, lease_s: float) -> tuple[str, ...]:
    """Say that this server is alive for the next `lease_s` seconds; returns all that are, in one order for all."""
    now = _now_ms(tx)
    tx.execute(delete(LEASE).where(LEASE.c.expires_at_ms <= now))
    _put(tx, _SERVER + holder, holder, now + round(1000 * lease_s))
    rows = tx.execute(select(LEASE.c.holder).where(LEASE.c.resource.startswith(_SERVER)).order_by(LEASE.c.holder))
    return tuple(row.holder for row in rows)


def claim(tx: Connection, holder: str, resources: Collection[str], lease_s: float) -> set[str]:
    """Take those of the resources that no other server holds; returns what this one holds now.

    What it held besides is given up.
    """
    now = _now_ms(tx)
    tx.execute(delete(LEASE).where(LEASE.c.expires_at_ms <= now))
    own = (LEASE.c.holder == holder) & ~LEASE.c.resource.startswith(_SERVER)
    tx.execute(delete(LEASE).where(own, LEASE.c.resource.not_in(resources)))
    others = LEASE.c.resource.in_(resources) & (LEASE.c.holder != holder)
    taken = set(tx.execute(select(LEASE.c.resource).where(others)).scalars())
    until = now + round(1000 * lease_s)
    mine = set(resources) - taken
    known = set(tx.execute(select(LEASE.c.resource).where(own)).scalars())
    if new := mine - known:
        rows = [{"resource": one, "holder": holder, "expires_at_ms": until} for one in sorted(new)]
        tx.execute(insert(LEASE), rows)
    tx.execute(update(LEASE).where(LEASE.c.holder == holder), {"expires_at_ms": until})
    return mine


def renew(tx: Connection, holder: str, lease_s: float) -> set[str]:
    """Hold what this server holds for another `lease_s` seconds; returns it. What ran out is not brought back."""
    now = _now_ms(tx)
    mine = (LEASE.c.holder == holder) & (LEASE.c.expires_at_ms > now)
    tx.execute(update(LEASE).where(mine), {"expires_at_ms": now + round(1000 * lease_s)})
    return held(tx, holder)


def held(tx: Connection, holder: str) -> set[str]:
    """What this server holds at this moment; inside a writing transaction nobody takes it before its end."""
    now = _now_ms(tx)
    rows = tx.execute(select(LEASE.c.resource).where(LEASE.c.holder == holder, LEASE.c.expires_at_ms > now))
    return {row.resource for row in rows}


def give_up(tx: Connection, holder: str) -> None:
    """Let go of everything: the others need not wait."""
    tx.execute(delete(LEASE).where(LEASE.c.holder == holder))


def _put(tx: Connection, resource: str, holder: str, until: int) -> None:
    if not tx.execute(update(LEASE).where(LEASE.c.resource == resource), {"expires_at_ms": until}).rowcount:
        tx.execute(insert(LEASE), {"resource": resource, "holder": holder, "expires_at_ms": until})


def _now_ms(tx: Connection) -> int:
    if tx.dialect.name != "postgresql":
        return round(1000 * time.time())
    seconds = tx.execute(select(cast(func.extract("epoch", func.clock_timestamp()), Float))).scalar()
    return round(1000 * float(seconds or 0.0))
