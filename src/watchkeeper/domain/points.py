"""Points of several series as columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class PointColumns:
    """Points series after series, each sorted by time, at most one per (series, time).

    `start` int64[S+1] cuts the other columns into series; `time` int64[n] seconds; `value` float64[n] (NaN: missing);
    `known_at` int64[n] seconds, when this value became known; `cases` float64[n] is how many cases a rate rests on
    (NaN: not known), None where that is known of no point.
    """

    series: tuple[int, ...]
    start: NDArray[np.int64]
    time: NDArray[np.int64]
    value: NDArray[np.float64]
    known_at: NDArray[np.int64]
    cases: NDArray[np.float64] | None = None

    def of(self, place: int) -> slice:
        """Where the `place`-th series lies in the columns."""
        return slice(int(self.start[place]), int(self.start[place + 1]))
