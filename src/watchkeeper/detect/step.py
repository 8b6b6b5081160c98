"""Find the step of a series from its times."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

STEPS = np.array(
    [
        60,
        120,
        180,
        240,
        300,
        360,
        480,
        600,
        720,
        900,
        1200,
        1440,
        1800,
        2400,
        3600,
        7200,
        10800,
        14400,
        21600,
        28800,
        43200,
        86400,
    ]
)
"""Steps people use, in seconds: divisors of a day from a minute to a day."""


def find_step(times: NDArray[np.int64]) -> int:
    """Step in seconds (one of `STEPS`) of a series with these times (seconds, any order, repeats and gaps allowed).

    The largest step of which at least nine in ten distances between distinct neighbouring times are multiples (to a
    tenth of the step), provided that the step itself is a common distance; irregular series get the step nearest to
    their median distance. A series with fewer than two distinct times has no step of its own and is taken as daily,
    the least demanding.
    """
    gaps = np.diff(np.unique(np.asarray(times, np.int64)))
    if not len(gaps):
        return int(STEPS[-1])
    for step in STEPS[::-1]:
        multiple = np.rint(gaps / step)
        is_multiple = (np.abs(gaps - multiple * step) <= 0.1 * step) & (multiple >= 1)
        if is_multiple.mean() >= 0.9 and (multiple[is_multiple] == 1).mean() >= 0.25:
            return int(step)
    return int(STEPS[np.argmin(np.abs(np.log(STEPS / np.median(gaps))))])
