"""What a source's references stand for: filled in when used, blotted out of errors."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

from watchkeeper import references
from watchkeeper.domain.errors import SourceError


class Secrets:
    """Fills references in, and remembers what it filled in, so that `blot_out` can take it out of a message."""

    def __init__(self, resolve: Callable[[str], str | None] = references.look_up) -> None:
        self._resolve = resolve
        self._known: list[str] = []

    def fill(
        self, setting: str, template: str, *, encode: Callable[[re.Match[str]], bool] = lambda match: False
    ) -> str:
        """The template with its references filled in, percent-encoded where `encode` says so of the place.

        Raises SourceError that names the setting and the reference where there is no such secret.
        """

        def written(secret: str, match: re.Match[str]) -> str:
            self.add(secret)
            return quote(secret, safe="") if encode(match) else secret

        return references.fill(setting, template, SourceError, resolve=self._resolve, written=written)

    def add(self, secret: str) -> None:
        """Remember a secret that came another way, a URL's password say; in every way of writing it."""
        self._known += [secret, quote(secret, safe="")]

    def blot_out(self, error: object) -> str:
        """What an error says, on one line, with every known secret as `***`."""
        message = " ".join(str(error).split())
        for secret in sorted({one for one in self._known if one}, key=len, reverse=True):
            message = message.replace(secret, "***")
        return message
