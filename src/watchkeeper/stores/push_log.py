"""The write-ahead log of pushed points: on disk before they are accepted, kept until the history holds them.

Many who push at once share one write and one fsync (group commit, Gray & Reuter 1993, section 9.4): while the disk is
busy with one group, the next gathers. What became known in the same second goes into one record, a header and the
columns; a torn one at the end of a segment was never accepted. Segments are named by a number that only grows; a
segment goes once the history holds its points.
"""

from __future__ import annotations

import fcntl
import logging
import os
import struct
import threading
import zlib
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from watchkeeper.domain.errors import StoreError

log = logging.getLogger("watchkeeper.push")

_MAGIC, _MAGIC_OF_RATES = 0x574B5031, 0x574B5032
"""Of a record of series, time and value; of one with cases too."""
_HEADER = struct.Struct("<IIqI")
"""Magic number, points, known at, CRC-32 of the columns."""
_POINT_BYTES = {_MAGIC: 4 + 8 + 8, _MAGIC_OF_RATES: 4 + 8 + 8 + 8}

_AT_ONCE = 64
"""Parts of a record handed to the system at once; it takes 1,024 at most."""

Done = Callable[[StoreError | None], None]
"""Called in the log's own thread once points are on disk, or could not be put there."""


class Pushed(NamedTuple):
    """Points that became known together: `series` int32[n], `time` int64[n] seconds UTC, `value` float64[n], and
    `cases` float64[n] (NaN: not known) where rates say how many they rest on.
    """

    known_at: int
    series: NDArray[np.int32]
    time: NDArray[np.int64]
    value: NDArray[np.float64]
    cases: NDArray[np.float64] | None = None


