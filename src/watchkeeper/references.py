"""Secrets by reference, `${NAME}` of the environment or `${file:/path}`: found when used, never kept."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from watchkeeper.domain.errors import WatchkeeperError
from watchkeeper.domain.metric import IS_REFERENCE


def look_up(reference: str) -> str | None:
    """What a reference stands for: a variable of the environment, or a file's text without its last line end."""
    if not reference.startswith("file:"):
        return os.environ.get(reference)
    try:
        return Path(reference.removeprefix("file:")).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        return None


def fill(
    setting: str,
    template: str,
    error: Callable[[str], WatchkeeperError],
    *,
    resolve: Callable[[str], str | None] = look_up,
    written: Callable[[str, re.Match[str]], str] = lambda secret, match: secret,
) -> str:
    """The template with its references filled in, each as it is to be `written` at its place.

    Raises the `error` made of a sentence that names the setting and the reference where there is no such secret.
    """

    def filled(match: re.Match[str]) -> str:
        secret = resolve(match[1])
        if secret is None:
            is_file = match[1].startswith("file:")
            mend = "cannot be read; make the file" if is_file else "is not set; set it in the environment"
            raise error(f"its {setting} names ${{{match[1]}}}, which {mend}")
        return written(secret, match)

    return IS_REFERENCE.sub(filled, template)
