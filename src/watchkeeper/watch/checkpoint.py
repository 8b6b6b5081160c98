"""Where the judging of a metric stands: the detector's state after the points so far, and the runs that go on."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from watchkeeper.detect import Borrowed, SeriesSettings, State, kernel_version
from watchkeeper.domain.alert import Cause
from watchkeeper.domain.errors import InputError
from watchkeeper.domain.feedback import SeriesKnowledge
from watchkeeper.domain.metric import Metric
from watchkeeper.stores.history import Kept
from watchkeeper.watch.parts import Part, joined, parted

VERSION = 1
_LENGTH = struct.Struct("<I")


class OpenRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run of surprising points of one series that goes on at the end of what was judged.

    `seen_end` is the end of the last point that it was seen at, None where no value was; the peak is its most
    surprising point so far.
    """

    cause: Cause
    start: int
    seen_end: int | None
    peak_time: int
    peak_score: float
    value: float
    expected: float
    lower: float
    upper: float
    cases: float | None = None


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    anchor: int | None
    series: tuple[int, ...]
    runs: dict[int, tuple[OpenRun, ...]]


@dataclass(frozen=True)
class Checkpoint:
    """All points before `until` (seconds UTC) of appends up to `batch` were judged under `key`; an immutable value.

    `anchor` is the time of the metric's first point, None before it has one; `part` of a state has one place for each
    of `series`; `runs` holds the open ones by series id.
    """

    metric: str
    key: str
    until: int
    batch: int
    anchor: int | None
    series: tuple[int, ...]
    part: Part
    runs: Mapping[int, tuple[OpenRun, ...]]

    @staticmethod
    def at_start(
        metric: Metric, key: str, series: tuple[int, ...], settings: SeriesSettings | None = None
    ) -> Checkpoint:
        """Before the first point; `settings` are needed where one of the series borrows."""
        none = Part(None, 0, len(series), metric.step_s)
        part = none if settings is None else Part.of(State.empty(settings))
        return Checkpoint(metric.name, key, -(2**62), 0, None, series, part, {})

    @property
    def state(self) -> State:
        """The detector's state of its series, in arrays of its own."""
        return joined([self.part])

    def to_bytes(self, state: State | None = None) -> bytes:
        """A portable, versioned record: a MessagePack head with its length before it, then the detector's record.

        `state` is its own where that was taken out of the whole already.
        """
        head = msgspec.msgpack.encode(
            _Head(version=VERSION, anchor=self.anchor, series=self.series, runs=dict(self.runs))
        )
        return _LENGTH.pack(len(head)) + head + (state or self.state).to_bytes()

    @staticmethod
    def from_bytes(data: bytes, *, metric: str, key: str, until: int, batch: int) -> Checkpoint | None:
        """What `to_bytes` wrote; None where another version wrote it or it is damaged: then history is replayed."""
        try:
            (length,) = _LENGTH.unpack_from(data)
            head = msgspec.msgpack.decode(data[_LENGTH.size : _LENGTH.size + length], type=_Head)
            state = State.from_bytes(data[_LENGTH.size + length :])
        except (struct.error, msgspec.DecodeError, InputError):
            return None
        if head.version != VERSION or len(state.step) != len(head.series):
            return None
        return Checkpoint(metric, key, until, batch, head.anchor, head.series, Part.of(state), head.runs)


def packed(checkpoints: Sequence[Checkpoint]) -> list[Checkpoint]:
    """The same checkpoints over one state for all."""
    whole, first, done = joined([one.part for one in checkpoints]), 0, []
    for one in checkpoints:
        done.append(replace(one, part=one.part._replace(whole=whole, first=first)))
        first += one.part.size
    return done


def kept(checkpoints: Sequence[Checkpoint]) -> Iterator[Kept]:
    """Checkpoints as the history keeps them."""
    states = parted([one.part for one in checkpoints])
    for one, state in zip(checkpoints, states, strict=True):
        yield Kept(one.metric, one.key, one.until, one.batch, one.to_bytes(state))


def key_of(
    metric: Metric,
    series: Sequence[int],
    knowledge: Mapping[int, SeriesKnowledge],
    lent: Mapping[int, Borrowed],
    cleared_at: int,
) -> str:
    """A name for everything that a judgement rests on besides points: kernel, settings, series, what people said, what
    series borrowed, and when (seconds UTC) old points of it last went. What was said of the owner's other metrics is
    not in it: no checkpoint rests on that (`online.after_judging`).
    """
    said = [(one, knowledge[one]) for one in series if one in knowledge]
    record = (
        kernel_version(),
        metric.step,
        metric.timezone,
        metric.kind,
        metric.direction,
        metric.smallest_change,
        metric.smallest_change_share,
        metric.false_alerts_per_month,
        metric.upper_limit,
        metric.lower_limit,
        metric.owner,
        series,
        said,
        [(one, lent[one].to_bytes()) for one in series if one in lent],
        cleared_at,
    )
    return hashlib.blake2b(msgspec.json.encode(record), digest_size=16).hexdigest()
