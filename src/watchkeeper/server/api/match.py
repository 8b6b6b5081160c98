"""If-Match on writes: what is to be changed is read once more, and must be what the caller has seen."""

from __future__ import annotations

from typing import Any

from anyio import to_thread
from litestar import Request
from litestar.types import Message

from watchkeeper.domain.errors import StaleError
from watchkeeper.server.desk import desk_of

MATCH = "if-match"
NO_GET = 405
_OF_THE_WRITE = (b"content-length", b"content-type", b"idempotency-key", b"if-match", b"if-none-match")


async def check_match(request: Request[Any, Any, Any]) -> None:
    """StaleError where the request names an ETag that what it changes does not have now.

    What it changes is what GET answers with at its own address, or else at the nearest one above it: a write to
    `/flags/ranking/override` changes `/flags/ranking`. That it still is so is asked once more in the transaction that
    changes it, so that of two who have seen the same only one wins, on any number of servers.
    """
    wanted = request.headers.get(MATCH)
    if wanted is None:
        return
    path, access = request.url.path, desk_of(request).service.access
    newest = await to_thread.run_sync(access.newest_change)
    while path.rpartition("/")[0].startswith("/api/v1"):
        status, tag = await _look(request, path)
        if status != NO_GET:
            if not tag:
                raise StaleError(f"{path}: there is nothing there that If-Match could speak of; leave it out")
            if wanted.strip() != "*" and tag not in {one.strip() for one in wanted.split(",")}:
                raise StaleError(f"{path}: it is another now ({tag}) than If-Match says; read it again, then decide")
            access.expect(newest)
            return
        path = path.rpartition("/")[0]
    raise StaleError(f"{request.url.path}: there is nothing here that If-Match could speak of; leave it out")


async def _look(request: Request[Any, Any, Any], path: str) -> tuple[int, str]:
    """The status and the ETag (empty: none) that the caller would get at a path."""
    head: dict[bytes, bytes] = {}
    status = 0

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
            head.update({name.lower(): value for name, value in message["headers"]})

    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": request.scope["scheme"],
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": request.scope.get("root_path", ""),
        "headers": [pair for pair in request.scope["headers"] if pair[0].lower() not in _OF_THE_WRITE],
        "client": request.scope["client"],
        "server": request.scope["server"],
        "state": {},
    }
    await request.app(scope, receive, send)  # type: ignore[arg-type]
    return status, head.get(b"etag", b"").decode()
