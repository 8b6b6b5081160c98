"""Series: the id of each combination of a metric's dimension values. An id is given once and never changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, ForeignKey, Row, Table, Text, UniqueConstraint, select

from watchkeeper.domain.errors import InputError, NotFoundError
from watchkeeper.domain.metric import Series
from watchkeeper.domain.texts import UNKEPT, is_kept
from watchkeeper.stores.ledger.metrics import METRIC
from watchkeeper.stores.ledger.schema import METADATA, Id, among, insert_or_leave

SERIES = Table(
    "series",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("metric", ForeignKey("metric.name"), nullable=False),
    Column("dimension_values", Text, nullable=False),
    UniqueConstraint("metric", "dimension_values"),
    sqlite_autoincrement=True,
)


_VALUES = msgspec.json.Decoder(tuple[str, ...])


def intern(tx: Connection, metric: str, values_list: Iterable[Sequence[str]]) -> list[Series]:
    """The series of `metric` for each combination of dimension values, in the order given; made where it is new.

    Needs a write transaction where one is new. NotFoundError where the metric is not in the ledger; InputError where a
    value cannot be kept, of which alerts would speak.
    """
    wanted = [tuple(values) for values in values_list]
    known = {one.values: one for one in of_metric(tx, metric)}
    new = [values for values in dict.fromkeys(wanted) if values not in known]
    if new:
        for value in (one for values in new for one in values):
            if not is_kept(value):
                raise InputError(f"metric {metric}: the dimension value {value[:40]!r} holds {UNKEPT}; leave it out")
        if tx.execute(select(METRIC.c.name).where(METRIC.c.name == metric)).first() is None:
            raise NotFoundError(f"no metric {metric!r}: its series cannot be made before it is")
        rows = [{"metric": metric, "dimension_values": _text(values)} for values in new]
        tx.execute(insert_or_leave(tx, SERIES), rows)
        known = {one.values: one for one in of_metric(tx, metric)}
    return [known[values] for values in wanted]


def of_metric(tx: Connection, name: str, *, limit: int | None = None, after: int = 0) -> list[Series]:
    """The series of a metric, in the order in which they were first seen: all, or `limit` with an id above `after`."""
    wanted = select(SERIES).where(SERIES.c.metric == name, SERIES.c.id > after).order_by(SERIES.c.id).limit(limit)
    return [_series(row) for row in tx.execute(wanted)]


def by_metric(tx: Connection) -> dict[str, list[Series]]:
    """All series, by metric, in the order in which they were first seen; a metric without any is left out."""
    found: dict[str, list[Series]] = {}
    for row in tx.execute(select(SERIES).order_by(SERIES.c.id)):
        found.setdefault(row.metric, []).append(_series(row))
    return found


def ids_of(tx: Connection, names: Iterable[str]) -> dict[tuple[str, tuple[str, ...]], int]:
    """The ids of the series of these metrics, by metric and dimension values."""
    query = select(SERIES.c.metric, SERIES.c.dimension_values, SERIES.c.id)
    found = tx.execute(query.where(among(tx, SERIES.c.metric, set(names))))
    return {(metric, _VALUES.decode(values)): number for metric, values, number in found}


def by_id(tx: Connection, ids: Iterable[int]) -> list[Series]:
    """The series with these ids, each once, by id; an id that is not known is left out."""
    return [_series(row) for row in tx.execute(select(SERIES).where(among(tx, SERIES.c.id, ids)).order_by(SERIES.c.id))]


def _text(values: tuple[str, ...]) -> str:
    return msgspec.json.encode(values).decode()


def _series(row: Row[Any]) -> Series:
    return Series(id=row.id, metric=row.metric, values=_VALUES.decode(row.dimension_values))
