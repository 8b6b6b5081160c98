"""What a text must be so that every store can keep it, and be restored into another."""

from __future__ import annotations

UNKEPT = "a NUL or half a surrogate pair, which PostgreSQL cannot keep"

_INSTEAD = "\ufffd"


def kept(text: str) -> str:
    """The text as it can be kept: what cannot is replaced by the sign that stands for it."""
    return text if is_kept(text) else text.replace("\0", _INSTEAD).encode("utf-8", "replace").decode()


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
