"""Measured tables in a page, between `<!-- measured: NAME -->` and `<!-- end: NAME -->`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def write(page: Path, sections: Mapping[str, str]) -> None:
    """Put each section between its markers; all else stays as it is. ValueError where a marker is missing."""
    text = page.read_text(encoding="utf-8")
    for name, section in sections.items():
        pattern = rf"(<!-- measured: {name} -->\n).*?(\n<!-- end: {name} -->)"
        text, count = re.subn(pattern, lambda match, body=section: match[1] + body + match[2], text, flags=re.DOTALL)
        if count != 1:
            raise ValueError(f"{page}: expected the markers of {name} once, found them {count} times")
    page.write_text(text, encoding="utf-8")
