"""Which dimension values explain a change of an additive metric, and how much of it.

The question is Adtributor's (Bhagwan et al., NSDI 2014): few values (succinct) that account for the change
(explanatory power). The search follows the ripple effect that Squeeze (Li et al., ISSRE 2019) builds on: a cause
scales everything beneath it by one factor. So a cause is a value of one dimension or a pair of values of two, the
model multiplies what was expected beneath it by one factor, and causes are added one by one, and dropped again, while
the Bayesian information criterion of the residuals falls. A pair pays for the larger choice it was picked from.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

import msgspec
import numpy as np
from numpy.typing import NDArray

MOST_CAUSES = 3
LEAST_SHARE = 0.05
"""A cause of less than this share of the change is not worth a word."""

Element = tuple[tuple[int, str], ...]
"""Places of dimensions with their values; empty: everything."""


class DimensionCause(msgspec.Struct, frozen=True, kw_only=True):
    """`where` pairs dimensions with values (empty: everything alike); `share` of the change, `factor` of the usual."""

    where: tuple[tuple[str, str], ...]
    share: float
    factor: float


def find_causes(
    dimensions: Sequence[str],
    values: Sequence[Sequence[str]],
    actual: NDArray[np.float64],
    expected: NDArray[np.float64],
) -> tuple[DimensionCause, ...]:
    """The causes of the change from `expected` to `actual`, the largest first; none where nothing stands out.

    `values` has a row a series (its values in the order of `dimensions`); `actual` and `expected` float64[series] are
    sums over the incident's window, of counts or other amounts that add up. The share of a cause is its part of all
    that changed in the direction of the whole.
    """
    known = np.isfinite(actual) & np.isfinite(expected)
    rows = np.flatnonzero(known)
    a, e = actual[known], np.maximum(expected[known], 0.0)
    if len(rows) < 3 or not len(dimensions):
        return ()
    candidates = _candidates([values[int(row)] for row in rows], len(dimensions))
    chosen = _choose(candidates, a, e)
    side = math.copysign(1.0, float((a - e).sum()))
    moved = np.maximum(side * (a - e), 0.0)
    found = []
    factors = _fit(candidates, chosen, a, e)[1]
    for element in chosen:
        # Its own part: what its factor moves where the others apply already.
        inside, factor = candidates[element][0], factors[element]
        others = _model(candidates, {one: by for one, by in factors.items() if one != element}, e)
        own = side * (factor - 1.0) * others[inside].sum()
        share = float(min(own / moved.sum(), 1.0)) if moved.any() else 0.0
        if share >= LEAST_SHARE:
            where = tuple((dimensions[place], value) for place, value in element)
            found.append(DimensionCause(where=where, share=share, factor=factor))
    return tuple(sorted(found, key=lambda one: -one.share))


def _candidates(values: Sequence[Sequence[str]], dimensions: int) -> dict[Element, tuple[NDArray[np.bool_], float]]:
    """Every element: which series lie beneath it, and the price of choosing it among its like."""
    n = len(values)
    found: dict[Element, tuple[NDArray[np.bool_], float]] = {(): (np.ones(n, np.bool_), math.log(n))}
    column = [np.array([row[place] for row in values]) for place in range(dimensions)]
    for places in [*combinations(range(dimensions), 1), *combinations(range(dimensions), 2)]:
        groups = sorted({tuple(str(column[place][row]) for place in places) for row in range(n)})
        for group in groups:
            inside = np.all([column[place] == value for place, value in zip(places, group, strict=True)], axis=0)
            element = tuple(zip(places, group, strict=True))
            found[element] = (inside, math.log(n) + 2.0 * len(places) * math.log(len(groups)))
    return found


def _choose(
    candidates: dict[Element, tuple[NDArray[np.bool_], float]], a: NDArray[np.float64], e: NDArray[np.float64]
) -> list[Element]:
    chosen: list[Element] = []
    best = _criterion(candidates, chosen, a, e)
    while len(chosen) < MOST_CAUSES:
        trial = min(
            (element for element in candidates if element not in chosen),
            key=lambda element: _criterion(candidates, [*chosen, element], a, e),
            default=None,
        )
        if trial is None or not _criterion(candidates, [*chosen, trial], a, e) < best:
            break
        chosen.append(trial)
        best = _criterion(candidates, chosen, a, e)
        for element in list(chosen[:-1]):  # what a later choice made idle
            without = [one for one in chosen if one != element]
            if _criterion(candidates, without, a, e) <= best:
                chosen, best = without, _criterion(candidates, without, a, e)
    return chosen


def _criterion(
    candidates: dict[Element, tuple[NDArray[np.bool_], float]],
    chosen: Sequence[Element],
    a: NDArray[np.float64],
    e: NDArray[np.float64],
) -> float:
    """Bayesian information criterion: n log of the mean squared residual (at least a count's noise), and prices."""
    model = _fit(candidates, chosen, a, e)[0]
    square = float(((a - model) ** 2 / (e + 1.0)).mean())
    return len(a) * math.log(max(square, 1.0)) + sum(candidates[element][1] for element in chosen)


def _fit(
    candidates: dict[Element, tuple[NDArray[np.bool_], float]],
    chosen: Sequence[Element],
    a: NDArray[np.float64],
    e: NDArray[np.float64],
) -> tuple[NDArray[np.float64], dict[Element, float]]:
    """What the causes make of `e`, and each one's factor: sums beneath are right (proportional fitting)."""
    model, factors = e.copy(), dict.fromkeys(chosen, 1.0)
    for _ in range(4 if len(chosen) > 1 else 1):
        for element in chosen:
            inside = candidates[element][0]
            factor = float(a[inside].sum() / max(float(model[inside].sum()), 1e-12))
            model[inside] *= factor
            factors[element] *= factor
    return model, factors


def _model(
    candidates: dict[Element, tuple[NDArray[np.bool_], float]], factors: dict[Element, float], e: NDArray[np.float64]
) -> NDArray[np.float64]:
    model = e.copy()
    for element, factor in factors.items():
        model[candidates[element][0]] *= factor
    return model
