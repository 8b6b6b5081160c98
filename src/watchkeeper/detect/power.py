"""Detection power: changes of growing size and length put into a series' own history, and what is then seen, and how
soon.

A change is put in at many places, one at a time: the detector is replayed up to the place on the history as it was, and
from that state over the changed stretch alone. Detectors are causal, so the stretch of the longest length answers for
every shorter one: what is seen within the first `l` steps of a longer change is what is seen of a change of `l` steps.
Seen means that an alert opens inside the change at a point where the untouched history opens none.

The simple rules of `rules` face the same changes at the same places under the same budget. A rule that would break it
on the untouched history, with more alerts than the budget gives and than the detector itself has there, gets the bar at
which it does not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watchkeeper.detect.decide import decide
from watchkeeper.detect.inject import Changes, Stretch, change_stretch, choose_places, fitting_lengths
from watchkeeper.detect.points import Judged, Points, SeriesSettings
from watchkeeper.detect.replay import replay
from watchkeeper.detect.rules import Rule, recent_z_score, same_hour_last_week, static_limits
from watchkeeper.domain.errors import InputError
from watchkeeper.domain.times import HOUR, MONTH

Detector = Callable[[Points, SeriesSettings, Any], tuple[Any, Judged]]
"""`replay`, or the `replay` of a rule."""

OWN = "watchkeeper"
RULES = (static_limits(), same_hour_last_week(), same_hour_last_week(relative=True), recent_z_score())
ENOUGH = 0.9
"""A change is said to be seen when it is seen at this share of the places."""
AS_WELL, AT_MOST = 1.1, 1.25
"""A rule does as well if it needs changes at most so much larger: on the whole (`DetectorPower.need`), and in each
direction at the length that people are told of.
"""
HALF = 0.5
"""What is seen at fewer places than this is left out of the comparison: it is seen by luck."""
PLACES = 100
_POINTS_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class Found:
    """What was seen of one change: at which `share` of the places, and after how long (median in seconds; None: never).

    `size` is a share of what is expected, or of the band (see `Power.in_bands`); `direction` +1 or -1; `length_s` in
    seconds. The delay counts from the start of the change to the end of the period at which it is seen.
    """

    direction: int
    size: float
    length_s: int
    share: float
    delay_s: float | None


@dataclass(frozen=True)
class Least:
    """The smallest change that is seen at `ENOUGH` of the places, between the sizes tried in proportion; None: not even
    the largest.
    """

    direction: int
    length_s: int
    size: float | None


@dataclass(frozen=True)
class DetectorPower:
    """One detector: the bar it was given, the alerts it opens on the untouched history, and what it finds."""

    name: str
    bar: float
    alerts: int
    alerts_per_month: float
    found: tuple[Found, ...]
    least: tuple[Least, ...]
    need: float | None
    """How much larger changes must be than for Watchkeeper's own detector, as a geometric mean; None where neither sees
    any at half of the places, and for that detector itself.
    """

    def least_size(self, direction: int, length_s: int) -> float | None:
        """The size of that `Least`; None too where it was not tried."""
        sizes = [one.size for one in self.least if (one.direction, one.length_s) == (direction, length_s)]
        return sizes[0] if sizes else None

    def told_length(self, direction: int, headline_s: int) -> int:
        """The length that people are told of: the shortest from `headline_s` on at which changes are surely seen."""
        lengths = [one for one in self.least if one.direction == direction and one.length_s >= headline_s]
        return next((one for one in lengths if one.size is not None), lengths[-1]).length_s


@dataclass(frozen=True)
class Power:
    """What would be seen of a series. `own` is Watchkeeper's detector, `rules` the simple ones, the best first.

    Sizes are shares of what is expected; with `in_bands` (rates, and series about zero) they are multiples of `band`,
    the typical distance from the expected value to the edge of the band, in the metric's unit. `months` is how much
    history alerts were counted on. `headline_s` is the length that people are told first: an hour, or three steps.
    `left_out` names rules for which the history is too short. `rule` is the simple rule that does as well, the best of
    them.
    """

    step_s: int
    false_alerts_per_month: float
    months: float
    places: int
    in_bands: bool
    band: float
    directions: tuple[int, ...]
    lengths_s: tuple[int, ...]
    headline_s: int
    own: DetectorPower
    rules: tuple[DetectorPower, ...]
    left_out: tuple[str, ...]
    rule: str | None


def measure_power(
    points: Points,
    series: SeriesSettings,
    *,
    false_alerts_per_month: float = 1.0,
    rules: Sequence[Rule] = RULES,
    places: int = PLACES,
    seed: int = 0,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Power:
    """Put changes into the history of one series and say what is seen of them.

    `points` and `series` hold one series (`mark` as knowledge has it); its `direction` says which changes are tried.
    `places` changes of each kind are put in, spread evenly over the hours of the week, and over the weeks by chance
    drawn from `seed`: the same arguments give the same answer. A drop takes its share of the value (where values are
    never negative) or of what is expected, a rise adds its share of what is expected; whole numbers stay whole.
    `report` is told how much of the work is done, of how much.

    Raises InputError where there is not one series, the budget is not above 0, or the history is too short to put
    anything in.
    """
    if points.series != 1 or len(series.step) != 1:
        raise InputError(f"power: give one series, not {points.series}")
    if not 0 < false_alerts_per_month < math.inf:
        raise InputError(f"power: {false_alerts_per_month} false alerts a month is not a number above 0")
    if places < 1:
        raise InputError(f"power: {places} places; give at least 1")
    step = int(series.step[0])
    _, judged = replay(points, series)
    begin, able, left_out = _begin(points, series, judged, rules)
    lengths = fitting_lengths(points, step, begin)
    shift = Changes(points, series, judged, begin)
    chosen = choose_places(points, judged, begin, lengths[-1], places, seed)
    rng = np.random.default_rng((seed, 1))
    stretches = [change_stretch(points, shift, int(place), lengths[-1], rng) for place in chosen]
    months = float(points.time[-1] + step - points.time[begin]) / MONTH
    total = (1 + len(able)) * len(stretches)

    asked = -math.log10(false_alerts_per_month)

    def measured(detector: Detector, name: str, allowed: float, done: int) -> DetectorPower:
        _, untouched = detector(points, series, None)
        bar = _bar_within(untouched, points, series, begin, asked, allowed)
        alert = decide(untouched, points, series, np.array([bar]))
        delay = np.full((len(stretches), len(shift.changes)), np.inf)
        for place, row in enumerate(_delays(detector, points, series, bar, alert, stretches)):
            delay[place] = row
            report(done + place + 1, total)
        found = tuple(_found(delay, shift.changes, lengths))
        alerts = _alerts(alert, begin)
        return DetectorPower(name, bar, alerts, alerts / months, found, tuple(_least(found, lengths)), None)

    own = measured(replay, OWN, math.inf, 0)
    allowed = max(float(own.alerts), false_alerts_per_month * months)
    others: list[DetectorPower] = []
    for rule in able:
        other = measured(rule.replay, rule.name, allowed, (1 + len(others)) * len(stretches))
        others.append(_compared(other, own))
    others.sort(key=lambda other: math.inf if other.need is None else other.need)
    headline = next((length for length in lengths if length >= max(HOUR, 3 * step)), lengths[-1])
    as_well = [other.name for other in others if _does_as_well(other, own, headline)]
    return Power(
        step_s=step,
        false_alerts_per_month=false_alerts_per_month,
        months=months,
        places=len(stretches),
        in_bands=shift.in_bands,
        band=shift.band,
        directions=tuple(sorted({direction for direction, _ in shift.changes})),
        lengths_s=lengths,
        headline_s=headline,
        own=own,
        rules=tuple(others),
        left_out=left_out,
        rule=as_well[0] if as_well else None,
    )


def _begin(
    points: Points, series: SeriesSettings, judged: Judged, rules: Sequence[Rule]
) -> tuple[int, list[Rule], tuple[str, ...]]:
    """The row from which all are compared, the rules that can be, and the names of those for which the history is too
    short.
    """
    scored = np.flatnonzero(np.isfinite(judged.score))
    if not len(scored):
        raise InputError(
            f"power: the detector is still learning at the end of {np.isfinite(points.value).sum():,} values; "
            "give a longer history"
        )
    begin, able, left_out = int(scored[0]), [], []
    for rule in rules:
        _, by_rule = rule.replay(points, series)
        spoken = np.flatnonzero(np.isfinite(by_rule.score))
        # A rule that is silent for most of what the detector judges would take the others' history away.
        if len(spoken) < 0.5 * len(scored):
            left_out.append(rule.name)
        else:
            able.append(rule)
            begin = max(begin, int(spoken[0]))
    return begin, able, tuple(left_out)


def _delays(
    detector: Detector,
    points: Points,
    series: SeriesSettings,
    bar: float,
    alert: NDArray[np.bool_],
    stretches: Sequence[Stretch],
) -> Iterator[NDArray[np.float64]]:
    """For each stretch the seconds until each change is seen, float64[changes], infinite where it is not.

    All changes of a stretch are replayed abreast, as series of their own that share one past.
    """
    count = len(stretches[0].value)
    many = series.of([0] * count)
    bars = np.full(count, bar)
    opens = alert & ~np.r_[False, alert[:-1]]
    at_once = max(1, _POINTS_AT_ONCE // count)
    state, done = None, 0
    for stretch in stretches:
        steps = [*range(done, stretch.first, at_once), stretch.first]
        for first, end in pairwise(steps):
            state, _ = detector(_abreast(points, first, end, points.value[first:end], count), many, state)
        done = stretch.first
        changed = _abreast(points, stretch.first, stretch.end, stretch.value, count)
        _, judged = detector(changed, many, state)
        was_open = np.full(count, bool(alert[stretch.first - 1]))
        now = decide(judged, changed, many, bars, was_open=was_open).reshape(count, -1)
        seen = now & ~np.column_stack([was_open, now[:, :-1]]) & ~opens[stretch.first : stretch.end]
        ends = points.time[stretch.first : stretch.end] + series.step[0] - points.time[stretch.first]
        yield np.where(seen.any(axis=1), ends[seen.argmax(axis=1)], np.inf)


def _abreast(points: Points, first: int, end: int, value: NDArray[np.float64], count: int) -> Points:
    """Rows `first` to `end` as `count` series, with `value` float64[rows] or float64[count, rows]."""
    rows = end - first
    return Points(
        start=rows * np.arange(count + 1),
        time=np.tile(points.time[first:end], count),
        value=np.broadcast_to(value, (count, rows)).ravel(),
        local=None if points.local is None else np.tile(points.local[first:end], count),
        mark=None if points.mark is None else np.tile(points.mark[first:end], count),
        cases=None if points.cases is None else np.tile(points.cases[first:end], count),
    )


def _alerts(alert: NDArray[np.bool_], begin: int) -> int:
    """Alerts that open from the row `begin` on."""
    return int((alert[1:] & ~alert[:-1])[max(begin - 1, 0) :].sum())


def _bar_within(
    judged: Judged, points: Points, series: SeriesSettings, begin: int, bar: float, allowed: float
) -> float:
    """The bar, or about the lowest above it at which no more than `allowed` alerts open on the untouched history."""

    def breaks(bar: float) -> bool:
        return _alerts(decide(judged, points, series, np.array([bar])), begin) > allowed

    if allowed == math.inf or not breaks(bar):
        return bar
    low, high = bar, float(np.nanmax(judged.score)) + 0.01
    for _ in range(24):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if breaks(middle) else (low, middle)
    return high


def _found(delay: NDArray[np.float64], changes: Sequence[tuple[int, float]], lengths: Sequence[int]) -> Iterator[Found]:
    for place, (direction, size) in enumerate(changes):
        for length in lengths:
            seen = delay[:, place][delay[:, place] <= length]
            median = float(np.median(seen)) if len(seen) else None
            yield Found(direction, size, length, len(seen) / len(delay), median)


def _least(found: Sequence[Found], lengths: Sequence[int]) -> Iterator[Least]:
    for direction in sorted({one.direction for one in found}):
        for length in lengths:
            tried = [one for one in found if (one.direction, one.length_s) == (direction, length)]
            share = np.maximum.accumulate([one.share for one in tried])
            place = int(np.argmax(share >= ENOUGH))
            if share[place] < ENOUGH:
                yield Least(direction, length, None)
            elif place == 0:
                yield Least(direction, length, tried[0].size)
            else:
                part = (ENOUGH - share[place - 1]) / (share[place] - share[place - 1])
                low, high = math.log(tried[place - 1].size), math.log(tried[place].size)
                yield Least(direction, length, math.exp(low + part * (high - low)))


def _compared(other: DetectorPower, own: DetectorPower) -> DetectorPower:
    need = _need(other, own, own.least)
    return DetectorPower(other.name, other.bar, other.alerts, other.alerts_per_month, other.found, other.least, need)


def _does_as_well(other: DetectorPower, own: DetectorPower, headline: int) -> bool:
    if other.need is None or other.need > AS_WELL:
        return False
    for mine in own.least:
        if mine.length_s == own.told_length(mine.direction, headline):
            need = _need(other, own, [mine])
            size = other.least_size(mine.direction, mine.length_s)
            is_larger = mine.size is not None and (size is None or size > AT_MOST * mine.size)
            if is_larger or (need is not None and need > AT_MOST):
                return False
    return True


def _need(other: DetectorPower, own: DetectorPower, cells: Sequence[Least]) -> float | None:
    """How much larger changes of these directions and lengths the other needs; None where neither sees any by half.

    The area between the curves of share over logarithm of size, above a share of `HALF`: the mean, over the shares that
    are reached at all, of the logarithm of the ratio of the sizes that reach them.
    """
    area = seen = 0.0
    for cell in cells:
        curves = []
        for detector in (own, other):
            tried = [one for one in detector.found if (one.direction, one.length_s) == (cell.direction, cell.length_s)]
            curves.append(np.maximum(np.maximum.accumulate([one.share for one in tried]) - HALF, 0.0))
        mine, theirs = curves
        seen += max(mine[-1], theirs[-1])
        area += float(np.trapezoid(mine - theirs, np.log([one.size for one in tried])))
    return math.exp(area / seen) if seen > 0.0 else None
