"""What the detector remembers of each series, as a structure of arrays, and how it is saved."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from watchkeeper.detect import layout
from watchkeeper.detect.points import SeriesSettings
from watchkeeper.domain.errors import InputError

_MAGIC = b"WKDETECT"
VERSION = 2
_HEADER = struct.Struct("<8sHIq")


@dataclass(frozen=True)
class State:
    """The state of S series after the points replayed so far; see `layout` for the rows.

    `step` int32[S]; `wide` float64[WIDE, S]; `slim` float32[SLIM, S]; `profile` float32 and `presence` uint8 are
    flat: the number at slot k of series s is at `base[s] + k * stride[s]` (`profile_base`, `presence_base` and the
    common `stride`, int64[S], are derived from `step`).

    A State is a value: `replay` returns a new one and leaves the old one as it was.
    """

    step: NDArray[np.int32]
    wide: NDArray[np.float64]
    slim: NDArray[np.float32]
    profile: NDArray[np.float32]
    presence: NDArray[np.uint8]
    profile_base: NDArray[np.int64]
    presence_base: NDArray[np.int64]
    stride: NDArray[np.int64]

    @staticmethod
    def empty(settings: SeriesSettings) -> State:
        """The state of series that have no history yet."""
        step = settings.step
        profile_base, presence_base, stride = _addresses(step)
        wide = np.zeros((layout.WIDE, len(step)))
        wide[layout.LAST] = np.nan
        slim = np.zeros((layout.SLIM, len(step)), np.float32)
        slim[layout.WEEK_SLOT] = -1
        return State(
            step=step.astype(np.int32),
            wide=wide,
            slim=slim,
            profile=np.zeros(int(layout.profile_rows(step).sum()), np.float32),
            presence=np.zeros(int(layout.presence_rows(step).sum()), np.uint8),
            profile_base=profile_base,
            presence_base=presence_base,
            stride=stride,
        )

    def copy(self) -> State:
        """The same state in arrays of its own."""
        return State(*(getattr(self, name).copy() for name in self.__dataclass_fields__))

    @property
    def nbytes(self) -> int:
        """Bytes of the numbers that are remembered (addresses, which follow from the steps, not counted)."""
        return sum(a.nbytes for a in (self.step, self.wide, self.slim, self.profile, self.presence))

    def to_bytes(self) -> bytes:
        """A portable, versioned record: header (magic, version, layout, number of series), then the arrays, little
        endian.
        """
        header = _HEADER.pack(_MAGIC, VERSION, layout.WIDE * 1000 + layout.SLIM, len(self.step))
        body = (
            self.step.astype("<i4"),
            self.wide.astype("<f8"),
            self.slim.astype("<f4"),
            self.profile.astype("<f4"),
            self.presence.astype("u1"),
        )
        return header + b"".join(a.tobytes() for a in body)

    @staticmethod
    def from_bytes(data: bytes) -> State:
        """The state that `to_bytes` wrote.

        Raises InputError where the bytes are not such a record, are of another version (replay the history instead),
        or are cut.
        """
        if len(data) < _HEADER.size or data[:8] != _MAGIC:
            raise InputError("detector state: these bytes are not a saved state; replay the history instead")
        _, version, shape, count = _HEADER.unpack_from(data)
        if version != VERSION or shape != layout.WIDE * 1000 + layout.SLIM:
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
        sizes = (
            ("<f8", layout.WIDE * count),
            ("<f4", layout.SLIM * count),
            ("<f4", int(layout.profile_rows(step).sum())),
            ("u1", int(layout.presence_rows(step).sum())),
        )
        if len(data) != at + sum(np.dtype(kind).itemsize * size for kind, size in sizes):
            raise InputError("detector state: the record is cut short or too long; replay the history instead")
        arrays = []
        for kind, size in sizes:
            arrays.append(np.frombuffer(data, kind, size, at).astype(np.dtype(kind).newbyteorder("=")))
            at += arrays[-1].nbytes
        wide, slim, profile, presence = arrays
        return State(
            step.astype(np.int32),
            wide.reshape(layout.WIDE, count),
            slim.reshape(layout.SLIM, count),
            profile,
            presence,
            *_addresses(step),
        )


def _addresses(step: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Profile base, presence base and stride of each series: series with equally many slots share a slot-major
    block.
    """
    profile_base = np.zeros(len(step), np.int64)
    presence_base = np.zeros(len(step), np.int64)
    stride = np.zeros(len(step), np.int64)
    rows, weeks = layout.profile_rows(step), layout.presence_rows(step)
    profile_at = presence_at = 0
    for size in np.unique(rows):
        members = np.flatnonzero(rows == size)
        rank = np.arange(len(members))
        profile_base[members] = profile_at + rank
        presence_base[members] = presence_at + rank
        stride[members] = len(members)
        profile_at += int(size) * len(members)
        presence_at += int(weeks[members[0]]) * len(members)
    return profile_base, presence_base, stride
