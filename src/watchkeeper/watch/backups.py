"""Backups while the service runs: it has the history open, so it makes them when asked.

A command asks by a file in the home, which the running service looks for every second; where none runs, the command
makes the backup itself.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from watchkeeper.domain.errors import InputError, StoreError, WatchkeeperError
from watchkeeper.stores import backup, places
from watchkeeper.stores.backup import Manifest
from watchkeeper.stores.history import History
from watchkeeper.stores.ledger import Ledger
from watchkeeper.watch.pushes import Pushes

ASKED, ANSWERED = "backup-asked.json", "backup-answered.json"
PATIENCE_S = 3600.0


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    path: str


class _Answered(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    made: Manifest | None = None
    error: str = ""


class Backups:
    """Makes backups of the stores that are open here."""

    def __init__(
        self, ledger: Ledger, history: History, home: Path, clock: Callable[[], float], drain: Callable[[], None]
    ) -> None:
        self._ledger = ledger
        self._history = history
        self._home = home
        self._clock = clock
        self._drain = drain

    def make(self, path: Path) -> Manifest:
        """Write a backup into `path`, with every point that was accepted before; StoreError where that cannot be."""
        self._drain()
        return backup.write(self._ledger, self._history, self._home, path, now=int(self._clock()))

    def answer(self) -> bool:
        """Make the backup that a command asked for, if one did."""
        asked = self._home / ASKED
        try:
            wanted = msgspec.json.decode(asked.read_bytes(), type=_Asked)
        except (FileNotFoundError, msgspec.DecodeError):
            return False
        try:
            answered = _Answered(path=wanted.path, made=self.make(Path(wanted.path)))
        except WatchkeeperError as error:
            answered = _Answered(path=wanted.path, error=str(error))
        _put(self._home / ANSWERED, answered)
        asked.unlink(missing_ok=True)
        return True


def make(home: Path, path: Path, *, patience_s: float = PATIENCE_S) -> Manifest:
    """Back up the stores of a home, by the service that runs there or, where none does, by this process.

    Raises StoreError where the file cannot be written or the service does not answer for `patience_s`, InputError where
    there is nothing to back up.
    """
    if not places.exist(home):
        raise InputError(f"backup: there are no stores in {home}; name the home that is meant with --home")
    path = path.resolve()
    with Ledger.open(places.ledger_url(home)) as ledger:
        try:
            history = History.open(places.history_place(home))
        except StoreError as error:
            if "holds it" not in str(error):
                raise
        else:
            with history:
                return Backups(ledger, history, home, time.time, partial(_drain, ledger, history, home)).make(path)
    return _ask(home, path, patience_s)


def restore(home: Path, path: Path) -> Manifest:
    """Fill a new home, or new databases, from a backup; nothing stays of a restore that fails in a new home."""
    backup.check(path)
    is_new = not places.exist(home)
    places.make(home)
    try:
        with (
            Ledger.open(places.ledger_url(home)) as ledger,
            History.open(places.history_place(home)) as history,
        ):
            return backup.restore(path, ledger, history, home)
    except BaseException:
        if is_new:
            places.remove(home)
        raise


def _drain(ledger: Ledger, history: History, home: Path) -> None:
    """What a service that was killed had accepted goes into the history, as its next start would see to."""
    Pushes(ledger, history, home / places.PUSHED, lambda name: None, time.time).close()


def _ask(home: Path, path: Path, patience_s: float) -> Manifest:
    (home / ANSWERED).unlink(missing_ok=True)
    _put(home / ASKED, _Asked(path=str(path)))
    deadline = time.monotonic() + patience_s
    try:
        while time.monotonic() < deadline:
            with contextlib.suppress(FileNotFoundError, msgspec.DecodeError):
                answered = msgspec.json.decode((home / ANSWERED).read_bytes(), type=_Answered)
                if answered.path == str(path):
                    if answered.made is None:
                        raise StoreError(answered.error)
                    return answered.made
            time.sleep(0.1)
    finally:
        (home / ASKED).unlink(missing_ok=True)
        (home / ANSWERED).unlink(missing_ok=True)
    raise StoreError(
        f"backup: what holds the stores of {home} did not answer; `watchkeeper serve` does, a command must end first"
    )


def _put(path: Path, record: msgspec.Struct) -> None:
    part = path.with_name(path.name + ".part")
    part.write_bytes(msgspec.json.encode(record))
    part.replace(path)
