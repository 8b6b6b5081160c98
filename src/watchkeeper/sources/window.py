"""The window that a query asks for: which clock the query speaks, and what its parameters are bound to.

| a query that uses | gets | and times that it returns without a zone are read |
| --- | --- | --- |
| `:start`, `:end` | timestamps without zone, in UTC | in UTC |
| `:start_local`, `:end_local` | timestamps without zone, on the metric's wall clock | on the metric's wall clock |
| `:start_s`, `:end_s` | seconds since 1970 UTC | in UTC |

So a query speaks one clock, in and out. Times with a zone or an offset are what they say; a date is a day on the
metric's wall clock, whatever the query speaks.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from sqlalchemy import TextClause, text

from watchkeeper.domain.errors import ConfigError
from watchkeeper.domain.metric import Metric
from watchkeeper.domain.times import local_seconds

_FORMS = ("", "_local", "_s")
_CAST = re.compile(r"(?<![:\w\\]):((?:start|end)(?:_local|_s)?)(?=::)")
_QUARTER_S = 900
_REPEATED_QUARTERS = 13
"""Clocks are put back by at most three hours: what is repeated lies within so many quarters of an hour."""


class Window(NamedTuple):
    """What `[start, end)` of a metric is for one query: its parameters, and the zone of times without zone."""

    parameters: dict[str, datetime | int]
    zone: str


def window(metric: Metric, start: int, end: int) -> Window:
    """Bind `[start, end)` (seconds UTC) for the metric's query; ConfigError where the query does not ask for both."""
    form = _form(metric)
    if form == "_s":
        return Window({"start_s": start, "end_s": end}, "UTC")
    if form == "_local":
        first, last = wall_window(start, end, metric.timezone)
        return Window({"start_local": naive(first), "end_local": naive(last)}, metric.timezone)
    return Window({"start": naive(start), "end": naive(end)}, "UTC")


def query_text(query: str) -> TextClause:
    """A query as SQLAlchemy reads it, ready to be given its parameters; PostgreSQL's `:start::date` is understood."""
    return text(_CAST.sub(r"(:\1)", query))


def wall_window(start: int, end: int, zone: str) -> tuple[int, int]:
    """The smallest window of wall-clock seconds that holds every instant of `[start, end)`.

    Where the clock is put back inside or next to the window, the repeated hour is in it as a whole: the query then
    returns a few rows too many rather than one too few, and those outside are dropped after their hour is known.
    """
    steps = np.arange(_REPEATED_QUARTERS, dtype=np.int64) * _QUARTER_S
    after = -(-start // _QUARTER_S) * _QUARTER_S + steps  # clocks change at a full quarter, so that the smallest and
    before = end // _QUARTER_S * _QUARTER_S - 1 - steps  # largest times shown are at a quarter or at the window's ends
    first = local_seconds(np.append(after[after < end], start), zone).min()
    last = local_seconds(np.append(before[before >= start], end - 1), zone).max()
    return int(first), int(last) + 1


@lru_cache(20_000)
def _parameters(query: str) -> frozenset[str]:
    return frozenset(query_text(query).compile().params)


def _form(metric: Metric) -> str:
    names = _parameters(metric.query)
    for form in _FORMS:
        if names == {f"start{form}", f"end{form}"}:
            return form
    said = ", ".join(f":{name}" for name in sorted(names)) or "no parameter"
    raise ConfigError(
        f"metric {metric.name}: query: it uses {said}; it must ask for its window with :start and :end (UTC), "
        ":start_local and :end_local (the metric's clock), or :start_s and :end_s (seconds); "
        r"a colon that means something else is written \:"
    )


def naive(seconds: int) -> datetime:
    """Seconds as a timestamp without a zone: what most databases compare their columns with."""
    return datetime(1970, 1, 1) + timedelta(seconds=int(seconds))  # noqa: DTZ001 - without zone on purpose
