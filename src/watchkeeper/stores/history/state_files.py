"""Detector states in files beside a DuckDB history, which itself keeps only where each stands.

Inside the database they would bound how many series a history carries: a table is written anew at a checkpoint some
hundred thousand rows at a time, and so many states are hundreds of megabytes that DuckDB must hold at once.

A file is never changed, and its name never comes again. Nothing waits for the disk: a state that a power cut tore does
not fit its checksum, and is then as good as not kept.
"""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple


class Place(NamedTuple):
    """Where a state stands: `size` bytes of the file `file` from byte `start` on, with this CRC-32."""

    file: str
    start: int
    size: int
    checksum: int


class StateFiles:
    """The files in a folder, which is made when it is needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, states: Sequence[bytes]) -> list[Place]:
        """Put states into a new file; OSError where that fails."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        name, at, places = secrets.token_hex(8), 0, list[Place]()
        with (self._folder / name).open("xb") as file:
            for one in states:
                file.write(one)
                places.append(Place(name, at, len(one), zlib.crc32(one)))
                at += len(one)
        return places

    def read(self, places: Sequence[Place]) -> list[bytes | None]:
        """The states; None where one is not there any more, or damaged."""
        found: list[bytes | None] = [None] * len(places)
        by_file: dict[str, list[int]] = {}
        for number, one in enumerate(places):
            by_file.setdefault(one.file, []).append(number)
        for name, numbers in by_file.items():
            try:
                with (self._folder / name).open("rb") as file:
                    for number in numbers:
                        file.seek(places[number].start)
                        data = file.read(places[number].size)
                        is_whole = len(data) == places[number].size and zlib.crc32(data) == places[number].checksum
                        found[number] = data if is_whole else None
            except OSError:
                continue
        return found

    def keep_only(self, names: Collection[str]) -> None:
        """Remove every other file: those of states let go, and what a crash left behind."""
        if self._folder.is_dir():
            for path in self._folder.iterdir():
                if path.name not in names:
                    path.unlink(missing_ok=True)
