"""What a SQL source holds: its tables and their columns, so that a metric can be made by choosing."""

from __future__ import annotations

import enum

import msgspec
from sqlalchemy import inspect, types

from watchkeeper.domain.errors import SourceError
from watchkeeper.domain.metric import Source, SourceKind
from watchkeeper.sources.sql import SqlSource

MOST_TABLES = 500
"""More are not listed: nobody chooses from so long a list."""
_SYSTEM = ("information_schema", "pg_catalog", "pg_toast", "sys", "mysql", "performance_schema")


class Holds(enum.Enum):
    """What a column is good for."""

    TIME = "time"
    NUMBER = "number"
    TEXT = "text"
    OTHER = "other"


class ColumnInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A column of a table, what it holds, and its type as the database writes it."""

    name: str
    holds: Holds
    type: str


def tables(source: Source) -> tuple[str, ...]:
    """Tables and views, those of other schemas as `schema.table`.

    Raises SourceError where the source cannot be reached, or cannot be looked into because it is no SQL source.
    """
    _check(source)
    reader = SqlSource(source)
    try:
        with reader.connection() as connection:
            found = inspect(connection)
            home = found.default_schema_name
            names = [*found.get_table_names(), *found.get_view_names()]
            for schema in found.get_schema_names():
                if schema != home and schema.rpartition(".")[2] not in _SYSTEM and len(names) < MOST_TABLES:
                    inside = [*found.get_table_names(schema), *found.get_view_names(schema)]
                    names += [f"{schema}.{name}" for name in inside]
    finally:
        reader.close()
    return tuple(sorted(dict.fromkeys(names)))[:MOST_TABLES]


def columns(source: Source, table: str) -> tuple[ColumnInfo, ...]:
    """The columns of a table, in its order. Raises as `tables`, and SourceError where there is no such table."""
    _check(source)
    reader = SqlSource(source)
    schema, _, name = table.rpartition(".")
    try:
        with reader.connection() as connection:
            found = inspect(connection).get_columns(name, schema or None)
    finally:
        reader.close()
    if not found:
        raise SourceError(f"source {source.name}: there is no table {table!r}; choose another")
    return tuple(
        ColumnInfo(name=each["name"], holds=_holds(each["type"]), type=str(each["type"]).lower()) for each in found
    )


def _check(source: Source) -> None:
    if source.kind is not SourceKind.SQL:
        raise SourceError(
            f"source {source.name}: a source of kind {source.kind.value} has no tables to choose from; "
            "describe the metric in a configuration file"
        )


def _holds(kind: types.TypeEngine[object]) -> Holds:
    if isinstance(kind, types.DateTime | types.Date):
        return Holds.TIME
    if isinstance(kind, types.Boolean):
        return Holds.TEXT
    if isinstance(kind, types.Numeric | types.Integer):  # Float is a Numeric
        return Holds.NUMBER
    if isinstance(kind, types.String | types.Enum | types.Uuid):
        return Holds.TEXT
    return Holds.OTHER
