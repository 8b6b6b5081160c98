"""Numbers as people and addresses write them, read so that none is an error of ours."""

from __future__ import annotations

import math

from watchkeeper.domain.errors import InputError

_DIGITS = 18
"""What has no more digits fits into 64 bits."""


def whole(text: str) -> int | None:
    """A number of decimal digits alone; None where it is none, or too long to be one of ours."""
    return int(text) if text.isdecimal() and len(text) <= _DIGITS else None


def finite(text: str, name: str) -> float:
    """A number, perhaps with commas for thousands; InputError naming what it is of."""
    try:
        number = float(text.replace(",", ""))
    except ValueError:
        raise InputError(f"{name}: {text[:40]!r} is not a number; write it as 1.5") from None
    if not math.isfinite(number):
        raise InputError(f"{name}: {text[:40]!r} is not a number that can be reached; write it as 1.5")
    return number
