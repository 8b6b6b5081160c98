"""What every route of the API has: an ETag on what is read; an Idempotency-Key and If-Match on what is written."""

from __future__ import annotations

from hashlib import blake2b, sha256
from typing import Any

from anyio import to_thread
from litestar import Request, Response
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

from watchkeeper.domain.errors import InputError
from watchkeeper.server.api.match import check_match
from watchkeeper.server.desk import desk_of
from watchkeeper.server.session import caller

KEY = "idempotency-key"
_LONGEST_KEY = 200
_KEPT_HEADERS = (b"content-type", b"location")
_WRITES = ("POST", "PUT", "PATCH", "DELETE")


async def replay(request: Request[Any, Any, Any]) -> Response[bytes] | None:
    """The answer that a write with this key got before; None: it is to be done now, once.

    Raises InputError for a key that cannot be one, and ConflictError; see `watch.replies`.
    """
    key = request.headers.get(KEY)
    if request.method not in _WRITES or request.route_handler.opt.get("is_read"):
        return None
    if key is None:
        await check_match(request)
        return None
    if not 0 < len(key) <= _LONGEST_KEY or not (key.isascii() and key.isprintable()):
        raise InputError(f"Idempotency-Key: send 1 to {_LONGEST_KEY} printable ASCII characters, such as a UUID")
    replies, who = desk_of(request).service.replies, caller(request).ident
    asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode() + await request.body()
    found = await to_thread.run_sync(replies.claim, who, key, sha256(asked).hexdigest())
    if found is None:
        request.state.claimed = (who, key)
        await check_match(request)
        return None
    headers = {**dict(found.headers), "idempotent-replayed": "true"}
    media_type = headers.pop("content-type", "application/json")
    return Response(found.body, status_code=found.status or 200, headers=headers, media_type=media_type)


class EtagsAndReplies(ASGIMiddleware):
    """Names the content of what is read, answers 304 to who has it, and keeps the answers of writes that have a key."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Hold back the head of the answer until its body is known, where that comes in one piece."""
        begun: HTTPResponseStartEvent | None = None

        async def sent(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = message
                return
            if begun is not None and message["type"] == "http.response.body":
                head, begun, body = begun, None, message.get("body", b"")
                if scope.get("method") == "GET" and head["status"] == 200 and not message.get("more_body"):
                    head, body = _named(head, body, scope)
                    message = {"type": "http.response.body", "body": body, "more_body": False}
                await _keep(scope, head, body)
                await send(head)
            await send(message)

        await next_app(scope, receive, sent)


def _named(head: HTTPResponseStartEvent, body: bytes, scope: Scope) -> tuple[HTTPResponseStartEvent, bytes]:
    tag = b'W/"' + blake2b(body, digest_size=12).hexdigest().encode() + b'"'
    headers = [*head["headers"], (b"etag", tag)]
    asked = next((value for name, value in scope["headers"] if name == b"if-none-match"), b"")
    if tag not in {one.strip() for one in asked.split(b",")}:
        return {**head, "headers": headers}, body
    kept = [pair for pair in headers if pair[0].lower() not in (b"content-length", b"content-type")]
    return {**head, "status": 304, "headers": kept}, b""


async def _keep(scope: Scope, head: HTTPResponseStartEvent, body: bytes) -> None:
    """Keep the answer; after an error of ours the key is given back, so that the write can be tried again."""
    claimed = scope.get("state", {}).get("claimed")
    if claimed is None:
        return
    service, (who, key) = scope["litestar_app"].state.desk.service, claimed
    service.access.expect_nothing()
    replies = service.replies
    if head["status"] >= 500:
        await to_thread.run_sync(replies.release, who, key)
        return
    if scope["route_handler"].opt.get("is_secret") and head["status"] < 300:
        return  # shown this once: the key stays taken, and who asks again is told to look
    headers = [(name.decode(), value.decode()) for name, value in head["headers"] if name.lower() in _KEPT_HEADERS]
    await to_thread.run_sync(replies.keep, who, key, head["status"], headers, body)
