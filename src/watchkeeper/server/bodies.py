"""Bodies in JSON, decoded in one place, so that none exhausts us by how deep it nests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from litestar import Request
from litestar.exceptions import ClientException

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
        _refuse_deep(await self.body(), found)
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