class PushLog:
    """The log in a folder: each process that has it open writes into a part of its own, which a lock on it says.

    Methods may be called from any thread.
    """

    def __init__(self, folder: Path) -> None:
        """Open the folder, made where there is none; what a crash left behind is waiting in `take`."""
        parts = _parts(folder)
        self._folder = next(iter(parts))
        self._locks = list(parts.values())
        self._found = sorted((path for part in parts for path in part.glob("*.wal")), key=lambda path: path.stem)
        self._number = int(self._found[-1].stem) + 1 if self._found else 1
        self._lock = threading.Lock()
        self._wake = threading.Condition(self._lock)
        self._gathering: list[tuple[Pushed, Done]] = []
        self._durable: list[Pushed] = [one for path in self._found for one in _read(path)]
        self._points = 0
        self._held: list[Path] = list(self._found)
        self._file: int | None = None
        self._is_writing = self._is_closed = False
        self._thread = threading.Thread(target=self._work, name="push log", daemon=True)
        self._thread.start()

    def append(self, points: Pushed, done: Done) -> None:
        """Put points into the next group; `done` says when they are on disk."""
        with self._wake:
            if self._is_closed:
                raise StoreError(f"push log {self._folder}: it is closed; the server is stopping, send again later")
            self._gathering.append((points, done))
            self._wake.notify()

    @property
    def written(self) -> int:
        """How many points were put on disk since it was opened."""
        return self._points

    @property
    def waiting(self) -> int:
        """How many points on disk nobody has taken."""
        with self._lock:
            return sum(len(one.series) for one in self._durable)

    def take(self) -> tuple[list[Pushed], list[Path]]:
        """Every accepted point that the history may not hold yet, and the segments to `forget` when it does."""
        with self._lock:
            while self._is_writing:  # a group that is half way belongs to the segment that ends here
                self._wake.wait()
            points, segments = self._durable, self._held
            self._durable, self._held = [], []
            if self._file is not None:
                os.close(self._file)
                self._file = None
            return points, segments

    def put_back(self, points: list[Pushed], segments: list[Path]) -> None:
        """What was taken could not be stored: keep it for the next time."""
        with self._lock:
            self._durable = points + self._durable
            self._held = segments + self._held

    @staticmethod
    def forget(segments: list[Path]) -> None:
        """The history holds these segments' points."""
        for path in segments:
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Finish the group that gathers, and let go of the files; what was not taken is found again."""
        with self._wake:
            self._is_closed = True
            self._wake.notify_all()
        self._thread.join()
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None
            for lock in self._locks:
                os.close(lock)
            self._locks = []

    def _work(self) -> None:
        while True:
            with self._wake:
                while not self._gathering and not self._is_closed:
                    self._wake.wait()
                group, self._gathering = self._gathering, []
                if not group:
                    return
                self._is_writing = True
            together: list[Pushed] = []
            problem: StoreError | None = None
            try:
                together = _together([points for points, _ in group])
                self._write([part for one in together for part in _record(one)])
            except OSError as error:
                problem = StoreError(
                    f"push log {self._folder}: cannot be written: {error.strerror}; free the disk, then send again"
                )
            except Exception as error:  # for want of memory, say: without this thread nobody is ever answered again
                log.exception("push log %s: a group could not be made a record", self._folder)
                problem = StoreError(f"push log {self._folder}: the points made no record ({error!r}); send again")
            with self._wake:
                if problem is None:
                    self._durable += together
                    self._points += sum(len(one.series) for one in together)
                self._is_writing = False
                self._wake.notify_all()
            for _, done in group:
                done(problem)

    def _write(self, parts: list[memoryview]) -> None:
        if self._file is None:
            path = self._folder / f"{self._number:012d}.wal"
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
            self._number += 1
            with self._lock:
                self._held.append(path)
            _sync_folder(self._folder)
        before = os.fstat(self._file).st_size
        try:
            while parts:
                written = os.writev(self._file, parts[:_AT_ONCE])
                while parts and written >= len(parts[0]):
                    written -= len(parts.pop(0))
                if written:
                    parts[0] = parts[0][written:]
            os.fdatasync(self._file)
        except BaseException:
            os.ftruncate(self._file, before)  # so that no later record, which is appended, stands behind a torn one
            raise


def left_in(folder: Path) -> bytes:
    """The whole records of every part of a log, one after the other; a living process may be writing to it.

    A segment that goes meanwhile is in the history by then.
    """
    found = []
    for path in sorted(folder.glob("*/*.wal"), key=lambda path: path.stem):
        try:
            found += _read(path)
        except FileNotFoundError:
            continue
    return b"".join(part for one in found for part in _record(one))


def read_records(data: bytes) -> list[Pushed]:
    """What `left_in` gave."""
    return _records(data)[0]


def _together(points: Sequence[Pushed]) -> list[Pushed]:
    """The same points, in their order, with what stands side by side and became known together in one."""
    found = []
    for (known_at, has_cases), same in groupby(points, lambda one: (one.known_at, one.cases is not None)):
        some = list(same)
        if len(some) == 1:
            found += some
            continue
        series, time, value = (np.concatenate(columns) for columns in zip(*(one[1:4] for one in some), strict=True))
        cases = np.concatenate([one.cases for one in some if one.cases is not None]) if has_cases else None
        found.append(Pushed(known_at, series, time, value, cases))
    return found


def _record(points: Pushed) -> list[memoryview]:
    """A record in parts, the columns as they stand in memory."""
    columns, magic = [points.series, points.time, points.value], _MAGIC
    if points.cases is not None:
        columns, magic = [*columns, points.cases], _MAGIC_OF_RATES
    parts = [np.ascontiguousarray(one).data.cast("B") for one in columns]
    checksum = 0
    for part in parts:
        checksum = zlib.crc32(part, checksum)
    return [memoryview(_HEADER.pack(magic, len(points.series), points.known_at, checksum)), *parts]


def _parts(folder: Path) -> dict[Path, int]:
    """The parts of the log that no living process has, and the locks now held on them; the first is for writing."""
    folder.mkdir(parents=True, exist_ok=True)
    known = sorted(int(path.name) for path in folder.iterdir() if path.name.isdigit())
    held: dict[Path, int] = {}
    for number in (*known, (known[-1] if known else 0) + 1):
        if number not in known and held:
            break
        part = folder / str(number)
        part.mkdir(exist_ok=True)
        lock = os.open(part / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
        else:
            held[part] = lock
    if not held:
        raise StoreError(f"push log {folder}: another process took its part at the same moment; start again")
    return held


def _read(path: Path) -> list[Pushed]:
    """The whole records of a segment, up to the first that is torn."""
    data = path.read_bytes()
    found, at = _records(data)
    if at < len(data):
        log.warning("push log %s: %d bytes at its end are torn; they were never accepted", path, len(data) - at)
    return found


def _records(data: bytes) -> tuple[list[Pushed], int]:
    """The whole records at the beginning of the bytes, and how many bytes these are."""
    found, at = [], 0
    while at + _HEADER.size <= len(data):
        magic, count, known_at, checksum = _HEADER.unpack_from(data, at)
        begin, end = at + _HEADER.size, at + _HEADER.size + count * _POINT_BYTES.get(magic, 0)
        if magic not in _POINT_BYTES or end > len(data) or zlib.crc32(data[begin:end]) != checksum:
            break
        time_at, value_at, cases_at = begin + 4 * count, begin + 12 * count, begin + 20 * count
        found.append(
            Pushed(
                known_at,
                np.frombuffer(data, np.int32, count, begin),
                np.frombuffer(data, np.int64, count, time_at),
                np.frombuffer(data, np.float64, count, value_at),
                np.frombuffer(data, np.float64, count, cases_at) if magic == _MAGIC_OF_RATES else None,
            )
        )
        at = end
    return found, at


def _sync_folder(folder: Path) -> None:
    """So that the new file's name survives a power cut as well."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
