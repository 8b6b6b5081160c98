"""`python -m benchmarks.causes`: planted causes of a change, and how many of them are found exactly.

A case is a metric with 2 or 3 dimensions of 3 to 12 values. Each series is lognormal in size, off by 2 % of itself and
by a count's noise. One or two causes (a value, or a pair of values of two dimensions) scale everything beneath them,
by 0 to 0.7 or by 1.4 to 3, and move at least 2 % of the whole. Found means: exactly the planted set is named.
"""

from __future__ import annotations

import argparse
import sys
from itertools import product

import numpy as np
from numpy.typing import NDArray

from watchkeeper.learn import find_causes

BAR = 0.9
"""So many of the planted causes have to be named, each exactly."""
NAMES = ("country", "device", "plan")
Planted = frozenset[tuple[tuple[str, str], ...]]


def case(
    rng: np.random.Generator, how: str
) -> tuple[list[str], list[tuple[str, ...]], NDArray[np.float64], NDArray[np.float64], Planted]:
    """Dimensions, values, actual, expected, and what was planted; `how` is value, pair or two."""
    while True:
        dimensions = list(NAMES[: rng.integers(2, 4)])
        sizes = [int(rng.integers(3, 13)) for _ in dimensions]
        values = list(product(*([f"{name}-{k}" for k in range(n)] for name, n in zip(dimensions, sizes, strict=True))))
        expected = np.exp(rng.normal(5.0, 1.0, len(values)))
        mean = expected * np.exp(rng.normal(0.0, 0.02, len(values)))
        down = rng.random() < 0.6
        planted = set()
        for _ in range(2 if how == "two" else 1):
            places = rng.choice(len(dimensions), 2 if how == "pair" else 1, replace=False)
            element = tuple(
                sorted((dimensions[place], f"{dimensions[place]}-{rng.integers(sizes[place])}") for place in places)
            )
            inside = beneath(element, dimensions, values)
            mean[inside] *= rng.uniform(0.0, 0.7) if down else rng.uniform(1.4, 3.0)
            planted.add(element)
        moved = [abs((mean - expected)[beneath(one, dimensions, values)].sum()) for one in planted]
        if min(moved) >= 0.02 * expected.sum() and (how != "two" or len(planted) == 2):
            return dimensions, values, rng.poisson(mean).astype(np.float64), expected, frozenset(planted)


def beneath(
    element: tuple[tuple[str, str], ...], dimensions: list[str], values: list[tuple[str, ...]]
) -> NDArray[np.bool_]:
    """Which series lie beneath an element."""
    return np.array(
        [all(dict(zip(dimensions, row, strict=True))[name] == one for name, one in element) for row in values]
    )


def share_found(how: str, cases: int, seed: int = 0) -> float:
    """Share of cases in which exactly the planted causes were named."""
    rng = np.random.default_rng(seed)
    hits = 0
    for _ in range(cases):
        dimensions, values, actual, expected, planted = case(rng, how)
        found = find_causes(dimensions, values, actual, expected)
        hits += frozenset(tuple(sorted(one.where)) for one in found) == planted
    return hits / cases


def main() -> int:
    """Print the table; 1 where the bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.causes", description=__doc__)
    parser.add_argument("--cases", type=int, default=200)
    cases = parser.parse_args().cases
    missed = 0
    for how, words in (("value", "one value"), ("pair", "a pair of values"), ("two", "two values at once")):
        share = share_found(how, cases)
        missed += share < BAR
        print(f"{words}: {share:.1%} of {cases} found exactly; bar: {BAR:.0%}; {'missed' if share < BAR else 'met'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
