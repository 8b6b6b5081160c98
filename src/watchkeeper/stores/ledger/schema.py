"""What the tables share: the metadata, column types that mean the same on SQLite and PostgreSQL, and idioms of both."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Insert,
    Integer,
    MetaData,
    Table,
    any_,
    func,
    literal,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

Id = BigInteger().with_variant(Integer(), "sqlite")
"""Ids count up from 1 and are never used twice (tables say `sqlite_autoincrement`)."""

Seconds = BigInteger
"""Seconds since 1970 UTC."""


def insert_or_leave(tx: Connection, table: Table) -> Insert:
    """An insert that leaves what is there already as it is; for one row, `rowcount` tells which it was."""
    make = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
    return make(table).on_conflict_do_nothing().execution_options(preserve_rowcount=True)


def among(
    tx: Connection, column: ColumnElement[int] | ColumnElement[str], those: Iterable[int] | Iterable[str]
) -> ColumnElement[bool]:
    """`column IN those`, ids or names, as one parameter, because databases limit how many a statement may have."""
    listed = [one if isinstance(one, str) else int(one) for one in those]
    if tx.dialect.name == "postgresql":
        kind: Any = column.type
        return column == any_(literal(listed, ARRAY(kind)))
    return column.in_(select(func.json_each(json.dumps(listed)).table_valued("value").c.value))


def to_null(number: float) -> float | None:
    """NaN is stored as NULL: SQLite has no NaN."""
    return None if math.isnan(number) else float(number)


def from_null(number: float | None) -> float:
    """NULL is read back as NaN."""
    return math.nan if number is None else float(number)
