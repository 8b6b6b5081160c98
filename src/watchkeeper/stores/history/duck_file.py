"""A DuckDB file that stays open: how much memory it may use, and opened again where DuckDB gave it up.

DuckDB gives up a database for good where a checkpoint fails ("database has been invalidated"), mostly for want of
memory or disk; what was committed stands in its log and is there when it is opened again.
"""

from __future__ import annotations

import functools
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Concatenate, ParamSpec, Protocol, TypeVar

import duckdb

from watchkeeper.domain.errors import ConfigError, StoreError
from watchkeeper.stores.places import HISTORY_MEMORY

log = logging.getLogger("watchkeeper.history")

LEAST_MEMORY = 256 << 20
"""Bytes that DuckDB may use in any case: 100,000 series with a week of hours make do with 64 MB, and are
sorted on the disk then.
"""
SHARE_OF_FILE = 8
"""A larger history may use so many times less than its file is large, so that it sorts in memory what it can."""
_PATIENCE_S = 30.0
"""How long readers of the database that was given up may take to notice."""
_TRIES = 8
"""How often something is tried again: from the least memory to 64 GB by doubling it."""
_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12} | {
    f"{letter}iB": 1 << 10 * power for power, letter in enumerate("KMGT", 1)
}
# Offline on purpose: DuckDB would otherwise fetch extensions over the network when a query names one.
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}


class LackingError(StoreError):
    """DuckDB lacked memory, or gave the database up; `opened` is which opening of the file that was."""

    def __init__(self, message: str, opened: int) -> None:
        super().__init__(message)
        self.opened = opened


class DuckFile:
    """The file, open. Methods may be called from any thread. Raises StoreError where it cannot be opened."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._set = memory_set()
        self._limit = self._set or _fitting(path)
        self._gate = threading.Condition()
        self._using = 0
        self._is_mending = False
        self._opened = 0
        self._connection: duckdb.DuckDBPyConnection | None = self._open()

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection of its own, so that threads do not wait for one another. LackingError: `mend`, then again."""
        with self._gate:
            while self._is_mending:
                self._gate.wait()
            if self._connection is None:
                self._connection = self._open()
                log.warning("history %s: opened again", self._path)
            opened, cursor = self._opened, self._connection.cursor()
            self._using += 1
        try:
            with closing(cursor):
                yield cursor
        except duckdb.Error as error:
            if _lacks_memory(error) or _is_given_up(error):
                raise LackingError(f"history {self._path}: {self._why(error)}", opened) from error
            raise
        finally:
            with self._gate:
                self._using -= 1
                self._gate.notify_all()

    def mend(self, error: LackingError) -> None:
        """Let go of a database that was given up, so that it is opened again; let it use more memory where it lacked
        some.

        Raises the error where nothing can be done: it may use no more, or is not let go of.
        """
        with self._gate:
            while self._is_mending:
                self._gate.wait()
            if self._opened != error.opened or self._connection is None:
                return  # another thread has done it
            lacks_memory, is_given_up = _lacks_memory(error.__cause__), _is_given_up(error.__cause__)
            if lacks_memory and not self._grow() and not is_given_up:
                raise error
            if not is_given_up:
                return
            log.error("%s", error)
            # All of it has to be closed first: with the last file handle of the old one its lock goes as well.
            self._is_mending = True
            try:
                if not self._gate.wait_for(lambda: not self._using, _PATIENCE_S):
                    raise error
                with suppress(duckdb.Error):
                    self._connection.close()
                self._connection = None
            finally:
                self._is_mending = False
                self._gate.notify_all()

    def fit(self) -> None:
        """Let it use what fits its size today."""
        wanted = _fitting(self._path)
        with self._gate:
            if self._set is None and wanted > self._limit:
                self._use(wanted)

    def close(self) -> None:
        """Let go of the file."""
        with self._gate:
            if self._connection is not None:
                self._connection.close()

    def _open(self) -> duckdb.DuckDBPyConnection:
        for is_last in (*[False] * 50, True):
            try:
                connection = duckdb.connect(str(self._path), config=_CONFIG)
            except duckdb.Error as error:
                raise StoreError(_why_not_opened(self._path, str(error))) from error
            try:
                # Not among what it is opened with: what stands in the log is replayed, whatever that needs.
                connection.execute(f"SET memory_limit = '{self._limit}B'")
                break
            except duckdb.Error as error:
                connection.close()
                if is_last or not _is_given_up(error):
                    raise StoreError(f"history {self._path}: {self._why(error)}") from error
                time.sleep(0.1)  # another part of the process has yet to let go of it
        self._opened += 1
        return connection

    def _grow(self) -> bool:
        """Let it use twice as much, where it may."""
        most = 0 if self._set is not None else max(LEAST_MEMORY, _half_of_machine())
        if self._limit >= most:
            return False
        self._use(min(2 * self._limit, most))
        return True

    def _use(self, limit: int) -> None:
        """The gate is held: a connection takes one call at a time."""
        with suppress(duckdb.Error):  # one that was given up is opened with the new limit
            if self._connection is not None:
                self._connection.execute(f"SET memory_limit = '{limit}B'")
        log.info("history %s: DuckDB may use %d MB", self._path, limit >> 20)
        self._limit = limit

    def _why(self, error: duckdb.Error) -> str:
        said = " ".join(str(error).partition("Possible solutions")[0].split())
        if not _lacks_memory(error):
            return f"DuckDB gave it up ({said}); nothing that was stored is lost; make room on the disk if that is full"
        mend = (
            f"raise {HISTORY_MEMORY}, or leave it out"
            if self._set is not None
            else f"give the machine more memory, or say in {HISTORY_MEMORY} how much of it DuckDB may use"
        )
        return (
            f"DuckDB needs more than the {self._limit / 10**6:.0f} MB of memory that it may use ({said}); nothing that "
            f"was stored is lost; {mend}"
        )


