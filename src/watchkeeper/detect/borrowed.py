"""What a new series may borrow of similar ones: a value that enters a replay as part of its settings."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watchkeeper.detect import layout as at
from watchkeeper.detect import tail
from watchkeeper.detect.lanes import LANES
from watchkeeper.domain.errors import InputError

VERSION = 1
_MAGIC = b"WKBORROW"
_HEADER = struct.Struct("<8sHiHHf")
SIZES = (at.TAME_FLAT_ERROR, at.TAME_DAY_ERROR, at.TAME_WEEK_ERROR, at.NOISE)
"""Rows of `slim` that have the unit of the value, borrowed in shares of the level (`NOISE` of counts, and of rates that
know their cases, has none).
"""
MOMENTS = (at.MEAN_1, at.MEAN_3, at.MEAN_LONG, at.CORRELATION, at.KURTOSIS, at.CLUMPING, at.ABSOLUTE)
"""Rows without a unit."""
TAILS = tuple(
    at.TAIL + side * at.TAIL_ROWS + row
    for side in (0, 1)
    for row in (tail.LEVEL, tail.RATE, tail.COUNT, tail.EXCESS, tail.SQUARE)
)
ROWS = SIZES + MOMENTS + TAILS


@dataclass(frozen=True)
class Borrowed:
    """Profile, scale and tail of similar series, made by `lend` and kept, so that a replay next year gives the same.

    `day` float32[day slots] and `week` float32[week slots] together are how far above the level the values are, in
    shares of it; `spread` float32[day slots] is how much wider the noise of a slot is than usual; `numbers`
    float32[len(ROWS)] are scales and tails. `credit` is how many days of history all this is worth, `lenders` of how
    many series it came. `step` (seconds) and `is_count` say which series may use it; `has_cases` that the lenders are
    rates that know of how many cases they are.
    """

    step: int
    is_count: bool
    lenders: int
    credit: float
    day: NDArray[np.float32]
    week: NDArray[np.float32]
    spread: NDArray[np.float32]
    numbers: NDArray[np.float32]
    has_cases: bool = False

    def to_bytes(self) -> bytes:
        """A portable, versioned record: a header and the four columns as little-endian float32."""
        kind = self.is_count | self.has_cases << 1
        head = _HEADER.pack(_MAGIC, VERSION, self.step, kind, min(self.lenders, 0xFFFF), self.credit)
        columns = (self.day, self.week, self.spread, self.numbers)
        return head + b"".join(column.astype("<f4").tobytes() for column in columns)

    @staticmethod
    def from_bytes(data: bytes) -> Borrowed:
        """What `to_bytes` wrote; InputError where it is not such a record, or of another version."""
        if len(data) < _HEADER.size or data[:8] != _MAGIC:
            raise InputError("borrowed profile: these bytes are not a saved one; leave it out")
        _, version, step, kind, lenders, credit = _HEADER.unpack_from(data)
        if version != VERSION or not 60 <= step <= at.DAY_S:
            raise InputError(f"borrowed profile: saved by version {version}, this is version {VERSION}; leave it out")
        days, weeks = (int(of(np.array([step]))[0]) for of in (at.day_slots, at.week_slots))
        if len(data) != _HEADER.size + 4 * (2 * days + weeks + len(ROWS)):
            raise InputError("borrowed profile: the record is cut short or too long; leave it out")
        numbers = np.frombuffer(data, "<f4", offset=_HEADER.size).astype(np.float32)
        day, week, spread, rest = np.split(numbers, np.cumsum([days, weeks, days]))
        return Borrowed(step, bool(kind & 1), lenders, credit, day, week, spread, rest, bool(kind & 2))

    def fill(self, slim: NDArray[Any], profile: NDArray[Any]) -> None:
        """Write it into the columns of one series that has no history yet: float32[SLIM] and float32[profile rows]."""
        days, weeks = len(self.day), len(self.week)
        slim[at.CREDIT // LANES] = -self.credit
        slim[np.array(ROWS) // LANES] = self.numbers
        slim[at.USUAL_CASES // LANES] = self.has_cases  # its own first value says how many
        slim[at.SINCE // LANES] = slim[(at.TAIL + tail.GAP) // LANES] = 1e9
        slim[(at.TAIL + at.TAIL_ROWS + tail.GAP) // LANES] = 1e9
        profile[days + weeks : 2 * days + weeks] = self.day
        profile[2 * days + weeks : 3 * days + weeks] = self.spread
        profile[3 * days + weeks :] = self.week
