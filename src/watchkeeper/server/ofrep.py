"""Flags over the OpenFeature Remote Evaluation Protocol 0.3 (open-feature/protocol, service/openapi.yaml).

A plain ASGI application: nothing between the socket and the board in memory, because products wait for its answer.
`variant` and `errorDetails` are always sent: the Python provider reads them without a default.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

import msgspec
from anyio import to_thread
from litestar import asgi
from litestar.connection import ASGIConnection
from litestar.handlers import ASGIRouteHandler
from litestar.types import Receive, Scope, Send

from watchkeeper.domain.access import Scope as Right
from watchkeeper.flags import Evaluation
from watchkeeper.server.bodies import TooDeepError, decode
from watchkeeper.server.facade import FlagDesk
from watchkeeper.server.guard import Open, needs
from watchkeeper.server.session import Door

PREFIX = "/ofrep/v1"
ONE, ALL, EVENTS = f"{PREFIX}/evaluate/flags/", f"{PREFIX}/evaluate/flags", f"{PREFIX}/events"
LARGEST_BODY = 65_536
MOST_STREAMS = 1_000
KEEP_ALIVE_S = 20.0
REMEMBERED_S = 5.0
MOST_REMEMBERED = 10_000
_STATUS = {"FLAG_NOT_FOUND": 404}
_JSON = (b"content-type", b"application/json")
_DECODER = msgspec.json.Decoder()
_ENCODER = msgspec.json.Encoder()

Headers = list[tuple[bytes, bytes]]
Refusal = tuple[int, bytes, Headers]


def evaluation_protocol(flags: FlagDesk, door: Door | None = None) -> ASGIRouteHandler:
    """The routes under `/ofrep/v1`: one flag, all flags, and a stream that says when to ask again.

    With a `door` only callers who may read are answered; who they are is looked up once every few seconds, so that an
    evaluation still reads memory alone.
    """
    streams: set[asyncio.Event] = set()
    known = _Known(door) if door else None

    @asgi(PREFIX, is_mount=True, copy_scope=True, opt=needs(Open.ITSELF))
    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        path = path if path.startswith(PREFIX) else PREFIX + path
        path = path.rstrip("/") if path != ONE else ALL
        method = scope.get("method")
        refused = await known.refuses(scope) if known else None
        if refused:
            await _send(send, *refused)
            return
        if path == EVENTS and method == "GET":
            await _stream(flags, streams, receive, send)
        elif path == ALL and method == "POST":
            await _answer_all(flags, scope, receive, send)
        elif path.startswith(ONE) and method == "POST":
            await _answer_one(flags, path[len(ONE) :], receive, send)
        elif path in (ALL, EVENTS) or path.startswith(ONE):
            allowed = b"GET" if path == EVENTS else b"POST"
            await _send(send, 405, _ENCODER.encode({"errorDetails": "use POST"}), [(b"allow", allowed)])
        else:
            await _send(send, 404, _ENCODER.encode({"errorDetails": f"no such path; use {ALL}"}))

    return serve


class _Known:
    """Remembers for a few seconds which tokens may read: who loses a right loses it here as late."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._may: dict[str, tuple[float, bool | None]] = {}

    async def refuses(self, scope: Scope) -> Refusal | None:
        """401 where nobody is known, 403 where they may not read; None where they may."""
        header = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"), "")
        until, may = self._may.get(header, (0.0, None)) if header else (math.inf, None)  # a cookie is no token
        if time.monotonic() >= until:
            found = await to_thread.run_sync(self._door.visitor_of, ASGIConnection[Any, Any, Any, Any](scope))
            may = None if found is None else found.may(Right.READ)
            if len(self._may) >= MOST_REMEMBERED:
                self._may.clear()
            self._may[header] = (time.monotonic() + REMEMBERED_S, may)
        if may is None:
            details = {"errorDetails": "send a token with the right to read: Authorization: Bearer …"}
            return 401, _ENCODER.encode(details), [(b"www-authenticate", b"Bearer")]
        return None if may else (403, _ENCODER.encode({"errorDetails": "this token has no right to read"}), [])


async def _answer_one(flags: FlagDesk, key: str, receive: Receive, send: Send) -> None:
    context = _context(await _body(receive))
    if isinstance(context, Evaluation):
        found = msgspec.structs.replace(context, key=key)
    else:
        found = flags.evaluate(key, context)
    await _send(send, _STATUS.get(found.error, 400) if found.error else 200, _ENCODER.encode(_as_json(found)))


