"""Pushes have a lane of their own, past the application: of what one costs, its routing would be a sixth."""

from __future__ import annotations

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from watchkeeper.server.push import PREFIX, PushDesk, push_app
from watchkeeper.server.security import ALWAYS, HostCheck


class PushLane:
    """The application with the lane before it. What is no push, or names a host that is not ours, is left to `app`."""

    def __init__(self, app: ASGIApp, service: PushDesk, allowed_hosts: tuple[str, ...]) -> None:
        self._app = app
        self._push = push_app(service, ALWAYS)
        self._hosts = HostCheck(allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as ASGI wants it."""
        is_push = scope["type"] == ScopeType.HTTP and f"{scope['path']}/".startswith(f"{PREFIX}/")
        if not is_push or not self._hosts.lets_in(scope):
            await self._app(scope, receive, send)
            return
        await self._push(scope, receive, send)
