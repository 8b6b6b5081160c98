"""Secrets by reference, `${NAME}` or `${file:/path}`: found when used, blotted out of errors."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from watchkeeper.domain.errors import SourceError
from watchkeeper.domain.metric import IS_REFERENCE


def look_up(reference: str) -> str | None:
    """What a reference stands for: a variable of the environment, or a file's text without its last line end."""
    if not reference.startswith("file:"):
        return os.environ.get(reference)
    try:
        return Path(reference.removeprefix("file:")).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        return None


class Secrets:
    """Fills references in, and remembers what it filled in, so that `blot_out` can take it out of a message."""

    def __init__(self, resolve: Callable[[str], str | None] = look_up) -> None:
        self._resolve = resolve
        self._known: list[str] = []

    def fill(
        self, setting: str, template: str, *, encode: Callable[[re.Match[str]], bool] = lambda match: False
    ) -> str:
        """The template with its references filled in, percent-encoded where `encode` says so of the place.

        Raises SourceError that names the setting and the reference where there is no such secret.
        """

        def filled(match: re.Match[str]) -> str:
            value = self._resolve(match[1])
            if value is None:
                mend = (
                    "cannot be read; make the file"
                    if match[1].startswith("file:")
                    else "is not set; set it in the environment"
                )
                raise SourceError(f"its {setting} names ${{{match[1]}}}, which {mend}")
            self.add(value)
            return quote(value, safe="") if encode(match) else value

        return IS_REFERENCE.sub(filled, template)

    def add(self, secret: str) -> None:
        """Remember a secret that came another way, a URL's password say; in every way of writing it."""
        self._known += [secret, quote(secret, safe="")]

    def blot_out(self, error: object) -> str:
        """What an error says, on one line, with every known secret as `***`."""
        message = " ".join(str(error).split())
        for secret in sorted({one for one in self._known if one}, key=len, reverse=True):
            message = message.replace(secret, "***")
        return message
