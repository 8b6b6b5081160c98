"""What answers on one metric say to the other metrics of its owner: what the answered alert looked like, as it was.

A hint does not hang on the other metric's points, so a replay next year is today's. It is a part of the knowledge and
carries what the team has in common over: its record, and how alike alerts are; never the record of a series.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from watchkeeper.domain.feedback import Label
from watchkeeper.learn.triage_looks import COLUMNS, Looks, Sight, sample

VERSION = 1
"""Of the meaning of the columns of a look; hints of another version say nothing."""
_ELSEWHERE = -1
"""The family of every hint: no series of the metric that it speaks to."""


class Hint(msgspec.Struct, frozen=True, kw_only=True):
    """The answered alert of a series, as it looked when it was answered: `column`, `above`, `away` and `time` (seconds)
    are those of `Looks`.
    """

    feedback: int
    series: int
    given_at: int
    is_real: bool
    column: tuple[float, ...]
    above: float
    away: float
    time: int
    version: int = VERSION

    @property
    def is_current(self) -> bool:
        """Whether it says something to this version."""
        return self.version == VERSION and len(self.column) == len(COLUMNS)


def hint_of(sight: Sight, place: int, label: Label) -> Hint | None:
    """What a label on the series at that place of the sight says elsewhere; None where its window holds no score."""
    row = sample(sight, place, label)
    if row is None:
        return None
    return Hint(
        feedback=label.feedback,
        series=int(sight.series[row]),
        given_at=label.given_at,
        is_real=label.is_real,
        column=tuple(sight.column[row].tolist()),
        above=float(sight.above[row]),
        away=float(sight.away[row]),
        time=int(sight.time[row]),
    )


def looks_of(hints: list[Hint]) -> Looks:
    """The looks of some hints, in their order."""
    column: NDArray[np.float64] = np.array([hint.column for hint in hints], np.float64).reshape(-1, len(COLUMNS))
    return Looks(
        column=column,
        series=np.array([hint.series for hint in hints], np.int64),
        family=np.full(len(hints), _ELSEWHERE, np.int64),
        above=np.array([hint.above for hint in hints], np.float64),
        away=np.array([hint.away for hint in hints], np.float64),
        time=np.array([hint.time for hint in hints], np.int64),
    )
