"""`/mcp`: agents over streamable HTTP (Model Context Protocol), each request with its own token and its rights.

The tools are those of `watchkeeper mcp`: calls of the client, which here asks this very application without a network.
Nothing is remembered between requests, so any number of servers may stand behind one address.
"""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, cast

import httpx
from anyio import from_thread, to_thread
from litestar import asgi
from litestar.connection import ASGIConnection
from litestar.handlers import ASGIRouteHandler
from litestar.types import Receive, Scope, Send

from watchkeeper.client import Client
from watchkeeper.server.guard import Open, needs
from watchkeeper.server.inside import Application, ask

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

PREFIX = "/mcp"
_REFUSED = b'{"error":"send a token: Authorization: Bearer ... (watchkeeper tokens make)"}'
_CALLER: ContextVar[Client] = ContextVar("caller")


class Agents:
    """The MCP server of an application: started at the first request, since many never see an agent."""

    def __init__(self) -> None:
        self._manager: StreamableHTTPSessionManager | None = None
        self._running: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._stop = asyncio.Event()

    async def answer(self, client: Client, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request as the client may."""
        async with self._starting:
            if self._manager is None:
                await self._start()
        assert self._manager is not None
        _CALLER.set(client)
        await self._manager.handle_request(cast(Any, scope), cast(Any, receive), cast(Any, send))

    async def close(self) -> None:
        """End it, if it was ever started."""
        self._stop.set()
        if self._running is not None:
            await self._running

    async def _start(self) -> None:
        from mcp.server.transport_security import TransportSecuritySettings

        from watchkeeper.client.agent import agent_server

        server = agent_server(cast(Client, _Speaking()))
        # The names by which this server may be called are checked before (`server.security.HostCheck`).
        security = TransportSecuritySettings(enable_dns_rebinding_protection=False)
        server.streamable_http_app(stateless_http=True, json_response=True, transport_security=security)
        started = asyncio.Event()
        self._running = asyncio.create_task(self._run(server.session_manager, started))
        await started.wait()
        self._manager = server.session_manager

    async def _run(self, manager: StreamableHTTPSessionManager, started: asyncio.Event) -> None:
        async with manager.run():
            started.set()
            await self._stop.wait()


class _Speaking:
    """The client of whoever makes the request that is answered now."""

    def __getattr__(self, name: str) -> Any:
        return getattr(_CALLER.get(), name)


class _Inside(httpx.BaseTransport):
    """Asks the application itself, from a worker thread of its event loop."""

    def __init__(self, app: Application, host: str) -> None:
        self._app = app
        self._host = host

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        return from_thread.run(ask, self._app, request, self._host)


def agents_door(agents: Agents) -> ASGIRouteHandler:
    """The route of agents."""

    @asgi(PREFIX, is_mount=True, copy_scope=True, opt=needs(Open.ITSELF))
    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        connection = ASGIConnection[Any, Any, Any, Any](scope)
        kind, _, token = connection.headers.get("authorization", "").partition(" ")
        door = scope["litestar_app"].state.desk.door
        found = await to_thread.run_sync(door.visitor_of, connection) if kind.lower() == "bearer" else None
        if found is None:
            headers = [(b"content-type", b"application/json"), (b"www-authenticate", b"Bearer")]
            await send({"type": "http.response.start", "status": 401, "headers": headers})
            await send({"type": "http.response.body", "body": _REFUSED, "more_body": False})
            return
        host = connection.headers.get("host", "")
        transport = _Inside(scope["litestar_app"], host)
        with Client("http://inside", token=token.strip(), transport=transport) as client:
            await agents.answer(client, scope, receive, send)

    return serve
