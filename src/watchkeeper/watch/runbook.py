"""A runbook: Markdown in which `{metric}` stands for what the metric is now."""

from __future__ import annotations

import re
from collections.abc import Mapping

_SLOT = re.compile(r"\{([a-z0-9][a-z0-9_.-]*)\}")
_URL = re.compile(r"^https?://\S+$")


def fill(text: str, values: Mapping[str, str]) -> str:
    """The runbook with values in place; what names no metric stays as it is. A bare address becomes a link."""
    text = text.strip()
    if _URL.match(text):
        return f"<{text}>"
    return _SLOT.sub(lambda slot: values.get(slot[1], slot[0]), text)
