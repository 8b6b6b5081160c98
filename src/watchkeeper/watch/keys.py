"""Keys that sign things: made once, kept in a file that only its owner can read."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

_LENGTH = 32


def kept_key(path: Path) -> bytes:
    """The key in the file, made where there is none; of two that make one at once, both get the same.

    A file that is too short to be a key is replaced: what it signed no longer counts.
    """
    with contextlib.suppress(FileNotFoundError):
        found = path.read_bytes()
        if len(found) >= _LENGTH:
            return found
        path.unlink()
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # its mode is 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(_LENGTH))
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
    finally:
        os.unlink(name)
    return path.read_bytes()
