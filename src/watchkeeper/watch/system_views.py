"""What pages and commands show of systems, as plain records."""

from __future__ import annotations

import msgspec

from watchkeeper.domain.flag import FlagChange
from watchkeeper.domain.metric import Metric, Series
from watchkeeper.domain.readiness import Evidence, Score
from watchkeeper.domain.system import System
from watchkeeper.watch.flag_views import FlagLine
from watchkeeper.watch.system_check import Item
from watchkeeper.watch.views import Spark


class MetricNow(msgspec.Struct, frozen=True, kw_only=True):
    """One series of a derived metric: its newest value, the time of that, a small line, and its open alert if any."""

    metric: Metric
    series: Series
    value: float | None
    time: int | None
    spark: Spark
    alert: int | None


class InputLine(msgspec.Struct, frozen=True, kw_only=True):
    """One input: `status` in dbt's words (pass, warn, error, or unknown), and its metrics."""

    name: str
    status: str
    words: str
    owner: str
    contract: str
    metrics: tuple[MetricNow, ...]
    runbook: str = ""


class SystemLine(msgspec.Struct, frozen=True, kw_only=True):
    """A system in a list: how it stands, in a sentence; `level` is ok, warn or error."""

    system: System
    level: str
    sentence: str
    met: int
    asked: int
    score: float


class Truth(msgspec.Struct, frozen=True, kw_only=True):
    """How right a system was, and was held to be before outcomes were known, step by step (None: not known); and the
    windows [start, end) in which a guard had the fallback answer.
    """

    metric: Metric
    time: tuple[int, ...]
    true: tuple[float | None, ...]
    estimated: tuple[float | None, ...]
    fallback: tuple[tuple[int, int], ...]


class SystemPage(msgspec.Struct, frozen=True, kw_only=True):
    """One system whole. Runbooks are Markdown with values in place."""

    line: SystemLine
    inputs: tuple[InputLine, ...]
    predictions: tuple[MetricNow, ...]
    quality: tuple[MetricNow, ...]
    segments: tuple[MetricNow, ...]
    flags: tuple[FlagLine, ...]
    check: tuple[Item, ...]
    evidence: dict[str, Evidence]
    score: Score
    trend: tuple[Score, ...]
    runbook: str = ""
    truth: Truth | None = None
    changes: tuple[FlagChange, ...] = ()
