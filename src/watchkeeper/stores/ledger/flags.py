"""Flags and segments as configured, what their guards remember, overrides, and the log of every flip."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Column, Connection, ForeignKey, Row, String, Table, Text, delete, func, insert, select

from watchkeeper.domain.errors import NotFoundError
from watchkeeper.domain.flag import Flag, FlagChange, Override, Segment
from watchkeeper.stores.ledger import users
from watchkeeper.stores.ledger.schema import METADATA, Id, Seconds

FLAG = Table(
    "flag",
    METADATA,
    Column("name", String(120), primary_key=True),
    Column("settings", Text, nullable=False),
    Column("guard_state", Text, nullable=False),
    Column("override", Text, nullable=False),
    Column("rollout_state", Text),
    Column("removed_at", Seconds),
)
SEGMENT = Table(
    "segment",
    METADATA,
    Column("name", String(120), primary_key=True),
    Column("settings", Text, nullable=False),
)
FLAG_CHANGE = Table(
    "flag_change",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("flag", ForeignKey("flag.name"), nullable=False, index=True),
    Column("at_s", Seconds, nullable=False),
    Column("done_by", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("detail", Text, nullable=False),
    sqlite_autoincrement=True,
)


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A flag with what its guard and its roll-out remember (as JSON, empty at first) and its override, if any."""

    flag: Flag
    guard_state: str
    override: Override | None
    rollout_state: str = ""


def put(tx: Connection, flag: Flag) -> bool:
    """Insert or update by name; what its guard remembers stays. False where nothing changed."""
    is_back = tx.execute(select(FLAG.c.removed_at).where(FLAG.c.name == flag.name)).scalar() is not None
    if is_back:
        tx.execute(FLAG.update().where(FLAG.c.name == flag.name), {"removed_at": None})
    return _put(tx, FLAG, flag, {"guard_state": "", "override": ""}) or is_back


def remove(tx: Connection, name: str, *, at: int) -> None:
    """Take a flag off the list; its log stays. What its guard and roll-out knew, and its override, end with it."""
    fresh = {"guard_state": "", "override": "", "rollout_state": None}
    tx.execute(FLAG.update().where(FLAG.c.name == name), {"removed_at": at, **fresh})


def put_segment(tx: Connection, segment: Segment) -> bool:
    """Insert or update by name; False where nothing changed."""
    return _put(tx, SEGMENT, segment, {})


def remove_segment(tx: Connection, name: str) -> None:
    """Take a segment away."""
    tx.execute(delete(SEGMENT).where(SEGMENT.c.name == name))


def listed(tx: Connection) -> list[Kept]:
    """Every flag that was not removed, by name."""
    return [
        Kept(
            flag=msgspec.json.decode(row.settings, type=Flag),
            guard_state=row.guard_state,
            override=msgspec.json.decode(row.override, type=Override) if row.override else None,
            rollout_state=row.rollout_state or "",
        )
        for row in tx.execute(select(FLAG).where(FLAG.c.removed_at.is_(None)).order_by(FLAG.c.name))
    ]


def get(tx: Connection, name: str) -> Kept:
    """The flag of that name; NotFoundError."""
    for kept in listed(tx):
        if kept.flag.name == name:
            return kept
    raise NotFoundError(f"no flag {name!r}: `watchkeeper flags` lists those there are")


def segments(tx: Connection) -> list[Segment]:
    """Every segment, by name."""
    rows = tx.execute(select(SEGMENT.c.settings).order_by(SEGMENT.c.name)).scalars()
    return [msgspec.json.decode(settings, type=Segment) for settings in rows]


def remember(tx: Connection, name: str, guard_state: str) -> None:
    """Keep what the guard of a flag remembers."""
    tx.execute(FLAG.update().where(FLAG.c.name == name), {"guard_state": guard_state})


def remember_rollout(tx: Connection, name: str, rollout_state: str) -> None:
    """Keep what the guarded roll-out of a flag remembers."""
    tx.execute(FLAG.update().where(FLAG.c.name == name), {"rollout_state": rollout_state})


def set_override(tx: Connection, name: str, override: Override | None) -> None:
    """Keep or take away the override of a flag."""
    text = msgspec.json.encode(override).decode() if override else ""
    tx.execute(FLAG.update().where(FLAG.c.name == name), {"override": text})


def log(tx: Connection, flag: str, *, at: int, by: str, what: str, detail: str = "") -> None:
    """Append to the log of flips."""
    tx.execute(insert(FLAG_CHANGE), {"flag": flag, "at_s": at, "done_by": by, "what": what, "detail": detail})


def changes(tx: Connection, flag: str, limit: int = 50) -> list[FlagChange]:
    """The newest entries of a flag's log, the newest first."""
    query = select(FLAG_CHANGE).where(FLAG_CHANGE.c.flag == flag).order_by(FLAG_CHANGE.c.id.desc()).limit(limit)
    return [_change(row) for row in tx.execute(query)]


def changes_after(tx: Connection, change_id: int, limit: int = 500) -> list[FlagChange]:
    """The entries of every flag's log after one, the oldest first."""
    query = select(FLAG_CHANGE).where(FLAG_CHANGE.c.id > change_id).order_by(FLAG_CHANGE.c.id).limit(limit)
    return [_change(row) for row in tx.execute(query)]


def version(tx: Connection) -> int:
    """A number that grows with every change of a flag or segment, and of a name in them, by whichever process."""
    return int(tx.execute(select(func.coalesce(func.max(FLAG_CHANGE.c.id), 0))).scalar_one()) + users.erased(tx)


def _change(row: Row[Any]) -> FlagChange:
    return FlagChange(id=row.id, flag=row.flag, at=row.at_s, by=row.done_by, what=row.what, detail=row.detail)


def _put(tx: Connection, table: Table, record: Flag | Segment, rest: dict[str, str]) -> bool:
    settings = msgspec.json.encode(record).decode()
    before = tx.execute(select(table.c.settings).where(table.c.name == record.name)).scalar()
    if before is None:
        tx.execute(insert(table), {"name": record.name, "settings": settings, **rest})
    elif before != settings:
        tx.execute(table.update().where(table.c.name == record.name), {"settings": settings})
    return before != settings
