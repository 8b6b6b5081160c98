"""What the detector remembers of each series, as a structure of arrays, and how it is saved."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watchkeeper.detect import layout
from watchkeeper.detect.lanes import LANES
from watchkeeper.detect.points import SeriesSettings
from watchkeeper.domain.errors import InputError

_MAGIC = b"WKDETECT"
VERSION = 5
_HEADER = struct.Struct("<8sHIq")
_KINDS = ("<f8", "<f4", "<f4", "u1")


@dataclass(frozen=True)
class State:
    """The state of S series after the points replayed so far, in B blocks of sixteen; see `layout` for the rows.

    `step` int32[S]; `times` float64[B, TIMES * 16]; `slim` float32[B, SLIM * 16]; `profile` float32 and `presence`
    uint8 are flat, block after block. Derived from `step` are `series` int64[B, 16] (who stands where in a block, -1
    where nobody does), `profile_base` and `presence_base` int64[B+1] (where a block begins).

    A State is a value: `replay` returns a new one and leaves the old one as it was.
    """

    step: NDArray[np.int32]
    times: NDArray[np.float64]
    slim: NDArray[np.float32]
    profile: NDArray[np.float32]
    presence: NDArray[np.uint8]
    series: NDArray[np.int64]
    profile_base: NDArray[np.int64]
    presence_base: NDArray[np.int64]

    @staticmethod
    def empty(settings: SeriesSettings) -> State:
        """The state of series that have no history yet, but for what their settings say they borrow."""
        step = settings.step
        series, profile_base, presence_base = _blocks(step)
        times = np.zeros((len(series), layout.TIMES * LANES))
        times[:, layout.LAST : layout.LAST + LANES] = np.nan
        slim = np.zeros((len(series), layout.SLIM * LANES), np.float32)
        slim[:, layout.WEEK_SLOT : layout.WEEK_SLOT + LANES] = -1
        state = State(
            step=step.astype(np.int32),
            times=times,
            slim=slim,
            profile=np.zeros(int(profile_base[-1]), np.float32),
            presence=np.zeros(int(presence_base[-1]), np.uint8),
            series=series,
            profile_base=profile_base,
            presence_base=presence_base,
        )
        for place, one in enumerate(settings.borrowed or ()):
            if one is not None:
                columns = state._read(np.array([place]))
                one.fill(columns[1][0], columns[2][0])
                state._write(np.array([place]), columns)
        return state

    def columns_of(self, places: NDArray[np.int64]) -> list[NDArray[Any]]:
        """The four columns of some series of one step, rising, as [series, row]; see `layout`."""
        return self._read(places)

    def copy(self) -> State:
        """The same state in arrays of its own."""
        own = {name: getattr(self, name).copy() for name in ("times", "slim", "profile", "presence")}
        return replace(self, **own)

    @staticmethod
    def join(states: Sequence[State]) -> State:
        """The states of other series as one, one after the other."""
        state = _empty(np.concatenate([np.empty(0, np.int32), *(one.step for one in states)]))
        first = 0
        for one in states:
            for members in one._groups():
                state._write(members + first, one._read(members))
            first += len(one.step)
        return state

    def split(self, counts: Sequence[int]) -> list[State]:
        """The states of the first so many series, of so many after them, and so on: what was joined."""
        parts = []
        first = 0
        for count in counts:
            part = _empty(self.step[first : first + count])
            for members in part._groups():
                part._write(members, self._read(members + first))
            parts.append(part)
            first += count
        return parts

    @property
    def nbytes(self) -> int:
        """Bytes of the numbers that are remembered (empty places of a last block, and addresses, which follow from the
        steps, not counted).
        """
        scalars = len(self.step) * (4 + 8 * layout.TIMES + 4 * layout.SLIM)
        step = self.step.astype(np.int64)
        return scalars + int(4 * layout.profile_rows(step).sum() + layout.presence_rows(step).sum())

    def to_bytes(self) -> bytes:
        """A portable, versioned record: header (magic, version, layout, number of series), the steps, then for each
        step the four columns, series after series, little endian.
        """
        body = [_HEADER.pack(_MAGIC, VERSION, layout.TIMES * 1000 + layout.SLIM, len(self.step))]
        body.append(self.step.astype("<i4").tobytes())
        for members in self._groups():
            body += [numbers.astype(kind).tobytes() for numbers, kind in zip(self._read(members), _KINDS, strict=True)]
        return b"".join(body)

    @staticmethod
    def from_bytes(data: bytes) -> State:
        """The state that `to_bytes` wrote.

        Raises InputError where the bytes are not such a record, are of another version (replay the history instead),
        or are cut.
        """
        if len(data) < _HEADER.size or data[:8] != _MAGIC:
            raise InputError("detector state: these bytes are not a saved state; replay the history instead")
        _, version, shape, count = _HEADER.unpack_from(data)
        if version != VERSION or shape != layout.TIMES * 1000 + layout.SLIM:
            raise InputError(
                f"detector state: saved by version {version}, this is version {VERSION}; replay the history instead"
            )
        at = _HEADER.size
        if count < 0 or len(data) < at + 4 * count:
            raise InputError("detector state: the record is cut short; replay the history instead")
        step = np.frombuffer(data, "<i4", count, at).astype(np.int64)
        if count and (step.min() < 60 or step.max() > layout.DAY_S):
            raise InputError("detector state: the record is damaged (a step out of range); replay the history instead")
        at += 4 * count
        state = _empty(step)
        if len(data) != at + state.nbytes - 4 * count:
            raise InputError("detector state: the record is cut short or too long; replay the history instead")
        for members in state._groups():
            columns = []
            for column, kind in zip(state._columns(int(step[members[0]])), _KINDS, strict=True):
                rows = column.shape[1]
                columns.append(np.frombuffer(data, kind, len(members) * rows, at).reshape(-1, rows))
                at += columns[-1].nbytes
            state._write(members, columns)
        return state

    def _groups(self) -> Iterator[NDArray[np.int64]]:
        """The series of each step."""
        for size in np.unique(self.step):
            yield np.flatnonzero(self.step == size)

    def _columns(self, step: int) -> tuple[NDArray[Any], ...]:
        """The four columns of the blocks of one step, as [block, row, lane]."""
        a, b = self._blocks_of(step)
        parts = (
            self.times[a:b],
            self.slim[a:b],
            self.profile[self.profile_base[a] : self.profile_base[b]],
            self.presence[self.presence_base[a] : self.presence_base[b]],
        )
        return tuple(part.reshape(b - a, -1, LANES) for part in parts)

    def _blocks_of(self, step: int) -> tuple[int, int]:
        of_block = self.step[self.series[:, 0]]
        return int(np.searchsorted(of_block, step)), int(np.searchsorted(of_block, step, "right"))

    def _places(self, members: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Block, counted from the first of their step, and lane of series of one step."""
        a, b = self._blocks_of(int(self.step[members[0]]))
        there = self.series[a:b].ravel()
        return np.divmod(np.searchsorted(there[there >= 0], members), LANES)

    def _read(self, members: NDArray[np.int64]) -> list[NDArray[Any]]:
        """The four columns of series of one step, as [series, row]."""
        block, lane = self._places(members)
        return [column[block, :, lane] for column in self._columns(int(self.step[members[0]]))]

    def _write(self, members: NDArray[np.int64], columns: Sequence[NDArray[Any]]) -> None:
        block, lane = self._places(members)
        for column, numbers in zip(self._columns(int(self.step[members[0]])), columns, strict=True):
            column[block, :, lane] = numbers


def _empty(step: NDArray[Any]) -> State:
    return State.empty(replace(SeriesSettings.uniform(len(step), step=layout.DAY_S), step=step.astype(np.int64)))


def _blocks(step: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Who stands where, and where profiles and presence of each block begin: series of equal steps share blocks."""
    blocks: list[NDArray[np.int64]] = [np.empty((0, LANES), np.int64)]
    for size in np.unique(step):
        members = np.flatnonzero(step == size)
        places = np.full(-(-len(members) // LANES) * LANES, -1, np.int64)
        places[: len(members)] = members
        blocks.append(places.reshape(-1, LANES))
    series = np.concatenate(blocks)
    of_block = step[series[:, 0]] if len(series) else np.empty(0, np.int64)
    profile_base = np.concatenate([[0], np.cumsum(LANES * layout.profile_rows(of_block))])
    presence_base = np.concatenate([[0], np.cumsum(LANES * layout.presence_rows(of_block))])
    return series, profile_base, presence_base
