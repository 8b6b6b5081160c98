"""`/api/v1/push`: where programs send points. Answered when they are on disk.

| path | body |
| --- | --- |
| `/api/v1/push` | columnar JSON, or an Arrow IPC stream with `?metric=NAME` |
| `/api/v1/push/prometheus` | Prometheus remote write 1.0 |
| `/api/v1/push/otlp/v1/metrics` | OTLP/HTTP metrics, protobuf or JSON |

A plain ASGI application: a body is decoded where it arrives if that is quick, else in a thread; many requests share one
write to the disk.
"""

from __future__ import annotations

import asyncio
import logging
import time
import zlib
from collections import deque
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs

import msgspec
from litestar import asgi
from litestar.exceptions import HTTPException, MethodNotAllowedException
from litestar.handlers import ASGIRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from watchkeeper.domain import access
from watchkeeper.domain.errors import AccessError, InputError, NotFoundError, StoreError, WatchkeeperError
from watchkeeper.domain.points import LARGEST_PUSH
from watchkeeper.server.errors import problem_of
from watchkeeper.server.guard import Open, needs

if TYPE_CHECKING:
    from watchkeeper.watch.access import Access
    from watchkeeper.watch.pushes import Pushes, Taken

PREFIX = "/api/v1/push"
PROMETHEUS, OTLP = f"{PREFIX}/prometheus", f"{PREFIX}/otlp/v1/metrics"
QUICK_BODY = 64 << 10
"""A body of up to so many bytes is decoded in the event loop: about a millisecond."""
TRUSTED_S = 1.0
"""How long a token is not looked up again: so long may a revoked one still push."""

_ENCODER = msgspec.json.Encoder()
_log = logging.getLogger(__name__)


class PushDesk(Protocol):
    """What of the service this needs."""

    @property
    def pushes(self) -> Pushes:
        """Where points are taken in."""

    @property
    def access(self) -> Access:
        """Who calls with a token."""


class _TooLargeError(InputError):
    """The body is larger than `LARGEST_PUSH`."""


class _Tokens:
    """Which tokens may push, looked up once a second at most."""

    def __init__(self, service: PushDesk) -> None:
        self._service = service
        self._trusted: dict[bytes, float] = {}

    async def check(self, credentials: bytes) -> None:
        """AccessError where the token is none, or may not push."""
        if self._trusted.get(credentials, 0.0) > time.monotonic():
            return
        kind, _, secret = credentials.partition(b" ")
        if kind.lower() != b"bearer" or not secret:
            raise AccessError(
                "send a token: Authorization: Bearer …; `watchkeeper tokens make` makes one", is_known=False
            )
        caller = await asyncio.to_thread(self._service.access.caller_of, secret.strip().decode("latin-1"))
        if caller is None:
            raise AccessError("this token is unknown, revoked or has expired", is_known=False)
        if access.Scope.PUSH not in caller.scopes:
            raise AccessError(f"this needs the right “push”, which {caller.name} does not have here")
        if len(self._trusted) > 1_000:
            self._trusted.clear()
        self._trusted[credentials] = time.monotonic() + TRUSTED_S


def push_door(service: PushDesk) -> ASGIRouteHandler:
    """The routes under `/api/v1/push`. Each asks for a token with the right `push`."""
    return asgi(PREFIX, is_mount=True, copy_scope=True, opt=needs(Open.ITSELF))(push_app(service))


