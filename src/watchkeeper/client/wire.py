"""How the client speaks: one request, its answer as a record, its problem as one of our own errors."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Protocol, TypeVar

import httpx
import msgspec

from watchkeeper.client.records import Problem
from watchkeeper.domain.errors import (
    AccessError,
    ChannelError,
    ConfigError,
    ConflictError,
    GuardError,
    InputError,
    NotFoundError,
    SourceError,
    StaleError,
    StoreError,
    WatchkeeperError,
)

T = TypeVar("T")


class Page(Protocol):
    """A record of the API that is one page of a list."""

    @property
    def next(self) -> str | None:
        """The cursor of the page after it; None on the last."""


P = TypeVar("P", bound=Page)
PREFIX = "/api/v1"
TRIES = 3
"""A request is sent so often before the client gives up on a server that does not answer."""

BUSY = 503
PAUSE_S, LEAST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 0.1, 60.0
"""How long is waited before a busy server is asked again that does not say when (`Retry-After`), and the bounds."""

_ERRORS: Mapping[str, type[WatchkeeperError]] = {
    "not_found": NotFoundError,
    "guard": GuardError,
    "input": InputError,
    "bad_request": InputError,
    "too_large": InputError,
    "config": ConfigError,
    "conflict": ConflictError,
    "stale": StaleError,
    "forbidden": AccessError,
    "forged_form": AccessError,
    "source": SourceError,
    "store": StoreError,
    "channel": ChannelError,
}


_WHOLE = frozenset({"guard", "not_found", "input", "config"})
"""Problems whose detail is an error of ours, which names its mend; what stands beside is for who writes requests."""


class Wire:
    """A connection to one server with one token."""

    def __init__(self, address: str, token: str, *, timeout_s: float, transport: httpx.BaseTransport | None) -> None:
        self._address = address.rstrip("/")
        self.match = ""
        """What writes carry as If-Match."""
        self.etag = ""
        """Of what was read last."""
        self._http = httpx.Client(
            base_url=self._address + PREFIX,
            headers={"authorization": f"Bearer {token}"},
            timeout=timeout_s,
            transport=transport,
        )

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def ask(
        self,
        kind: type[T],
        method: str,
        path: str,
        *,
        body: msgspec.Struct | None = None,
        patience_s: float = 0.0,
        **query: Any,
    ) -> T:
        """Send, and read the answer as `kind`."""
        answer = self.send(method, path, body=body, patience_s=patience_s, **query)
        try:
            return msgspec.json.decode(answer, type=kind)
        except msgspec.DecodeError as error:
            raise WatchkeeperError(f"{self._address}{PREFIX}{path}: the answer is none of ours ({error})") from None

    def pages(self, kind: type[P], path: str, *, cursor: str = "", **query: Any) -> Iterator[P]:
        """A list page by page, from the one that `cursor` names on, as they are gone through; `kind` has the cursor of
        the page after it as `next`.
        """
        more: str | None = cursor
        while more is not None:
            page = self.ask(kind, "GET", path, cursor=more, **query)
            yield page
            more = page.next

    def send(
        self, method: str, path: str, *, body: msgspec.Struct | None = None, patience_s: float = 0.0, **query: Any
    ) -> bytes:
        """Send, and give back the body of the answer.

        A write carries an Idempotency-Key of its own, so that it may be sent again where the server did not answer. It
        is sent again for `patience_s` as well where the server is busy (503) or away, as often as it says it may be.
        Raises the error of our tree that the problem names; WatchkeeperError where there is no server.
        """
        headers = {} if method == "GET" else {"idempotency-key": str(uuid.uuid4())}
        if self.match and method != "GET":
            headers["if-match"] = self.match
        content = None
        if body is not None:
            content, headers["content-type"] = msgspec.json.encode(body), "application/json"
        asked = {name: value for name, value in query.items() if value not in (None, "")}
        request = partial(self._http.request, method, path, content=content, params=asked, headers=headers)
        waited = 0.0
        while True:
            answer, trouble = self._try(request)
            if answer is not None and answer.status_code != BUSY:
                break
            pause = _pause(answer)
            waited += pause
            if waited > patience_s:
                break
            time.sleep(pause)
        if answer is None:
            raise WatchkeeperError(
                f"{self._address}: no answer ({trouble}); see whether Watchkeeper runs there"
            ) from trouble
        # A push of which nothing was accepted is answered 422 with what became of its rows, and is no problem.
        if answer.is_success or (
            answer.status_code == 422 and answer.headers.get("content-type") == "application/json"
        ):
            self.etag = answer.headers.get("etag", "")
            return answer.content
        raise self._error(answer)

    def _try(self, request: Callable[[], httpx.Response]) -> tuple[httpx.Response | None, httpx.TransportError | None]:
        """The answer, or after `TRIES` what stood in its way."""
        trouble = None
        for _ in range(TRIES):
            try:
                return request(), None
            except httpx.UnsupportedProtocol:
                raise InputError(f"{self._address}: no address of a server; write it as https://HOST") from None
            except httpx.TransportError as error:
                trouble = error
        return None, trouble

    def _error(self, answer: httpx.Response) -> WatchkeeperError:
        try:
            problem = msgspec.json.decode(answer.content, type=Problem)
        except msgspec.DecodeError:
            return WatchkeeperError(
                f"{self._address}: answered {answer.status_code} and is no Watchkeeper; check the address"
            )
        words = problem.detail if problem.code in _WHOLE else f"{problem.detail} {problem.mend}"
        if problem.code == "signed_out":
            return AccessError(words, is_known=False)
        return _ERRORS.get(problem.code, WatchkeeperError)(words)


def _pause(answer: httpx.Response | None) -> float:
    said = "" if answer is None else answer.headers.get("retry-after", "")
    return min(max(float(said), LEAST_PAUSE_S), LONGEST_PAUSE_S) if said.isdecimal() else PAUSE_S
