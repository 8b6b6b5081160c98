"""The quiet point that a detector was least sure of: what is worth asking about."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from watchkeeper.learn.triage import DEEPEST


def least_sure(
    time: NDArray[np.int64], above: NDArray[np.float64], quiet: NDArray[np.bool_], start: int, end: int
) -> int | None:
    """The row in `[start, end)` (seconds) that came nearest to the bar without being told; None where none came near.

    `above` float64[n] is the score above the bar of the budget in decades (NaN: no score), `quiet` bool[n] whether
    nobody was told and nothing explains the row. Near is within `DEEPEST` decades; of equals the first. No row from
    `end` on is looked at, so the choice never changes later.
    """
    with np.errstate(invalid="ignore"):
        near = (time >= start) & (time < end) & quiet & (above < 0.0) & (above >= -DEEPEST)
    rows = np.flatnonzero(near)
    return int(rows[np.argmax(above[rows])]) if len(rows) else None
