"""Points of several series as columns."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WITHHELD = math.inf
"""The value of a point that came but is not shown, because its group was smaller than `min_group_size`: neither missing
nor a number. It takes the place of an earlier value of that time, as any newer value does.
"""
LARGEST_PUSH = 64 << 20
"""How many bytes one push of points may have, packed or unpacked."""


@dataclass(frozen=True)
class PointColumns:
    """Points series after series, each sorted by time, at most one per (series, time).

    `start` int64[S+1] cuts the other columns into series; `time` int64[n] seconds; `value` float64[n] (NaN: missing;
    `WITHHELD`: not shown); `known_at` int64[n] seconds, when this value became known; `cases` float64[n] is how many
    cases a rate rests on (NaN: not known), None where that is known of no point.
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

    @property
    def is_withheld(self) -> NDArray[np.bool_]:
        """bool[n]: which points came but are not shown."""
        return withheld(self.value)

    @property
    def shown(self) -> NDArray[np.float64]:
        """float64[n]: the values as whoever judges may see them, those withheld as missing."""
        return shown(self.value)


def withheld(value: NDArray[np.float64]) -> NDArray[np.bool_]:
    """bool[n]: which values are withheld."""
    return np.isposinf(value)


def shown(value: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values (float64[n]) with those withheld as missing (NaN)."""
    is_withheld = withheld(value)
    return np.where(is_withheld, np.nan, value) if is_withheld.any() else value


def cases_at(cases: NDArray[np.float64] | None, row: int) -> float | None:
    """How many cases the rate of a row rests on; None: not known."""
    found = math.nan if cases is None else float(cases[row])
    return None if math.isnan(found) else found
