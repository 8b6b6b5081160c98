"""Simple rules with the interface of `replay`: for edge cases, and as the baseline that any detector has to beat.

```python
state, judged = same_hour_last_week().replay(points, series)
alert = decide(judged, points, series, bar)
```

Each rule compares a value with a reference and divides by a scale, both from the past only:

| rule | reference | scale |
| --- | --- | --- |
| static limits, learned | mean of all the past | its standard deviation |
| same hour last week | the value a week ago on the metric's wall clock | clipped mean of past absolute differences |
| same hour last week, in % | the same | the same, of differences relative to the reference |
| z-score over 14 days | mean of the last 14 days | their standard deviation |

Scores have the unit of `replay`. Of the statistic `m` (upwards and downwards apart) a histogram of all the past is
kept; `u` is what about 30 past points exceeded, a share `p` of them (0.5 % to 5 %), and beyond it the tail is
exponential (peaks over threshold, Pickands 1975, with shape 0): `P(m > u + y) = p * exp(-y / b)`, `b` from the median
excess, so that up to half of the exceedances may be incidents. Exceedances come in clusters; the share that begins one
(the extremal index, Leadbetter 1983) makes incidents of points.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from watchkeeper.detect.points import Judged, Mark, Phase, Points, SeriesSettings
from watchkeeper.domain.errors import InputError
from watchkeeper.domain.times import DAY, MONTH, WEEK

WINDOW_S = 14 * DAY
"""How far back the z-score looks."""
CERTAIN = 9.0
"""The score beyond a given limit, and less this inside: past every bar, whatever the budget."""


class _Kind(enum.IntEnum):
    GIVEN = 0
    STATIC = 1
    WEEK = 2
    WEEK_SHARE = 3
    WINDOW = 4


@dataclass(frozen=True)
class RuleState:
    """What a rule remembers of S series; a value, as `State` is: `Rule.replay` returns a new one and leaves the old as
    it was.

    `step` int64[S]; `number` float64[S, 12] and `place` int64[S, 4], see the rows below; `ring_time` int64[S, R] and
    `ring_value` float64[S, R] hold the recent past; `tail` float64[S, 2, BINS] counts past statistics above and below
    the reference.
    """

    rule: Rule
    step: NDArray[np.int64]
    number: NDArray[np.float64]
    place: NDArray[np.int64]
    ring_time: NDArray[np.int64]
    ring_value: NDArray[np.float64]
    tail: NDArray[np.float64]

    def copy(self) -> RuleState:
        """The same state in arrays of its own."""
        return RuleState(
            rule=self.rule,
            step=self.step.copy(),
            number=self.number.copy(),
            place=self.place.copy(),
            ring_time=self.ring_time.copy(),
            ring_value=self.ring_value.copy(),
            tail=self.tail.copy(),
        )


@dataclass(frozen=True)
class Rule:
    """A simple rule; make one with `static_limits`, `same_hour_last_week` or `recent_z_score`. `name` is what people
    read.
    """

    name: str
    kind: int
    lower: float = math.nan
    upper: float = math.nan

    def replay(
        self, points: Points, series: SeriesSettings, state: RuleState | None = None
    ) -> tuple[RuleState, Judged]:
        """Judge the points in order and return the state after them; the contract is that of `detect.replay`.

        `expected` is the reference, `lower` and `upper` what is left about once a month; `phase` is LEARNING where
        there is no reference yet; `silence` is NaN throughout: a rule does not know when points should come.

        Raises InputError where settings or state belong to other series, or the state to another rule.
        """
        if len(series.step) != points.series:
            raise InputError(f"rule {self.name}: points of {points.series} series but settings of {len(series.step)}")
        if state is None:
            state = _begin(self, series)
        elif state.rule != self or not np.array_equal(state.step, series.step):
            raise InputError(f"rule {self.name}: the state was made by another rule or for other series; begin anew")
        else:
            state = state.copy()
        n = len(points.time)
        expected, lower, upper, score = (np.empty(n) for _ in range(4))
        phase = np.empty(n, np.uint8)
        _replay(
            self.kind, self.lower, self.upper, points.start, points.time,
            points.time if points.local is None else points.local, points.value,
            np.zeros(n, np.uint8) if points.mark is None else points.mark,
            series.step, state.number, state.place, state.ring_time, state.ring_value, state.tail,
            expected, lower, upper, score, phase,
        )  # fmt: skip
        return state, Judged(expected, lower, upper, score, phase, silence=np.full(n, np.nan))


def static_limits(*, lower: float | None = None, upper: float | None = None) -> Rule:
    """Limits that do not follow the time of day: given (in the metric's unit), or learned as quantiles of all the past.

    Given limits hold from the first point and whatever the budget: beyond them the score is `CERTAIN`, inside minus
    that. What is expected is then the middle between two limits, or the only one.

    Raises InputError where the lower limit is above the upper, or one is not a finite number.
    """
    if lower is None and upper is None:
        return Rule("static limits", _Kind.STATIC)
    for limit in (lower, upper):
        if limit is not None and not math.isfinite(limit):
            raise InputError(f"static limits: {limit} is not a limit; give a number, or leave it out")
    if lower is not None and upper is not None and lower > upper:
        raise InputError(f"static limits: the lower, {lower:g}, is above the upper, {upper:g}; exchange them")
    return Rule("given limits", _Kind.GIVEN, math.nan if lower is None else lower, math.nan if upper is None else upper)


def same_hour_last_week(*, relative: bool = False) -> Rule:
    """Change against the value a week ago on the wall clock; `relative` divides it by that value.

    Where there is no value a week ago, and in the first week, nothing is said.
    """
    if relative:
        return Rule("same hour last week, in %", _Kind.WEEK_SHARE)
    return Rule("same hour last week", _Kind.WEEK)


def recent_z_score() -> Rule:
    """Distance from the mean of the last 14 days in their standard deviations, the tested point not among them."""
    return Rule("z-score over 14 days", _Kind.WINDOW)


# Columns of RuleState.number.
_COUNT, _MEAN, _SQUARES, _OFFSET, _SCALE, _TOTAL = 0, 1, 2, 3, 4, 5
_EDGE, _DECAY = 6, 8  # of each side: `u`, `b`
_BEGUN, _LOG_SHARE = 10, 11
_NUMBERS = 12
# Columns of RuleState.place.
_HEAD, _HELD, _SINCE, _EXCEEDED = 0, 1, 2, 3
_PLACES = 4

BINS = 384
_LEAST, _MOST = 1e-2, 1e2
_PER_BIN = math.log(_MOST / _LEAST) / BINS
_PRIOR, _PRIOR_DECAY = 40.0, 0.8
"""Before anything was seen the histogram holds so many points of an exponential tail: heavier than Gaussian, to be
careful.
"""
_EXCEEDANCES, _RAREST, _COMMONEST = 30.0, 0.005, 0.05
_CLUSTER_GAP = 3
_GIVEN, _STATIC, _WEEK, _WEEK_SHARE, _WINDOW = (int(kind) for kind in _Kind)
_EXCLUDED, _VOID, _RESTART = int(Mark.EXCLUDED), int(Mark.VOID), int(Mark.RESTART)
_LEARNING, _WATCHING, _MISSING = int(Phase.LEARNING), int(Phase.WATCHING), int(Phase.MISSING)
_LONG_AGO = -(1 << 62)


def _begin(rule: Rule, series: SeriesSettings) -> RuleState:
    step = series.step
    shortest = int(step.min()) if len(step) else DAY
    # The week needs its own step besides; repeated wall clock times need room in the window.
    size = {_WEEK: WEEK // shortest + 1, _WEEK_SHARE: WEEK // shortest + 1, _WINDOW: WINDOW_S // shortest + 16}
    slots = size.get(rule.kind, 1)
    count = len(step)
    edges = _LEAST * np.exp(_PER_BIN * np.arange(BINS + 1))
    edges[0], edges[-1] = 0.0, np.inf
    prior = 0.5 * _PRIOR * -np.diff(np.exp(-edges / _PRIOR_DECAY))
    number = np.zeros(_NUMBERS)
    number[_TOTAL] = _PRIOR
    _refit(number, np.stack([prior, prior]))
    place = np.zeros((count, _PLACES), np.int64)
    place[:, _SINCE] = 100
    return RuleState(
        rule=rule,
        step=step.copy(),
        number=np.tile(number, (count, 1)),
        place=place,
        ring_time=np.full((count, slots), _LONG_AGO, np.int64),
        ring_value=np.zeros((count, slots)),
        tail=np.tile(prior, (count, 2, 1)),
    )


@njit(cache=True, nogil=True)
def _replay(  # type: ignore[no-untyped-def]  # Numba types it
    kind, given_lower, given_upper, start, time, local, value, mark, step, number, place, ring_time, ring_value, tail,
    expected, lower, upper, score, phase,
):  # fmt: skip
    for s in range(len(start) - 1):
        held = number[s], place[s], ring_time[s], ring_value[s]
        warm = min(max(DAY // step[s], 14), 288)
        for i in range(start[s], start[s + 1]):
            x = value[i]
            is_missing = not math.isfinite(x) or (mark[i] & _VOID) != 0
            phase[i] = _MISSING if is_missing else _WATCHING
            if kind == _GIVEN:
                middle = 0.5 * (given_lower + given_upper)
                only = given_upper if math.isnan(given_lower) else given_lower
                expected[i] = only if math.isnan(middle) else middle
                lower[i], upper[i] = given_lower, given_upper
                score[i] = math.nan if is_missing else (CERTAIN if x < given_lower or x > given_upper else -CERTAIN)
                continue
            if (mark[i] & _RESTART) != 0 and not is_missing:
                _forget(held)
            key = local[i] // step[s]
            reference, scale, is_learning = _reference(kind, held, time[i], key, step[s], warm)
            expected[i] = reference
            lower[i] = upper[i] = score[i] = math.nan
            if math.isnan(reference) or is_learning:
                phase[i] = phase[i] if is_missing else _LEARNING
            else:
                begin = (number[s, _BEGUN] + 6.0) / (place[s, _EXCEEDED] + 10.0)
                log_incidents = math.log(2.0 * MONTH / step[s] * begin)
                upper[i] = reference + scale * _statistic_at(number[s], 0, log_incidents)
                lower[i] = reference - scale * _statistic_at(number[s], 1, log_incidents)
            if is_missing:
                continue
            m = (x - reference) / scale
            if phase[i] == _WATCHING:
                score[i] = _score(number[s], 0 if m >= 0.0 else 1, abs(m), log_incidents)
            if (mark[i] & _EXCLUDED) != 0:
                continue
            if phase[i] == _WATCHING:
                _learn_tail(held, tail[s], m)
            _learn(kind, held, x, reference, time[i], key, step[s])


@njit(cache=True, nogil=True)
def _forget(held):  # type: ignore[no-untyped-def]  # Numba types it
    """The level begins again: nothing held counts as reference, what is known of the tail stays."""
    number, place, ring_time, _ = held
    number[_COUNT] = number[_MEAN] = number[_SQUARES] = 0.0
    place[_HELD] = place[_HEAD] = 0
    ring_time[:] = _LONG_AGO


@njit(cache=True, nogil=True)
def _reference(kind, held, now, key, step, warm):  # type: ignore[no-untyped-def]  # Numba types it
    """Reference (NaN: none), scale of the distance from it in the metric's unit, whether too little is known yet."""
    number, place, ring_time, ring_value = held
    count = number[_COUNT]
    if kind in (_WEEK, _WEEK_SHARE):
        ago = key - WEEK // step
        slot = ago % len(ring_time)
        if ring_time[slot] != ago:
            return math.nan, 1.0, True
        reference = ring_value[slot]
        unit = max(abs(reference), 1e-3 * number[_MEAN]) if kind == _WEEK_SHARE else 1.0
        floor = 1e-4 if kind == _WEEK_SHARE else 1e-4 * number[_MEAN]
        return reference, max(max(1.2533 * number[_SCALE], floor) * unit, 1e-12), count < warm
    if kind == _WINDOW:
        while place[_HELD] > 0:
            oldest = (place[_HEAD] - place[_HELD]) % len(ring_time)
            if ring_time[oldest] >= now - WINDOW_S and place[_HELD] < len(ring_time):
                break
            _count_in(number, ring_value[oldest], -1.0)
            place[_HELD] -= 1
        count = number[_COUNT]
        if count < 2:
            return math.nan, 1.0, True
        mean = number[_MEAN] / count
        spread = math.sqrt(max(number[_SQUARES] / count - mean * mean, 0.0))
        mean += number[_OFFSET]
    else:
        if count < 2:
            return math.nan, 1.0, True
        mean = number[_MEAN]
        spread = math.sqrt(number[_SQUARES] / count)
    return mean, max(spread, 1e-4 * abs(mean), 1e-12), count < warm


@njit(cache=True, nogil=True)
def _learn(kind, held, x, reference, now, key, step):  # type: ignore[no-untyped-def]  # Numba types it
    """Take the judged value into what later points are compared with."""
    number, place, ring_time, ring_value = held
    if kind == _STATIC:  # Welford 1962
        number[_COUNT] += 1.0
        away = x - number[_MEAN]
        number[_MEAN] += away / number[_COUNT]
        number[_SQUARES] += away * (x - number[_MEAN])
        return
    if kind == _WINDOW:
        head = place[_HEAD]
        if head == 0:  # Once a round the sums are made anew, so that rounding does not add up.
            number[_OFFSET] = x
            number[_COUNT] = number[_MEAN] = number[_SQUARES] = 0.0
            for back in range(1, place[_HELD] + 1):
                _count_in(number, ring_value[(head - back) % len(ring_value)], 1.0)
        ring_time[head] = now
        ring_value[head] = x
        _count_in(number, x, 1.0)
        place[_HELD] += 1
        place[_HEAD] = (head + 1) % len(ring_time)
        return
    if not math.isnan(reference):
        unit = max(abs(reference), 1e-3 * number[_MEAN], 1e-300) if kind == _WEEK_SHARE else 1.0
        difference = abs(x - reference) / unit
        rate = max(1.0 / (number[_COUNT] + 1.0), step / (4.0 * WEEK))
        if number[_COUNT] > 20.0:
            difference = min(difference, 4.0 * number[_SCALE] + 1e-4 * (1.0 if kind == _WEEK_SHARE else number[_MEAN]))
        number[_SCALE] += rate * (difference - number[_SCALE])
        number[_COUNT] += 1.0
    number[_MEAN] += step / WEEK * (abs(x) - number[_MEAN])  # how large values are: a floor for the scale
    slot = key % len(ring_time)
    ring_time[slot] = key
    ring_value[slot] = x


@njit(cache=True, nogil=True)
def _count_in(number, x, sign):  # type: ignore[no-untyped-def]  # Numba types it
    away = x - number[_OFFSET]
    number[_COUNT] += sign
    number[_MEAN] += sign * away
    number[_SQUARES] += sign * away * away


@njit(cache=True, nogil=True)
def _learn_tail(held, tail, m):  # type: ignore[no-untyped-def]  # Numba types it
    """Count the statistic, and whether an exceedance begins a cluster; fit the tail again now and then."""
    number, place = held[0], held[1]
    side = 0 if m >= 0.0 else 1
    if abs(m) > number[_EDGE + side]:
        if place[_SINCE] > _CLUSTER_GAP:
            number[_BEGUN] += 1.0
        place[_EXCEEDED] += 1
        place[_SINCE] = 0
    else:
        place[_SINCE] += 1
    bin_ = int(math.log(max(abs(m), _LEAST) / _LEAST) / _PER_BIN) if abs(m) < _MOST else BINS - 1
    tail[side, min(bin_, BINS - 1)] += 1.0
    number[_TOTAL] += 1.0
    if number[_TOTAL] < 10.0 * _PRIOR or number[_TOTAL] % 8.0 == 0.0:
        _refit(number, tail)


@njit(cache=True, nogil=True)
def _refit(number, tail):  # type: ignore[no-untyped-def]  # Numba types it
    """Read `u`, `b` and `p` of both sides off the histograms."""
    share = min(max(_EXCEEDANCES / number[_TOTAL], _RAREST), _COMMONEST)
    number[_LOG_SHARE] = math.log(share)
    beyond = share * number[_TOTAL]
    for side in range(2):
        far = _exceeded_by(tail[side], 0.5 * beyond)
        edge = _exceeded_by(tail[side], beyond)
        number[_EDGE + side] = edge
        number[_DECAY + side] = max((far - edge) / math.log(2.0), 0.05 * edge, 0.02)


@njit(cache=True, nogil=True)
def _exceeded_by(histogram, count):  # type: ignore[no-untyped-def]  # Numba types it
    """The statistic that `count` past points exceeded, between bin edges in proportion."""
    above = 0.0
    for back in range(BINS):
        bin_ = BINS - 1 - back
        if above + histogram[bin_] >= count:
            part = (above + histogram[bin_] - count) / histogram[bin_]
            return _LEAST * math.exp(_PER_BIN * (bin_ + part))
        above += histogram[bin_]
    return _LEAST


@njit(cache=True, nogil=True)
def _score(number, side, m, log_incidents):  # type: ignore[no-untyped-def]  # Numba types it
    """-log10(false alerts a month at a statistic of `m`).

    `log_incidents` is the logarithm of how many would begin a month if every point exceeded.
    """
    logarithm = number[_LOG_SHARE] - (m - number[_EDGE + side]) / number[_DECAY + side]
    return -(min(logarithm, 0.0) + log_incidents) / math.log(10.0)


@njit(cache=True, nogil=True)
def _statistic_at(number, side, log_incidents):  # type: ignore[no-untyped-def]  # Numba types it
    """The statistic whose score is 0."""
    return max(number[_EDGE + side] + number[_DECAY + side] * (number[_LOG_SHARE] + log_incidents), 0.0)