async def _answer_all(flags: FlagDesk, scope: Scope, receive: Receive, send: Send) -> None:
    context = _context(await _body(receive))
    if isinstance(context, Evaluation):
        await _send(send, 400, _ENCODER.encode({"errorCode": context.error, "errorDetails": context.details}))
        return
    body = _ENCODER.encode(
        {
            "flags": [_as_json(one) for one in flags.evaluate_all(context)],
            "metadata": {},
            "eventStreams": [{"type": "sse", "endpoint": {"requestUri": EVENTS}, "inactivityDelaySec": 120}],
        }
    )
    tag = b'"' + blake2b(body, digest_size=12).hexdigest().encode() + b'"'
    headers: Headers = [(b"etag", tag)]
    asked = next((value for name, value in scope["headers"] if name == b"if-none-match"), b"")
    known = {one.strip().removeprefix(b"W/") for one in asked.split(b",")}
    if tag in known or b"*" in known:
        await _send(send, 304, b"", headers)
    else:
        await _send(send, 200, body, headers)


def _context(body: bytes | None) -> dict[str, Any] | Evaluation:
    """The context of a request, or the failure that its body is."""
    if body is None:
        return Evaluation(key="", error="INVALID_CONTEXT", details=f"the context is larger than {LARGEST_BODY} bytes")
    try:
        asked = decode(body, _DECODER.decode) if body else {}
    except TooDeepError as error:
        return Evaluation(key="", error="PARSE_ERROR", details=error.detail)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Evaluation(key="", error="PARSE_ERROR", details=f"the body is no JSON: {error}")
    context = asked.get("context", {}) if isinstance(asked, dict) else None
    if context is None and isinstance(asked, dict):
        context = {}
    if not isinstance(context, dict):
        return Evaluation(key="", error="INVALID_CONTEXT", details='send {"context": {"targetingKey": "…"}}')
    user = context.get("targetingKey")
    if user is not None and not isinstance(user, str):
        return Evaluation(key="", error="INVALID_CONTEXT", details="targetingKey must be a text")
    return context


def _as_json(found: Evaluation) -> dict[str, Any]:
    if found.error:
        return {"key": found.key, "errorCode": found.error, "errorDetails": found.details}
    answer = {"key": found.key, "reason": found.reason, "variant": found.variant, "metadata": {"cause": found.cause}}
    if found.has_value:
        answer["value"] = found.value
    return answer


async def _stream(flags: FlagDesk, streams: set[asyncio.Event], receive: Receive, send: Send) -> None:
    """Server-sent events: `refetchEvaluation` whenever a flag changed. Missed ones are one: the reader asks for all."""
    if len(streams) >= MOST_STREAMS:
        body = _ENCODER.encode({"errorDetails": f"{MOST_STREAMS} streams are open; ask again later"})
        await _send(send, 429, body, [(b"retry-after", b"30")])
        return
    loop, changed = asyncio.get_running_loop(), asyncio.Event()
    streams.add(changed)
    end = flags.listen(_waker(loop, changed))
    gone = asyncio.ensure_future(_until_gone(receive))
    try:
        headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b": hello\n\n", "more_body": True})
        while not gone.done():
            woken = asyncio.ensure_future(changed.wait())
            await asyncio.wait({woken, gone}, timeout=KEEP_ALIVE_S, return_when=asyncio.FIRST_COMPLETED)
            woken.cancel()
            line = b": still here\n\n"
            if changed.is_set():
                changed.clear()
                line = b'event: message\ndata: {"type":"refetchEvaluation"}\n\n'
            if not gone.done():
                await send({"type": "http.response.body", "body": line, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        gone.cancel()
        end()
        streams.discard(changed)


def _waker(loop: asyncio.AbstractEventLoop, changed: asyncio.Event) -> Callable[[], None]:
    def wake() -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(changed.set)

    return wake


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None where it is too large."""
    parts = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return parts
        parts += message.get("body", b"")
        if len(parts) > LARGEST_BODY:
            return None
        if not message.get("more_body", False):
            return parts


async def _send(send: Send, status: int, body: bytes, headers: Headers | None = None) -> None:
    head = [*(headers or []), (b"cache-control", b"no-store")]
    if status != 304:
        head += [_JSON, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body, "more_body": False})