class _HasFile(Protocol):
    @property
    def _file(self) -> DuckFile: ...


_Self = TypeVar("_Self", bound=_HasFile)
_Given = ParamSpec("_Given")
_Found = TypeVar("_Found")


def mended(method: Callable[Concatenate[_Self, _Given], _Found]) -> Callable[Concatenate[_Self, _Given], _Found]:
    """A method that is tried again where DuckDB lacked memory or gave the database up, after that was mended."""

    @functools.wraps(method)
    def tried(self: _Self, /, *args: _Given.args, **named: _Given.kwargs) -> _Found:
        for _ in range(_TRIES):
            try:
                return method(self, *args, **named)
            except LackingError as error:
                self._file.mend(error)
        return method(self, *args, **named)

    return tried


def is_durable(error: duckdb.Error) -> bool:
    """Whether a commit that failed is done all the same: only tidying up after it went wrong."""
    return _is_given_up(error) and "COMMIT succeeded and is durable" in str(error)


def memory_lacks(path: Path) -> str:
    """What the environment's limit of memory lacks for a history that is so large, in words; empty where nothing."""
    said, wanted = memory_set(), _fitting(path)
    if said is None or said >= wanted:
        return ""
    return f"{HISTORY_MEMORY} lets DuckDB use {said / 10**6:.0f} MB; {wanted / 10**6:.0f} MB fit a history of this size"


def memory_set() -> int | None:
    """How many bytes DuckDB may use, where the environment says so; ConfigError where that is no size."""
    said = os.environ.get(HISTORY_MEMORY, "").strip()
    if not said:
        return None
    size = _bytes_of(said)
    if size is None:
        raise ConfigError(f"{HISTORY_MEMORY}: {said!r} is no size; write it as 512MB or 2GB, or leave it out")
    return size


def _fitting(path: Path) -> int:
    """How many bytes DuckDB may use for a history that is so large."""
    size = sum(one.stat().st_size for one in (path, path.with_name(path.name + ".wal")) if one.exists())
    wanted = size // SHARE_OF_FILE
    return LEAST_MEMORY if wanted <= LEAST_MEMORY else max(LEAST_MEMORY, min(wanted, _half_of_machine()))


def _half_of_machine() -> int:
    """Half of what a DuckDB that is not told otherwise takes for the machine's memory, or for the container's."""
    with duckdb.connect(config=_CONFIG) as other:
        (said,) = other.sql("SELECT current_setting('memory_limit')").fetchall()[0]
    return int((_bytes_of(said) or 0) / 0.8) // 2


def _bytes_of(said: str) -> int | None:
    found = re.fullmatch(r"([0-9.]+)\s*([kKMGT]?i?B)", said)
    if found is None or (unit := _UNITS.get(found[2].replace("k", "K"))) is None:
        return None
    with suppress(ValueError):
        return int(float(found[1]) * unit) or None
    return None


def _lacks_memory(error: BaseException | None) -> bool:
    return isinstance(error, duckdb.OutOfMemoryException) or "failed to pin block" in str(error)


def _is_given_up(error: BaseException | None) -> bool:
    return isinstance(error, duckdb.FatalException)


def _why_not_opened(path: Path, message: str) -> str:
    holder = re.search(r"lock is held in (.*?) ?\(PID (\d+)", message)
    if holder is not None or "Could not set lock" in message:
        who = f" {holder[2]} ({holder[1]})" if holder else ""
        mend = "a history has one process: ask that one (--server URL), or stop it first"
        return f"history {path}: another process{who} holds it; {mend}"
    if "different configuration" in message:
        return f"history {path}: this process has it open elsewhere with other settings; close that first"
    if "Permission denied" in message or "read-only" in message.lower():
        return f"history {path}: not writable for this user; change its owner or permissions"
    return (
        f"history {path}: not readable as a DuckDB file ({message.strip().partition(chr(10))[0]}); "
        "put a backup in its place, or move it away and collect again"
    )
