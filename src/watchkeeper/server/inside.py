"""The API asked in its own process, without a network: by agents of a running server, and by verbs over the stores.

A verb says the same of the stores of a home and of a server because both times it asks these routes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import httpx
import msgspec
from anyio import to_thread
from litestar import Litestar, Request, Response, Router, post
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler

from watchkeeper.domain.access import Caller, Scope
from watchkeeper.server.api import NOUNS, PREFIX
from watchkeeper.server.errors import answer_error
from watchkeeper.server.session import Connection, Visitor

Application = Callable[..., Any]


class Stores(httpx.BaseTransport):
    """A transport for `watchkeeper.Client` that asks the stores in this process, as whoever sits before them.

    `service` has the nouns of `watch.service.Watchkeeper` that are asked for; deeds are signed `name`, who may all.
    What goes wrong is raised as it is. No answer is lost on the way, so there are no tokens, no ETags and no keys.
    """

    def __init__(self, service: object, name: str) -> None:
        self._raised: list[Exception] = []
        visitor = Visitor(key="", caller=Caller(name=name, scopes=frozenset(Scope)))

        async def sign(connection: Connection, _: BaseRouteHandler) -> None:
            connection.state.visitor = visitor

        self._sign = sign
        self._desk = SimpleNamespace(service=service)
        self._apps: dict[str, Litestar] = {}
        # A thread of its own, because who asks may be inside a running event loop: a notebook is.
        self._loop = ThreadPoolExecutor(1, thread_name_prefix="inside")

    def close(self) -> None:
        """End the thread that asks."""
        self._loop.shutdown()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Ask, or raise what was raised."""
        request.read()
        asked = self._loop.submit(lambda: asyncio.run(ask(self._app_of(request.url.path), request, "stores")))
        answer = asked.result()
        if self._raised:
            raise self._raised.pop()
        return answer

    def _app_of(self, path: str) -> Litestar:
        """The routes that begin as `path` does: to make all of them takes longer than most verbs do."""
        head = path.removeprefix(f"{PREFIX}/").partition("/")[0]
        if head not in self._apps:
            every = (take_push, *(one for noun in NOUNS for one in noun.HANDLERS))
            self._apps[head] = Litestar(
                route_handlers=[
                    Router(
                        path=PREFIX, route_handlers=[one for one in every if _begins(one, head)], guards=[self._sign]
                    )
                ],
                state=State({"desk": self._desk}),
                exception_handlers={HTTPException: answer_error, Exception: self._keep},
                request_max_body_size=None,
                openapi_config=None,
                logging_config=None,
            )
        return self._apps[head]

    def _keep(self, _: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        self._raised.append(error)
        return Response(b"", status_code=500)


@post("/push", status_code=200)
async def take_push(request: Request[Any, Any, Any]) -> Response[bytes]:
    """A push into the stores: a server has its own door for it, which lets many requests share a write."""
    pushes = request.app.state.desk.service.pushes
    columns = pushes.read("application/json", await request.body(), "")
    taken = await to_thread.run_sync(pushes.store, columns)
    status = 422 if taken.refused and not taken.accepted else 200
    return Response(msgspec.json.encode(taken), status_code=status, media_type="application/json")


def _begins(handler: HTTPRouteHandler, head: str) -> bool:
    return any(path.strip("/").partition("/")[0] == head for path in handler.paths)


async def ask(app: Application, request: httpx.Request, host: str) -> httpx.Response:
    """The answer of an application to a request that was read."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": request.content, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [(name.lower(), value) for name, value in request.headers.raw if name.lower() != b"host"]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": request.url.path,
        "raw_path": request.url.raw_path.partition(b"?")[0],
        "query_string": request.url.query,
        "root_path": "",
        "headers": [(b"host", host.encode("latin-1")), *headers],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    await app(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in sent)
    return httpx.Response(sent[0]["status"], headers=sent[0]["headers"], content=body, request=request)
