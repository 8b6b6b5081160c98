"""Pool what series of one kind know into what a new one of their kind may borrow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from watchkeeper.detect import layout as at
from watchkeeper.detect import tail, tame
from watchkeeper.detect.borrowed import MOMENTS, SIZES, TAILS, Borrowed
from watchkeeper.detect.lanes import LANES
from watchkeeper.detect.state import State

LEAST_DAYS = 15.0
"""A series lends once the tame channel judges it."""
MOST_CREDIT = 13.0
"""Days that a shape of very many is worth: the first day is always the series' own."""
FEW = 2.0
"""Lenders beside which one more still counts for much."""
MOST_LENDERS = 256
MOST_CLUSTERS = 20.0
"""The clusters behind a borrowed tail count as at most so many."""


def lend(state: State, places: Sequence[int], *, is_count: bool) -> Borrowed | None:
    """What the series at `places` of a state (all of one step and kind) lend to a new one; None where none can.

    Series lend that have been judged by the tame channel, whose level is above zero and whose values never were below.
    Shapes are pooled by their median, slot by slot, after division by the level; so are scales and tails.
    """
    step = state.step[list(places)].astype(np.int64)
    if not len(step) or (step != step[0]).any() or step[0] >= at.DAY_S:
        return None
    _, slim, profile, _ = state.columns_of(np.sort(np.asarray(places, np.int64)))
    days, weeks = int(at.day_slots(step[:1])[0]), int(at.week_slots(step[:1])[0])
    # Of a running mean that starts at its first value, level and profile know the mean together only.
    day, spread, week = np.split(profile[:, days + weeks :].astype(float), [days, 2 * days], axis=1)
    by_level, by_day, by_week, span = (
        _row(slim, row) for row in (at.TAME_FLAT_ERROR, at.TAME_DAY_ERROR, at.TAME_WEEK_ERROR, at.SPAN)
    )
    uses_week = _proof(by_day, by_week)
    error = uses_week * by_week + (1.0 - uses_week) * by_day
    uses_day = _proof(by_level, error)
    day, week = uses_day[:, None] * day, (uses_day * uses_week)[:, None] * week
    above = day.mean(axis=1) + week.mean(axis=1)
    day -= above[:, None]
    level = _row(slim, at.LEVEL) + above
    able = (_row(slim, at.SEEN) >= LEAST_DAYS * at.DAY_S / int(step[0])) & (_row(slim, at.LOWEST) >= 0.0)
    able &= (level > 0.0) & (span > 0.0) & (error > 0.0) & (error < np.maximum(span, level)) & _is_tame(slim, error)
    knows_cases = _row(slim, at.USUAL_CASES) > 0.0
    has_cases = bool((able & knows_cases).any())
    able &= knows_cases == has_cases  # the noise of shares of so many cases has another unit
    chosen = np.flatnonzero(able)[:MOST_LENDERS]
    n = len(chosen)
    if not n:
        return None
    slim, level = slim[chosen].astype(float), level[chosen]
    sizes = np.column_stack([span[chosen], np.maximum(by_day[chosen], error[chosen]), error[chosen]]) / level[:, None]
    noise = _row(slim, at.NOISE) / (1.0 if is_count or has_cases else level)
    numbers = np.concatenate([np.median(sizes, axis=0), [np.median(noise)], _moments(slim), _tails(slim)])
    assert len(numbers) == len(SIZES) + len(MOMENTS) + len(TAILS)
    return Borrowed(
        step=int(step[0]),
        is_count=is_count,
        has_cases=has_cases,
        lenders=n,
        credit=float(np.float32(MOST_CREDIT * (n + 1.0) / (n + 1.0 + FEW))),
        day=np.median(day[chosen] / level[:, None], axis=0).astype(np.float32),
        week=np.median(week[chosen] / level[:, None], axis=0).astype(np.float32),
        spread=np.median(spread[chosen], axis=0).astype(np.float32),
        numbers=numbers.astype(np.float32),
    )


def _row(columns: NDArray[np.float32] | NDArray[np.float64], row: int) -> NDArray[np.float64]:
    return columns[:, row // LANES].astype(np.float64)


def _proof(without: NDArray[np.float64], with_it: NDArray[np.float64]) -> NDArray[np.float64]:
    """`baseline.proof` of many series."""
    a, b = without**3, with_it**3
    return np.asarray(np.where(with_it > 0.0, a * a / (a * a + b * b + 1e-300), 0.0))


def _is_tame(slim: NDArray[np.float32], error: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The series that `tame.price` takes for tame."""
    absolute, kurtosis = _row(slim, at.ABSOLUTE), _row(slim, at.KURTOSIS)
    square = absolute * absolute
    is_loose = _row(slim, at.CLUMPING) - square < tame.FLAT_CLUMPING * np.maximum(kurtosis - square, 1e-12)
    is_flat = (_row(slim, at.CORRELATION) < tame.FLAT_CORRELATION) & is_loose
    return np.asarray((error < tame.PROOF * _row(slim, at.SPAN)) | is_flat)


def _moments(slim: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([np.median(_row(slim, row)) for row in MOMENTS])


def _tails(slim: NDArray[np.float64]) -> NDArray[np.float64]:
    numbers: list[float] = []
    for side in (at.TAIL, at.TAIL + at.TAIL_ROWS):
        level, rate, count, excess, square = (
            _row(slim, side + row) for row in (tail.LEVEL, tail.RATE, tail.COUNT, tail.EXCESS, tail.SQUARE)
        )
        mean = float(np.median(excess))
        heavy = float(np.median(square / np.maximum(excess, 1e-30) ** 2))
        few = min(float(np.median(count)), MOST_CLUSTERS)
        numbers += [float(np.median(level)), float(np.median(rate)), few, mean, heavy * mean * mean]
    return np.array(numbers)
