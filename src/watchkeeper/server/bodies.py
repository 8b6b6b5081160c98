"""Bodies in JSON, decoded in one place, so that none exhausts us by how deep it nests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from litestar import Request
from litestar.exceptions import ClientException

from watchkeeper.domain.errors import InputError
from watchkeeper.domain.texts import UNKEPT, is_kept

DEEPEST = 100
"""So many levels of lists and objects may stand in each other: far more than anything that is sent has."""


class TooDeepError(ClientException):
    """A body nests deeper than `DEEPEST`; 400."""

    def __init__(self) -> None:
        super().__init__(detail=f"The body nests more than {DEEPEST} levels of lists and objects; send it flatter")


class BodyRequest(Request[Any, Any, Any]):
    """A request of the application; Litestar's own decoder raises RecursionError, which nobody foresees."""

    async def json(self) -> Any:
        """The body; TooDeepError."""
        try:
            found = await super().json()
        except RecursionError:
            raise TooDeepError from None
        body = await self.body()
        _refuse_deep(body, found)
        if b"\\u0000" in body:
            _refuse_unkept(found)
        return found


def decode(body: bytes, decoder: Callable[[bytes], Any]) -> Any:
    """What `decoder` makes of a body; TooDeepError, and whatever it raises."""
    try:
        found = decoder(body)
    except RecursionError:
        raise TooDeepError from None
    _refuse_deep(body, found)
    return found


def _refuse_deep(body: bytes, found: Any) -> None:
    """Quick where a body has not as many brackets; what goes through here can be walked and printed everywhere."""
    if body.count(b"[") + body.count(b"{") <= DEEPEST:
        return
    level = [found]
    for _ in range(DEEPEST + 1):
        lists = [one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)]
        level = [child for one in lists for child in one]
        if not level:
            return
    raise TooDeepError


def _refuse_unkept(found: Any) -> None:
    """JSON within JSON hides a NUL from the ledger, which refuses what comes otherwise."""
    if isinstance(found, str) and not is_kept(found):
        raise InputError(f"the text {found[:40]!r} holds {UNKEPT}; leave it out")
    parts = [*found, *found.values()] if isinstance(found, dict) else found if isinstance(found, list) else ()
    for part in parts:
        _refuse_unkept(part)
