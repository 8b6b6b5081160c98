"""A runbook: Markdown in which `{metric}` stands for what the metric is now."""

from __future__ import annotations

import re
from collections.abc import Mapping

_SLOT = re.compile(r"\{([a-z0-9][a-z0-9_.-]*)\}")
_URL = re.compile(
    r"""```.*?```|`[^`\n]*`|(?P<bare>(?<![\w(<\["'=/])https?://[^\s<>()\[\]`"']+(?<![.,;:!?]))""", re.DOTALL
)
"""A bare address; what is code stays as it is."""


def named(text: str) -> list[str]:
    """The names in its slots, which may be those of metrics."""
    return _SLOT.findall(text)


def fill(text: str, values: Mapping[str, str]) -> str:
    """The runbook with values in place; what names no metric stays as it is. A bare address becomes a link."""
    return with_values(_URL.sub(lambda found: f"<{found[0]}>" if found["bare"] else found[0], text.strip()), values)


def with_values(text: str, values: Mapping[str, str]) -> str:
    """The same for a message, which is read as it is written: addresses stay bare."""
    return _SLOT.sub(lambda slot: values.get(slot[1], slot[0]), text.strip())
