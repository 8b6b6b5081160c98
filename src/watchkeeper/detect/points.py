"""What goes into the kernel and what comes out: columns of points, settings per series, judgements."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from watchkeeper.detect.borrowed import Borrowed
from watchkeeper.domain.errors import InputError


class Mark(enum.IntFlag):
    """What knowledge says about a point."""

    NONE = 0
    EXCLUDED = 1
    """Judged, but teaches nothing."""
    VOID = 2
    """Counts as missing."""
    RESTART = 4
    """The level begins again here; the seasonal profiles stay."""
    WITHHELD = 8
    """Something came, but its value is not shown: no silence, nothing to judge, nothing learned."""


class Phase(enum.IntEnum):
    """How far the detector knows what to expect at a point."""

    LEARNING = 0
    WATCHING = 1
    SETTLING = 2
    """After a restart, an accepted shift or a gap: judged with a wider band that narrows step by step."""
    MISSING = 3


class ValueKind(enum.IntEnum):
    """What a value is, as the kernel codes it; the names are those of `domain.metric.Kind`."""

    COUNT = 0
    SUM = 1
    RATE = 2
    GAUGE = 3


@dataclass(frozen=True)
class Points:
    """Points of S series as columns, series after series, times non-decreasing within a series.

    `start` int64[S+1] cuts the columns into series; `time` int64[n] is seconds since 1970 UTC; `value` float64[n],
    where NaN and infinities mean missing; `local` int64[n] is the same instants on the metric's wall clock (None:
    UTC); `mark` uint8[n] holds `Mark` bits (None: all zero); `cases` float64[n] is how many cases a rate rests on, its
    denominator (NaN: not known; None: of none): few cases make the band wider. It counts for series of
    `ValueKind.RATE` only.

    Raises InputError where shapes disagree, times go backwards within a series, or a value rests on no cases.
    """

    start: NDArray[np.int64]
    time: NDArray[np.int64]
    value: NDArray[np.float64]
    local: NDArray[np.int64] | None = None
    mark: NDArray[np.uint8] | None = None
    cases: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", _column(self.start, np.int64))
        object.__setattr__(self, "time", _column(self.time, np.int64))
        object.__setattr__(self, "value", _column(self.value, np.float64))
        n = len(self.time)
        if len(self.value) != n:
            raise InputError(f"points: {n} times but {len(self.value)} values; give one value for each time")
        if len(self.start) == 0 or self.start[0] != 0 or self.start[-1] != n or (np.diff(self.start) < 0).any():
            raise InputError(
                f"points: start must rise from 0 to {n}, the number of points, with one more entry than series"
            )
        for name, dtype in (("local", np.int64), ("mark", np.uint8), ("cases", np.float64)):
            column = getattr(self, name)
            if column is not None:
                object.__setattr__(self, name, _column(column, dtype))
                if len(column) != n:
                    raise InputError(f"points: {n} times but {len(column)} entries in {name}")
        if self.cases is not None:
            bad = np.isfinite(self.value) & ((self.cases <= 0.0) | np.isinf(self.cases))
            if bad.any():
                at = int(np.argmax(bad))
                raise InputError(f"points: row {at} has a value of {self.cases[at]:g} cases; leave the value out")
        if n > 1:
            backwards = np.diff(self.time) < 0
            first = self.start[1:-1]
            backwards[first[(first > 0) & (first < n)] - 1] = False
            if backwards.any():
                at = int(np.flatnonzero(backwards)[0]) + 1
                raise InputError(f"points: time goes backwards at row {at}; sort each series by time")

    @property
    def series(self) -> int:
        """Number of series, S."""
        return len(self.start) - 1


@dataclass(frozen=True)
class SeriesSettings:
    """What is set per series, each of length S.

    `step` int64 is seconds between points (60 to 86400); `kind` uint8 a `ValueKind`; `direction` int8 is +1 where
    only rises are of interest, -1 only falls, 0 both; `min_absolute` and `min_relative` float64 are the smallest
    interesting distance from the expected value, in the metric's unit and as a share of the expected value.

    `borrowed` holds what each borrows of similar series (`lend`), or None (None: nobody borrows). It counts from a
    series' first value on, and only there: a state that goes on has it already.
    """

    step: NDArray[np.int64]
    kind: NDArray[np.uint8]
    direction: NDArray[np.int8]
    min_absolute: NDArray[np.float64]
    min_relative: NDArray[np.float64]
    borrowed: tuple[Borrowed | None, ...] | None = None

    def __post_init__(self) -> None:
        for name, dtype in _SETTINGS:
            object.__setattr__(self, name, _column(getattr(self, name), dtype))
            if len(getattr(self, name)) != len(self.step):
                raise InputError(
                    f"series settings: {len(self.step)} steps but {len(getattr(self, name))} entries in {name}"
                )
        if ((self.step < 60) | (self.step > 86400)).any():
            raise InputError("series settings: a step lies between 60 and 86400 seconds")
        if (self.kind > max(ValueKind)).any():
            raise InputError(f"series settings: kind must be one of {[int(k) for k in ValueKind]}")
        for place, one in enumerate(self.borrowed or ()):
            if one is not None and (one.step, one.is_count) != (self.step[place], self.kind[place] == ValueKind.COUNT):
                raise InputError(
                    f"series settings: series {place} borrows of series with another step or of another kind; "
                    "lend again, of like series"
                )
        if self.borrowed is not None and len(self.borrowed) != len(self.step):
            raise InputError(f"series settings: {len(self.step)} steps but {len(self.borrowed)} entries in borrowed")

    def of(self, places: Sequence[int] | NDArray[np.int64]) -> SeriesSettings:
        """The settings of the series at these places, one after the other; a place may be named again."""
        columns = {name: getattr(self, name)[np.asarray(places, np.int64)] for name, _ in _SETTINGS}
        borrowed = None if self.borrowed is None else tuple(self.borrowed[place] for place in places)
        return SeriesSettings(**columns, borrowed=borrowed)

    @staticmethod
    def uniform(
        series: int,
        *,
        step: int,
        kind: ValueKind = ValueKind.GAUGE,
        direction: int = 0,
        min_absolute: float = 0.0,
        min_relative: float = 0.0,
        borrowed: tuple[Borrowed | None, ...] | None = None,
    ) -> SeriesSettings:
        """The same settings for each of `series` series."""
        return SeriesSettings(
            step=np.full(series, step, np.int64),
            kind=np.full(series, kind, np.uint8),
            direction=np.full(series, direction, np.int8),
            min_absolute=np.full(series, min_absolute),
            min_relative=np.full(series, min_relative),
            borrowed=borrowed,
        )


_SETTINGS = (
    ("step", np.int64),
    ("kind", np.uint8),
    ("direction", np.int8),
    ("min_absolute", np.float64),
    ("min_relative", np.float64),
)


@dataclass(frozen=True)
class Judged:
    """What the detector says about each point; float64[n] unless said otherwise, NaN where there is nothing to say.

    `expected`, `lower`, `upper`: the baseline and the band that is left about once a month, in the metric's unit.
    `score`: -log10(false alerts per month at this level). `phase` uint8[n]: a `Phase`. `silence`: in the unit of the
    score, the evidence that points are missing because something broke; on a missing point it counts the silence up
    to and including it, on a present point the gap just before it.
    """

    expected: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    score: NDArray[np.float64]
    phase: NDArray[np.uint8]
    silence: NDArray[np.float64]


def _column(values: object, dtype: type) -> NDArray[np.generic]:
    column: NDArray[np.generic] = np.ascontiguousarray(values, dtype=dtype)
    if column.ndim != 1:
        raise InputError(f"expected a column, got an array of shape {column.shape}")
    return column
