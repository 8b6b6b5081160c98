"""Samples of instruments, as Prometheus and OpenTelemetry send them, become points of periods.

A point says a whole period; a sample is an instant, and comes many times a period. What a sample does to the point of
its period depends on what it is:

| sample | does |
| --- | --- |
| of a gauge | the last one of a period is its value |
| a change since the last one (delta) | is added to the period |
| a running total (cumulative) | what it grew by since the last one is added to the period; one that fell began anew |

A running total's first sample only says where it stands, unless it says too that it began in the same period. What was
counted once is not counted again: a `Standing` is where the instruments of one series stand, and whoever folds keeps it
with the points. A delta that comes late, by a sender that tries again what another request has overtaken, is counted if
it fills a gap that was left for it.
"""

from __future__ import annotations

import enum
import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from watchkeeper.domain.metric import Metric
from watchkeeper.domain.texts import UNKEPT, is_kept
from watchkeeper.domain.times import floor_to_step
from watchkeeper.sources.points import NO_VALUE

MOST_INSTRUMENTS = 10_000
"""How many instruments may add up in one series: each request that brings a sample of it reads where all of them
stand."""
MOST_PERIODS = 1_000
"""How many periods of a series are remembered."""
SETTLED_S = 3600
"""So long after it was last changed a period is remembered; after that the history knows it."""
FORGOTTEN_MS = 2 * 86_400_000
"""An instrument that was silent for so long starts anew when it speaks."""
STALE_MS = 300_000
"""A gauge that was silent for so long has ended (as Prometheus says it), and another one may say the series' value."""
MOST_GAPS = 32

Key = tuple[str, ...]
"""The dimension values of a series."""


class How(enum.Enum):
    """What a sample's number is."""

    GAUGE = "gauge"
    DELTA = "delta"
    TOTAL = "total"


class Sample(NamedTuple):
    """One number of one instrument: `at_ms` milliseconds since 1970; `labels` all of them, sorted by name.

    `origin` tells apart what has the same labels, such as two processes of a service; `start_ms` is when the counting
    began that `value` is the result of (0: not known).
    """

    name: str
    labels: tuple[tuple[str, str], ...]
    at_ms: int
    value: float
    how: How
    origin: str = ""
    start_ms: int = 0


class Mark(msgspec.Struct, array_like=True):
    """Up to when an instrument was counted, the total it showed then, and the stretches before that are still open."""

    at_ms: int
    total: float | None = None
    gaps: list[tuple[int, int]] = []


class Sum(msgspec.Struct, array_like=True):
    """A period's value so far (None: missing), the sample it is of where it is a gauge's, when it was last changed
    (seconds UTC), and whether the history lacks that.
    """

    value: float | None
    at_ms: int
    changed_at: int
    is_new: bool


class Standing(msgspec.Struct, array_like=True):
    """Where the instruments of one series stand: `marks` by instrument, `sums` by start of period (seconds UTC).

    `newest` is the newest period of all; `gauge` the instrument that says a gauge's value.
    """

    marks: dict[str, Mark] = {}
    sums: dict[int, Sum] = {}
    newest: int | None = None
    gauge: str = ""

    @property
    def is_new(self) -> bool:
        """Whether the history lacks some of it."""
        return any(one.is_new for one in self.sums.values())


class Folded(NamedTuple):
    """The standings that changed, and how many samples were rejected, by reason."""

    changed: dict[Key, Standing]
    rejected: dict[str, int]


class Placed(NamedTuple):
    """A sample, the series and the start of the period (seconds UTC) that it belongs to, and what counts there."""

    sample: Sample
    key: Key
    period: int
    instrument: str


def place(metric: Metric, samples: Iterable[Sample]) -> list[Placed]:
    """Where the metric's samples belong, in the order of their times."""
    dimensions, step, zone = metric.dimensions, metric.step_s, metric.timezone
    placed = []
    for one in sorted(samples, key=lambda sample: sample.at_ms):
        labels = dict(one.labels)
        key = tuple([labels.get(name, NO_VALUE) for name in dimensions])
        at = one.at_ms // 1000
        period = at - at % step if zone == "UTC" else floor_to_step(at, step, zone)
        said = repr((one.name, one.labels, one.origin)).encode()
        placed.append(Placed(one, key, period, hashlib.blake2b(said, digest_size=9).hexdigest()))
    return placed


def lacking(placed: Iterable[Placed], standings: Mapping[Key, Standing]) -> set[tuple[Key, int]]:
    """The points that `fold` must know the value of so far, and the standings do not say."""
    found = set()
    for _, key, period, _ in placed:
        standing = standings.get(key)
        if standing is None or standing.newest is None or (period not in standing.sums and period <= standing.newest):
            found.add((key, period))
    return found


