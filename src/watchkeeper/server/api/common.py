"""Small things that the nouns of the API share: identities, instants, cursors."""

from __future__ import annotations

import base64
import binascii
import math
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from litestar.params import PathParameter, QueryParameter

from watchkeeper.domain.errors import InputError
from watchkeeper.domain.times import DAY, parse_instant

LARGEST_ID = 2**31 - 1
EARLIEST, LATEST = 0, 2**32
"""Times between 1970 and 2106 (seconds UTC) are taken; beyond, no calendar of any library is sure to follow."""
MILLISECONDS_FROM = 10**11
"""A bare number from here on is milliseconds, as Grafana sends them; below, seconds."""

Id = Annotated[int, PathParameter(ge=1, le=LARGEST_ID)]
Name = Annotated[str, PathParameter(min_length=1, max_length=120)]
Limit = Annotated[int, QueryParameter(ge=1, le=200, description="At most so many.")]
Cursor = Annotated[str, QueryParameter(max_length=200, description="`next` of the page before; empty: the first page.")]
When = Annotated[
    str,
    QueryParameter(
        max_length=40,
        description="ISO 8601, UTC where it has no offset; or seconds, or (from 10^11 on) milliseconds since 1970.",
    ),
]


def to_datetime(seconds: int) -> datetime:
    """A time of ours as JSON shows it."""
    return datetime.fromtimestamp(seconds, UTC)


def to_seconds(moment: datetime | None, name: str) -> int | None:
    """A time of a body in seconds UTC; InputError where it has no offset or is out of reach."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise InputError(f"{name}: give the time with its offset, such as 2026-11-23T09:00:00Z")
    return _in_reach(int(moment.timestamp()), name)


def instant(text: str, name: str) -> int | None:
    """A time of an address in seconds UTC; None where it is empty. InputError."""
    text = text.strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        number = int(text)
        return _in_reach(number // 1000 if number >= MILLISECONDS_FROM else number, name)
    return _in_reach(parse_instant(text.replace(" ", "+")), name)


def _in_reach(seconds: int, name: str) -> int:
    if not EARLIEST <= seconds < LATEST - DAY:
        raise InputError(f"{name}: this time is before 1970 or after 2106; check its unit and its year")
    return seconds


def plain(number: float) -> float | None:
    """JSON has no NaN and no infinity: there is no number."""
    return number if math.isfinite(number) else None


def to_cursor(*place: int) -> str:
    """Where a page ended, for the next one."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def from_cursor(cursor: str, count: int) -> tuple[int, ...] | None:
    """The `count` numbers of a cursor; None for the first page. InputError where it is not one of ours."""
    if not cursor:
        return None
    try:
        place = msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=tuple[int, ...])
    except (binascii.Error, msgspec.DecodeError, ValueError):
        place = ()
    if len(place) != count or not all(0 <= number < 2**53 for number in place):
        raise InputError("cursor: this is not one of this list; take `next` of the page before, or leave it out")
    return place
