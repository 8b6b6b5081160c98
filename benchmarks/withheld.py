"""`python -m benchmarks.withheld`: what it costs to take what is withheld for missing.

An hourly series with a day in it, six weeks long, of which some hours are withheld, and whose source breaks for good at
the end. Counted are the withheld hours in which *no data* would be told at one false alert a month, and the hours from
the break until it is told. The numbers are means over seeds.
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray

from watchkeeper.detect import Mark, Points, SeriesSettings, replay

HOURS = 24 * 7 * 6
HOUR_S = 3600
START = 1_699_920_000
HOUR = np.arange(HOURS)
CASES: dict[str, tuple[NDArray[np.bool_], int]] = {
    "six hours of each night, from week 3 on": ((HOUR % 24 < 6) & (HOUR >= 24 * 14), 24 * 39 + 6),
    "two days": ((HOUR >= 24 * 37) & (HOUR < 24 * 39), 24 * 39),
    "eleven days": ((HOUR >= 24 * 28) & (HOUR < 24 * 39), 24 * 39),
}
"""Which hours are withheld, and the hour of the break, right after some of them."""


def judged(hidden: NDArray[np.bool_], broken: int, seed: int, *, as_missing: bool) -> tuple[int, int]:
    """Withheld hours with *no data*, and hours until the break is told (-1: never)."""
    noise = np.random.default_rng(seed).normal(size=HOURS)
    value = 100.0 + 30.0 * np.sin(2.0 * np.pi * HOUR / 24) + 3.0 * noise
    is_gone = broken <= HOUR
    hidden = hidden & ~is_gone
    value[is_gone] = np.nan
    mark = np.where(hidden, Mark.VOID if as_missing else Mark.WITHHELD, 0).astype(np.uint8)
    points = Points(np.array([0, HOURS]), START + HOUR_S * HOUR, value, mark=mark)
    _, found = replay(points, SeriesSettings.uniform(1, step=HOUR_S))
    silent = found.silence >= 0.0
    told = np.flatnonzero(silent & is_gone)
    return int((silent & hidden).sum()), int(told[0]) - broken + 1 if len(told) else -1


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.withheld", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    seeds = parser.parse_args().seeds
    print("| withheld | taken for | hours with no data | hours until the break is told |")
    print("| --- | --- | --- | --- |")
    for name, (hidden, broken) in CASES.items():
        for as_missing in (True, False):
            told = np.array([judged(hidden, broken, seed, as_missing=as_missing) for seed in range(seeds)])
            quiet, late = told.mean(axis=0)
            print(f"| {name} | {'missing' if as_missing else 'withheld'} | {quiet:.1f} | {late:.1f} |")


if __name__ == "__main__":
    main()
