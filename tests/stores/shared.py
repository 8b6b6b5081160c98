"""What tests of the stores share: records, and a history that DuckDB gave up."""

from __future__ import annotations

import math
from pathlib import Path

import duckdb
import msgspec
import pytest

from watchkeeper.domain.alert import Alert, Cause, Member, Status
from watchkeeper.domain.metric import Metric, Source

SHOP = Source(name="shop", url="sqlite:///shop.db")
ORDERS = Metric(name="orders", source="shop", query="select", step="1h", dimensions=("country", "device"))


def member(series: int, **changes: object) -> Member:
    """A member with numbers in every field."""
    plain = Member(
        series=series,
        start=3600,
        end=7200,
        is_open=False,
        peak_time=3600,
        peak_score=1.25,
        value=10.0,
        expected=20.5,
        lower=15.0,
        upper=25.0,
    )
    return msgspec.structs.replace(plain, **changes)


def silent(series: int, **changes: object) -> Member:
    """A member that went quiet: it has no values."""
    quiet = dict.fromkeys(("value", "expected", "lower", "upper"), math.nan)
    return member(series, cause=Cause.SILENCE, **quiet, **changes)


def alert(*members: Member, **changes: object) -> Alert:
    """An alert over an hour."""
    plain = Alert(id=0, family="shop", status=Status.OPEN, start=3600, end=7200, severity=1.0, members=members)
    return msgspec.structs.replace(plain, **changes)


def plain(record: msgspec.Struct) -> object:
    """A record as builtins in which NaN equals NaN."""
    return msgspec.json.decode(msgspec.json.encode(record))


def give_up_after_committing(path: Path) -> None:
    """Have DuckDB give up the database at the next large change, which is done by then."""
    settings = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    with duckdb.connect(str(path), config=settings) as other:
        other.execute("SET GLOBAL debug_checkpoint_abort = 'before_truncate'; SET GLOBAL wal_autocheckpoint = '1KB'")


def given_up(path: Path) -> None:
    """Make DuckDB give up the database that this process has open, as a checkpoint does that fails half way."""
    settings = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    with duckdb.connect(str(path), config=settings) as other:  # the same database: one is open in a process once
        other.execute("SET GLOBAL debug_checkpoint_abort = 'before_header'")
        with pytest.raises(duckdb.FatalException):
            other.execute("FORCE CHECKPOINT")
