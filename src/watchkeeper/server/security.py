"""What every request passes and every answer carries: the host check, and headers that leave a browser no room."""

from __future__ import annotations

from functools import lru_cache

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

_HEADERS = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


ALWAYS = (*_HEADERS, (b"cache-control", b"private, no-cache"))
"""What `add_headers` adds to an answer that has none of them."""


class WrongHostError(Exception):
    """The request names a host that this server does not answer for."""


class HostCheck(ASGIMiddleware):
    """Answers only for the hosts it is meant for.

    A page elsewhere can make a browser resolve its own name to 127.0.0.1 and read our pages as its own ("DNS
    rebinding"); the Host header still says its name.
    `/health` and `/ready` say nothing of anyone and are exempt, for probes by address.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(self, allowed: tuple[str, ...]) -> None:
        self._allowed = frozenset(host.lower() for host in allowed)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Pass the request on, or raise WrongHostError."""
        if scope["path"] not in ("/health", "/ready") and not self.lets_in(scope):
            raise WrongHostError(_host(scope))
        await next_app(scope, receive, send)

    def lets_in(self, scope: Scope) -> bool:
        """Whether the request names a host that this is meant for."""
        return without_port(_host(scope)) in self._allowed


def _host(scope: Scope) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")


@lru_cache(1_000)
def without_port(host: str) -> str:
    """`127.0.0.1` of `127.0.0.1:8321`, `[::1]` of `[::1]:8321`."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).lower()


async def add_headers(message: Message, _: Scope) -> None:
    """Every answer carries the security headers; pages are asked for anew each time unless they say otherwise."""
    if message["type"] != "http.response.start":
        return
    headers = list(message["headers"])
    present = {name.lower() for name, _ in headers}
    headers += [pair for pair in _HEADERS if pair[0] not in present]
    if b"cache-control" not in present:
        headers.append((b"cache-control", b"private, no-cache"))
    message["headers"] = headers
