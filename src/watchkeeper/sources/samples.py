"""Samples of instruments, as Prometheus and OpenTelemetry send them, become points of periods.

A point says a whole period; a sample is an instant, and comes many times a period. What a sample does to the point of
its period depends on what it is:

| sample | does |
| --- | --- |
| of a gauge | the last one of a period is its value |
| a change since the last one (delta) | is added to the period |
| a running total (cumulative) | what it grew by since the last one is added to the period; one that fell began anew |

A running total's first sample after a start only says where it stands. Samples that are not newer than the last of
their instrument are left out, so that sending again changes nothing.
"""

from __future__ import annotations

import enum
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from watchkeeper.domain.metric import Metric
from watchkeeper.domain.times import floor_to_step
from watchkeeper.sources.pushed import NO_VALUE, Columns

MOST_INSTRUMENTS = 1_000_000
"""How many instruments are remembered; the one not heard of longest is forgotten, and starts anew when it speaks."""


class How(enum.Enum):
    """What a sample's number is."""

    GAUGE = "gauge"
    DELTA = "delta"
    TOTAL = "total"


class Sample(NamedTuple):
    """One number of one instrument: `at_ms` milliseconds since 1970; `labels` all of them, sorted by name."""

    name: str
    labels: tuple[tuple[str, str], ...]
    at_ms: int
    value: float
    how: How


@dataclass
class _Instrument:
    at_ms: int
    total: float


class Periods:
    """Folds samples into points of their metrics, and remembers of each instrument where it stood."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._instruments: OrderedDict[tuple[str, tuple[tuple[str, str], ...]], _Instrument] = OrderedDict()
        self._gauges: dict[tuple[str, tuple[str, ...]], tuple[tuple[str, str], ...]] = {}
        self._sums: dict[tuple[str, tuple[str, ...]], tuple[int, float]] = {}

    def fold(
        self, metric: Metric, samples: Iterable[Sample], known: Callable[[tuple[str, ...], int], float]
    ) -> tuple[Columns, int]:
        """The points that the metric's samples change, and how many samples no dimension tells from another's.

        `known` gives a point's value so far (NaN: none).
        """
        found: dict[tuple[tuple[str, ...], int], float] = {}
        mixed = 0
        with self._lock:
            for one in sorted(samples, key=lambda sample: sample.at_ms):
                grown = self._grown(one)
                if grown is None:
                    continue
                labels = dict(one.labels)
                key = tuple(labels.get(name, NO_VALUE) for name in metric.dimensions)
                period = floor_to_step(one.at_ms // 1000, metric.step_s, metric.timezone)
                if one.how is How.GAUGE and self._gauges.setdefault((metric.name, key), one.labels) != one.labels:
                    mixed += 1  # the last of two gauges would be the value of both
                elif one.how is How.GAUGE:
                    found[key, period] = grown
                else:
                    found[key, period] = self._add((metric.name, key), period, grown, found, known)
        keys = list(dict.fromkeys(key for key, _ in found))
        place = {key: number for number, key in enumerate(keys)}
        columns = Columns(
            metric.name,
            np.array([period for _, period in found], np.int64),
            np.array(list(found.values()), np.float64),
            metric.dimensions,
            keys,
            np.array([place[key] for key, _ in found], np.int64),
        )
        return columns, mixed

    def _grown(self, sample: Sample) -> float | None:
        """What the sample adds (of a gauge: what it is); None where it adds nothing."""
        key = (sample.name, sample.labels)
        before = self._instruments.get(key)
        if before is not None and sample.at_ms <= before.at_ms:
            return None
        self._instruments[key] = _Instrument(sample.at_ms, sample.value)
        self._instruments.move_to_end(key)
        if len(self._instruments) > MOST_INSTRUMENTS:
            self._instruments.popitem(last=False)
        if sample.how is not How.TOTAL:
            return sample.value
        if before is None or np.isnan(sample.value) or np.isnan(before.total):
            return None
        return sample.value - before.total if sample.value >= before.total else sample.value

    def _add(
        self,
        series: tuple[str, tuple[str, ...]],
        period: int,
        grown: float,
        found: dict[tuple[tuple[str, ...], int], float],
        known: Callable[[tuple[str, ...], int], float],
    ) -> float:
        newest, total = self._sums.get(series, (None, 0.0))
        if newest != period:
            so_far = found.get((series[1], period))
            if so_far is None:
                so_far = known(series[1], period)
            total = 0.0 if np.isnan(so_far) else so_far
        total += grown
        if newest is None or period >= newest:
            self._sums[series] = (period, total)
        return total