def push_app(service: PushDesk, headers_always: Sequence[tuple[bytes, bytes]] = ()) -> ASGIApp:
    """The same as an application of its own; each answer carries `headers_always`."""
    tokens = _Tokens(service)
    bell: _Bell | None = None

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal bell
        if bell is None or not bell.is_of(asyncio.get_running_loop()):
            bell = _Bell()
        try:
            status, body, kind = await _answer(service, tokens, bell, scope, receive)
        except Exception as error:
            if not isinstance(error, WatchkeeperError | HTTPException):
                _log.exception("a push failed")
            problem = problem_of(error)
            if isinstance(error, _TooLargeError):
                problem = msgspec.structs.replace(problem, status=413, code="too_large")
            status, body, kind = problem.status, _ENCODER.encode(problem), b"application/problem+json"
        headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), *headers_always]
        if status == 405:
            headers.append((b"allow", b"POST"))
        if status == 401:
            headers.append((b"www-authenticate", b"Bearer"))
        if status == 503:
            headers.append((b"retry-after", b"5"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    return serve


async def _answer(
    service: PushDesk, tokens: _Tokens, bell: _Bell, scope: Scope, receive: Receive
) -> tuple[int, bytes, bytes]:
    headers = dict(scope["headers"])
    path = scope["path"] if scope["path"].startswith(PREFIX) else PREFIX + scope["path"]
    path = path.rstrip("/")
    if path not in (PREFIX, PROMETHEUS, OTLP):
        raise NotFoundError(f"{path}: no such path; use {PREFIX}, {PROMETHEUS} or {OTLP}")
    if scope.get("method") != "POST":
        raise MethodNotAllowedException(detail="Points are sent with POST")
    await tokens.check(headers.get(b"authorization", b""))
    body = await _body(receive, headers.get(b"content-encoding", b""))
    kind = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()
    if path == PROMETHEUS:
        # What no metric asks for is dropped: Prometheus sends all it has, and would never send a refused batch again.
        await asyncio.to_thread(service.pushes.take_remote_write, body)
        return 204, b"", b"text/plain"
    if path == OTLP:
        is_json = kind == "application/json"
        answer = await asyncio.to_thread(service.pushes.take_otlp, body, is_json=is_json)
        return 200, answer, b"application/json" if is_json else b"application/x-protobuf"
    metric = _metric(scope.get("query_string", b""))
    if len(body) <= QUICK_BODY:
        columns = service.pushes.read(kind, body, metric)
    else:
        columns = await asyncio.to_thread(service.pushes.read, kind, body, metric)
    taken = await _take_in(service.pushes, bell, columns, is_quick=len(body) <= QUICK_BODY)
    return (422 if taken.refused and not taken.accepted else 200), _ENCODER.encode(taken), b"application/json"


@lru_cache(1_000)
def _metric(query: bytes) -> str:
    return parse_qs(query.decode("latin-1")).get("metric", [""])[0]


class _Bell:
    """Tells an event loop what the log's own thread says: one ring for all that many requests wait for, because each
    ring costs as much as reading a request.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._told: deque[tuple[asyncio.Future[StoreError | None], StoreError | None]] = deque()
        self._is_ringing = False

    def is_of(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether this loop hears it."""
        return self._loop is loop

    def future(self) -> tuple[asyncio.Future[StoreError | None], Callable[[StoreError | None], None]]:
        """What a request waits for, and what the log's thread calls."""
        stored: asyncio.Future[StoreError | None] = self._loop.create_future()

        def done(problem: StoreError | None) -> None:
            self._told.append((stored, problem))
            if not self._is_ringing and not self._loop.is_closed():
                self._is_ringing = True
                self._loop.call_soon_threadsafe(self._settle)

        return stored, done

    def _settle(self) -> None:
        self._is_ringing = False  # first: what is told from here on rings again
        while self._told:
            stored, problem = self._told.popleft()
            if not stored.done():
                stored.set_result(problem)


async def _take_in(pushes: Pushes, bell: _Bell, columns: Any, *, is_quick: bool) -> Taken:
    stored, done = bell.future()
    if is_quick and pushes.is_ready(columns):
        taken = pushes.take_in(columns, done)
    else:
        taken = await asyncio.to_thread(pushes.take_in, columns, done)
    problem = await stored
    if problem is not None:
        raise problem
    return taken


async def _body(receive: Receive, encoding: bytes) -> bytes:
    """The whole body, unpacked; a snappy block of remote write is unpacked by its reader."""
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise InputError("push: the caller went away before the body was sent")
        part = message.get("body", b"")
        size += len(part)
        if size > LARGEST_PUSH:
            raise _TooLargeError(f"push: the body is larger than {LARGEST_PUSH >> 20} MB; send fewer points at once")
        parts.append(part)
        if not message.get("more_body", False):
            break
    body = parts[0] if len(parts) == 1 else b"".join(parts)
    if encoding == b"gzip":
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            body = unpacker.decompress(body, LARGEST_PUSH)
        except zlib.error as error:
            raise InputError(f"push: the body is not packed with gzip: {error}") from None
        if unpacker.unconsumed_tail:
            raise _TooLargeError(f"push: the body is larger than {LARGEST_PUSH >> 20} MB; send fewer points at once")
        if not unpacker.eof:
            raise InputError("push: the body packed with gzip ends early; send it whole")
        if unpacker.unused_data:
            raise InputError("push: something follows the body packed with gzip; send one packed body at once")
    return body
