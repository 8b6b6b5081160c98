"""What a text must be so that every store can keep it, and be restored into another."""

from __future__ import annotations

UNKEPT = "a NUL or half a surrogate pair, which PostgreSQL cannot keep"


def is_kept(text: str) -> bool:
    """Whether every store can keep a text: it holds no NUL, and can be written as UTF-8."""
    if "\0" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
