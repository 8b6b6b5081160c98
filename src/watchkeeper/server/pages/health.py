"""What needs no session and says nothing of anyone: the health check, and style sheets and scripts."""

from __future__ import annotations

from litestar import Response, get
from litestar.enums import MediaType
from litestar.params import FromPath

from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import Open, needs
from watchkeeper.server.session import PageRequest

_FOR_GOOD = "public, max-age=31536000, immutable"


@get("/health", media_type=MediaType.TEXT, sync_to_thread=False, opt=needs(Open.ANYONE))
def health() -> str:
    """200 while requests are answered."""
    return "ok\n"


@get("/ready", media_type=MediaType.TEXT, sync_to_thread=True, opt=needs(Open.ANYONE))
def ready(request: PageRequest) -> Response[str]:
    """200 while the service keeps up with its work; otherwise 503 and why."""
    trouble = desk_of(request).service.vitals.trouble()
    return Response(f"{trouble or 'ready'}\n", status_code=503 if trouble else 200, media_type=MediaType.TEXT)


@get("/assets/{rest:path}", sync_to_thread=True, opt=needs(Open.ANYONE))
def asset(request: PageRequest, rest: FromPath[str]) -> Response[bytes]:
    """A style sheet or script, kept by the browser for good: its address changes with its content."""
    found = desk_of(request).assets.get(f"/assets{rest}")
    headers = {"Cache-Control": _FOR_GOOD, "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found.packed, media_type=found.content_type, headers={**headers, "Content-Encoding": "gzip"})
    return Response(found.body, media_type=found.content_type, headers=headers)


HANDLERS = (health, ready, asset)
