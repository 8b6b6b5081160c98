"""Rows of a query for an assessment: read once, kept nowhere. Metrics never come this way, they are grouped."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa
from sqlalchemy import text

from watchkeeper.domain.errors import SourceError
from watchkeeper.sources.sql import SqlSource


def ask_rows(source: SqlSource, query: str, most: int) -> pa.Table:
    """The first `most` rows that a SELECT gives, each column in its own type; decimals become floats.

    Raises SourceError naming the source where the database or its answer is at fault.
    """
    with source.connection() as connection:
        if connection.dialect.name == "duckdb":
            driver: Any = connection.connection.driver_connection
            relation = driver.sql(query)
            if relation is None:
                raise SourceError("the query returns no rows; it must be a SELECT")
            return relation.limit(most).to_arrow_table()
        result = connection.execution_options(stream_results=True).execute(text(query))
        if not result.returns_rows:
            raise SourceError("the query returns no rows; it must be a SELECT")
        names, rows = list(result.keys()), result.fetchmany(most)
        try:
            return pa.table({name: _column([row[place] for row in rows]) for place, name in enumerate(names)})
        except pa.ArrowException as error:
            raise SourceError(f"a column holds values of more than one type: {error}") from None


def _column(values: list[Any]) -> pa.Array:
    if any(isinstance(value, Decimal) for value in values):
        values = [None if value is None else float(value) for value in values]
    return pa.array(values)
