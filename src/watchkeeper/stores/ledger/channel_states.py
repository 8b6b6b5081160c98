"""How each channel fares: since when it fails, why, and when it is tried again."""

from __future__ import annotations

import msgspec
from sqlalchemy import Boolean, Column, Connection, Integer, String, Table, Text, delete, insert, select

from watchkeeper.stores.ledger.schema import METADATA, Seconds

CHANNEL_STATE = Table(
    "channel_state",
    METADATA,
    Column("channel", String(80), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("failing_since", Seconds),
    Column("due_at", Seconds, nullable=False),
    Column("is_dead", Boolean, nullable=False),
    Column("error", Text, nullable=False),
    Column("delivered_at", Seconds),
)


class ChannelState(msgspec.Struct, frozen=True, kw_only=True):
    """`failures` in a row `failing_since` (seconds UTC, None: it works); nothing is sent before `due_at`.

    `is_dead`: it stays so until a person mends it. `delivered_at`: its last success.
    """

    channel: str
    failures: int = 0
    failing_since: int | None = None
    due_at: int = 0
    is_dead: bool = False
    error: str = ""
    delivered_at: int | None = None


def remove(tx: Connection, channel: str) -> None:
    """Forget how a channel fared."""
    tx.execute(delete(CHANNEL_STATE).where(CHANNEL_STATE.c.channel == channel))


def get(tx: Connection, channel: str) -> ChannelState:
    """The state of a channel; one that was never tried works."""
    row = tx.execute(select(CHANNEL_STATE).where(CHANNEL_STATE.c.channel == channel)).first()
    return ChannelState(**row._mapping) if row is not None else ChannelState(channel=channel)


def put(tx: Connection, state: ChannelState) -> None:
    """Keep the state of a channel."""
    tx.execute(delete(CHANNEL_STATE).where(CHANNEL_STATE.c.channel == state.channel))
    tx.execute(insert(CHANNEL_STATE), msgspec.structs.asdict(state))
