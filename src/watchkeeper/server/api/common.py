"""Small things that the nouns of the API share: identities, instants, cursors."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import msgspec
from litestar.params import PathParameter, QueryParameter

from watchkeeper.domain.errors import InputError
from watchkeeper.domain.times import DAY, parse_instant

T = TypeVar("T")
P = TypeVar("P", bound=tuple[object, ...])
LARGEST_ID = 2**31 - 1
EARLIEST, LATEST = 0, 2**32
"""Times between 1970 and 2106 (seconds UTC) are taken; beyond, no calendar of any library is sure to follow."""
MILLISECONDS_FROM = 10**11
"""A bare number from here on is milliseconds, as Grafana sends them; below, seconds."""

Id = Annotated[int, PathParameter(ge=1, le=LARGEST_ID)]
Name = Annotated[str, PathParameter(min_length=1, max_length=120)]
Limit = Annotated[int, QueryParameter(ge=1, le=200, description="At most so many.")]
Many = Annotated[int, QueryParameter(ge=1, le=1000, description="At most so many.")]
MANY = 1000
"""A page of a list that people make is so long where nobody asks for less: most have one page."""
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
    return _to_cursor(place)


def _to_cursor(place: tuple[int | str, ...]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def from_cursor(cursor: str, count: int) -> tuple[int, ...] | None:
    """The `count` numbers of a cursor; None for the first page. InputError where it is not one of ours."""
    place = _from_cursor(cursor, tuple[int, ...])
    if place is not None and (len(place) != count or not all(0 <= number < 2**53 for number in place)):
        raise _wrong_cursor()
    return place


def _name_of(cursor: str) -> tuple[str, ...] | None:
    place = _from_cursor(cursor, tuple[str, ...])
    if place is not None and len(place) != 1:
        raise _wrong_cursor()
    return place


def _check_one_key(cursor: str) -> None:
    place = _from_cursor(cursor, tuple[int | str, ...])
    if place is None or len(place) != 1:
        raise _wrong_cursor()


def _from_cursor(cursor: str, kind: type[P]) -> P | None:
    if not cursor:
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=kind)
    except (binascii.Error, msgspec.DecodeError, ValueError):
        raise _wrong_cursor() from None


def _wrong_cursor() -> InputError:
    return InputError("cursor: this is not one of this list; take `next` of the page before, or leave it out")


def page_of(
    items: Iterable[T], key: Callable[[T], int | str], limit: int, cursor: str, *, is_newest_first: bool = False
) -> tuple[list[T], str | None]:
    """A page of a list that is small enough to be in memory, in the order of `key`, and the cursor of the next one."""
    ordered = sorted(items, key=key, reverse=is_newest_first)
    if not ordered and cursor:  # emptied meanwhile; nothing says which kind of key the list had
        _check_one_key(cursor)
        return [], None
    after = _name_of(cursor) if ordered and isinstance(key(ordered[0]), str) else from_cursor(cursor, 1)
    if after is not None:
        place = after[0]
        # A list has keys of one type, which the cursor was just read as; mypy cannot tie the two.
        ordered = [one for one in ordered if (key(one) < place if is_newest_first else key(one) > place)]  # type: ignore[operator]
    page = ordered[:limit]
    return page, _to_cursor((key(page[-1]),)) if len(ordered) > limit else None


def to_pair_cursor(number: int, name: str) -> str:
    """Where a page of a list by number and name ended."""
    return _to_cursor((number, name))


def from_pair_cursor(cursor: str) -> tuple[int, str] | None:
    """The number and the name of a cursor; None for the first page. InputError where it is not one of ours."""
    place = _from_cursor(cursor, tuple[int, str])
    if place is not None and not 0 <= place[0] < 2**53:
        raise _wrong_cursor()
    return place


def to_name_cursor(name: str) -> str:
    """Where a page of a list by name ended."""
    return _to_cursor((name,))


def from_name_cursor(cursor: str) -> str:
    """The name of a cursor; empty for the first page. InputError where it is not one of ours."""
    found = _name_of(cursor)
    return "" if found is None else found[0]