def fold(
    placed: Iterable[Placed],
    standings: Mapping[Key, Standing],
    known: Mapping[tuple[Key, int], float],
    now: int,
) -> Folded:
    """What a metric's samples make of where its series stand. `known` is the value of each point that is `lacking`
    (NaN: none), `now` the time of the clock (seconds UTC).
    """
    changed: dict[Key, Standing] = {}
    rejected: dict[str, int] = defaultdict(int)
    for one in placed:
        if not all(map(is_kept, one.key)):  # its series could never be made, and whoever settles would wait for it
            rejected[f"a dimension value holds {UNKEPT}; leave it out"] += 1
            continue
        standing = changed.get(one.key) or standings.get(one.key) or Standing()
        so_far = known.get((one.key, one.period), math.nan)
        take = _take_gauge if one.sample.how is How.GAUGE else _count
        why, is_changed = take(standing, one, so_far, now)
        if why:
            rejected[why] += 1
        if is_changed:
            changed[one.key] = standing
    for standing in changed.values():
        _forget(standing, now)
    return Folded(changed, dict(rejected))


def _take_gauge(standing: Standing, placed: Placed, so_far: float, now: int) -> tuple[str, bool]:
    one, _, period, instrument = placed
    speaker = standing.marks.get(standing.gauge)
    if speaker is not None and standing.gauge != instrument and one.at_ms - speaker.at_ms <= STALE_MS:
        # The last of two gauges would be the value of both.
        return "labels that are no dimension tell several gauges apart; aggregate them first", False
    if standing.gauge != instrument:
        standing.marks = {}
        standing.gauge = instrument
    mark = standing.marks.setdefault(instrument, Mark(one.at_ms))
    mark.at_ms = max(mark.at_ms, one.at_ms)
    there = standing.sums.get(period)
    if there is not None and there.at_ms >= one.at_ms:
        return "", False
    if there is None and not math.isnan(so_far):
        return "", False  # an old period, whose last sample was seen before this one
    _put(standing, period, Sum(None if math.isnan(one.value) else one.value, one.at_ms, now, True))
    return "", True


def _count(standing: Standing, placed: Placed, so_far: float, now: int) -> tuple[str, bool]:
    one, _, period, instrument = placed
    if math.isnan(one.value):
        return "", False
    mark = standing.marks.get(instrument)
    if mark is None and len(standing.marks) >= MOST_INSTRUMENTS:
        return f"more than {MOST_INSTRUMENTS:,} instruments add up in one series; aggregate them first", False
    if one.how is How.DELTA:
        if mark is None:
            mark = standing.marks[instrument] = Mark(0, None)
        grown = one.value if _is_open(mark, one) else None
        if grown is None:
            return "", False
    else:
        if mark is not None and one.at_ms <= mark.at_ms:
            return "", False
        grown = _all_of_it(standing, one, period) if mark is None or mark.total is None else _grown(mark, one)
        standing.marks[instrument] = Mark(one.at_ms, one.value)
    if grown is not None:
        there = standing.sums.get(period)
        before = so_far if there is None else there.value
        total = grown if before is None or math.isnan(before) else before + grown
        _put(standing, period, Sum(total, 0, now, True))
    return "", True


def _all_of_it(standing: Standing, one: Sample, period: int) -> float | None:
    """The first that is heard of a running total, where it says that it began in the same period; else that only says
    where it stands, because what it counted before belongs elsewhere. An old one may be of an instrument forgotten.
    """
    heard = max((mark.at_ms for mark in standing.marks.values()), default=one.at_ms)
    is_whole = 0 < one.start_ms <= one.at_ms and period * 1000 <= one.start_ms
    return one.value if is_whole and one.at_ms > heard - FORGOTTEN_MS else None


def _grown(mark: Mark, one: Sample) -> float:
    """What a running total grew by."""
    total = mark.total or 0.0
    began_anew = one.value < total or mark.at_ms < one.start_ms < one.at_ms
    return one.value if began_anew else one.value - total


def _is_open(mark: Mark, one: Sample) -> bool:
    """Whether the stretch of a delta was not counted yet; it is from here on. Before the first one all is open."""
    start = one.start_ms
    if one.at_ms > mark.at_ms:
        if start > mark.at_ms:
            mark.gaps = [*mark.gaps, (mark.at_ms, min(start, one.at_ms))][-MOST_GAPS:]
        mark.at_ms = one.at_ms
        return True
    for place, (left, right) in enumerate(mark.gaps):
        if left <= start < one.at_ms <= right and start > 0:
            rest = [gap for gap in ((left, start), (one.at_ms, right)) if gap[0] < gap[1]]
            mark.gaps = [*mark.gaps[:place], *rest, *mark.gaps[place + 1 :]][-MOST_GAPS:]
            return True
    return False


def _put(standing: Standing, period: int, total: Sum) -> None:
    standing.sums[period] = total
    standing.newest = period if standing.newest is None else max(standing.newest, period)


def _forget(standing: Standing, now: int) -> None:
    """Let go of what is settled, and of instruments that have ended."""
    heard = max((one.at_ms for one in standing.marks.values()), default=0) - FORGOTTEN_MS
    if any(one.at_ms < heard for one in standing.marks.values()):
        standing.marks = {name: one for name, one in standing.marks.items() if one.at_ms >= heard}
    settled = [
        period
        for period, one in sorted(standing.sums.items())
        if not one.is_new and period != standing.newest and one.changed_at < now - SETTLED_S
    ]
    for period in settled:
        del standing.sums[period]
    over = len(standing.sums) - MOST_PERIODS
    for period in [one for one in sorted(standing.sums) if not standing.sums[one].is_new][: max(over, 0)]:
        del standing.sums[period]
