"""What earlier occurrences of a recurring event taught, taken away from a later one before it is judged.

For occurrence k, with the points' residuals from what the kernel expected without the event (the points teach it
nothing), over the occurrences before k:

    M_j = log((sum y + c) / (sum e + c)) over occurrence j     (relative; additive kinds: mean(y - e))
    L   = n / (n + 1/4) median(M_j), where own occurrences (of the same holiday) pull: (m own + L) / (m + 1)
    D_h = n / (n + 2) median(r_jh - M_j)                       for hour h into the event
    s^2 = ((0.3 L)^2 / 4 + sum (M_j - median)^2) / (1/4 + n)   how much occurrences differ

and the effect at hour h is L + D_h. A value is judged as if the event were not: the effect is taken away, and what is
left is divided by w = sqrt(1 + (s / half band)^2), so that events which differ widely surprise less. Everything is put
back into what is shown. Medians withstand an occurrence in which something was broken as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from watchkeeper.detect import Judged, ValueKind
from watchkeeper.domain.feedback import Recurrence
from watchkeeper.domain.recurrence import Occurrence, occurrences
from watchkeeper.domain.times import HOUR

FEW, FEW_HOURS, FEW_OWN, DIFFER = 0.25, 2.0, 1.0, 0.3


class Effects(NamedTuple):
    """Of the n points of one series: `value` float64[n] without the learned effect; `inside` bool[n] in an occurrence;
    `untaught` bool[n] in one about which nothing was learned yet. What is shown is `factor * (x - e) * wide` around
    the expected value `e * factor + shift`; all float64[n].
    """

    value: NDArray[np.float64]
    inside: NDArray[np.bool_]
    untaught: NDArray[np.bool_]
    factor: NDArray[np.float64]
    shift: NDArray[np.float64]
    wide: NDArray[np.float64]


def spans(time: NDArray[np.int64], recurring: Sequence[Recurrence]) -> list[list[tuple[Occurrence, slice]]]:
    """The occurrences of each recurrence that hold points, and where; a point belongs to the first that claims it."""
    taken = -1
    found: list[list[tuple[Occurrence, slice]]] = []
    claimed = np.zeros(len(time), np.bool_)
    for one in recurring:
        own: list[tuple[Occurrence, slice]] = []
        until = int(time[-1]) + 1 if len(time) else taken
        since = int(time[0]) if len(time) else 0
        for each in occurrences(one.rule, one.zone, one.start, one.end, until, since=since):
            first, last = np.searchsorted(time, (each.start, each.end)).tolist()
            if first < last and not claimed[first:last].any():
                claimed[first:last] = True
                own.append((each, slice(first, last)))
        found.append(own)
    return found


def effects(
    time: NDArray[np.int64],
    value: NDArray[np.float64],
    judged: Judged,
    recurring: Sequence[Recurrence],
    kind: int,
    step_s: int,
) -> Effects:
    """Learn, strictly from what lies before each occurrence, and take away; `value` NaN where missing or void.

    `judged` comes of a replay in which all occurrences were excluded.
    """
    n = len(time)
    result = Effects(value.copy(), np.zeros(n, np.bool_), np.zeros(n, np.bool_), np.ones(n), np.zeros(n), np.ones(n))
    is_relative = kind in (ValueKind.COUNT, ValueKind.SUM)
    for own in spans(time, recurring):
        past: list[tuple[str, float, dict[int, float]]] = []
        for each, at in own:
            hour = (time[at] - each.start) // max(HOUR, step_s)
            result.inside[at] = True
            _take_away(result, at, each.name, hour, judged, past, is_relative)
            taught = _residuals(value[at], judged.expected[at], hour, is_relative)
            if taught is not None:
                past.append((each.name, *taught))
    return result


def _residuals(
    value: NDArray[np.float64], expected: NDArray[np.float64], hour: NDArray[np.int64], is_relative: bool
) -> tuple[float, dict[int, float]] | None:
    """What an occurrence was like: on the whole, and each hour's distance from that. None where nothing is known."""
    known = np.isfinite(value) & np.isfinite(expected)
    if not known.any():
        return None
    y, e, hour = value[known], expected[known], hour[known]
    size = max(1e-9, 0.02 * float(np.abs(e).mean()))

    def distance(rows: NDArray[np.bool_]) -> float:
        if is_relative:
            above, below = max(0.0, float(y[rows].mean())) + size, max(0.0, float(e[rows].mean())) + size
            return float(np.log(above / below))
        return float((y[rows] - e[rows]).mean())

    whole = distance(np.ones(len(y), np.bool_))
    return whole, {int(h): distance(hour == h) - whole for h in np.unique(hour)}


def _take_away(
    result: Effects,
    at: slice,
    name: str,
    hour: NDArray[np.int64],
    judged: Judged,
    past: Sequence[tuple[str, float, dict[int, float]]],
    is_relative: bool,
) -> None:
    n = len(past)
    if not n:
        result.untaught[at] = True
        return
    whole = np.array([one[1] for one in past])
    level = n / (n + FEW) * float(np.median(whole))
    mine = np.array([one[1] for one in past if one[0] == name])
    if name and len(mine):
        level = (len(mine) * float(np.median(mine)) + FEW_OWN * level) / (len(mine) + FEW_OWN)
    differ = float(((whole - np.median(whole)) ** 2).sum())
    spread = float(np.sqrt((FEW * (DIFFER * level) ** 2 + differ) / (FEW + n)))
    effect = np.full(len(hour), level)
    for place, one in enumerate(hour.tolist()):
        shape = [hours[one] for _, _, hours in past if one in hours]
        if shape:
            effect[place] += len(shape) / (len(shape) + FEW_HOURS) * float(np.median(shape))
    expected = judged.expected[at]
    half = np.maximum(0.5 * (judged.upper[at] - judged.lower[at]), 1e-12)
    if is_relative:
        result.factor[at] = np.exp(effect)
        result.wide[at] = np.sqrt(1.0 + (spread * np.abs(expected) / half) ** 2)
        without = result.value[at] / result.factor[at]
    else:
        result.shift[at] = effect
        result.wide[at] = np.sqrt(1.0 + (spread / half) ** 2)
        without = result.value[at] - effect
    result.value[at] = expected + (without - expected) / result.wide[at]


def put_back(judged: Judged, found: Effects) -> None:
    """Show expected value and band with the event's effect, in place."""
    at = found.inside & ~found.untaught
    middle = judged.expected[at]
    factor, shift, wide = found.factor[at], found.shift[at], found.wide[at]
    for column in (judged.lower, judged.upper):
        edge = middle + wide * (column[at] - middle)
        column[at] = np.where((column[at] >= 0.0) & (middle >= 0.0), np.maximum(edge, 0.0), edge) * factor + shift
    judged.expected[at] = middle * factor + shift
