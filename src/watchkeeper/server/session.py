"""Who is there: the signed session cookie, and the token that proves a form came from one of our own pages."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Any

import msgspec
from anyio import to_thread
from itsdangerous import BadData, URLSafeTimedSerializer
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.handlers import BaseRouteHandler

from watchkeeper.server.facade import Service

NAMELESS = "someone"
_LIFETIME_S = 30 * 86400
_NAME_LENGTH = 60

Connection = ASGIConnection[Any, Any, Any, Any]
PageRequest = Request[Any, Any, Any]


class SignedOutError(Exception):
    """A page was asked for without a living session."""


class ForgedFormError(Exception):
    """A form came without the token of this session: sent from elsewhere, or from a page of an earlier session."""


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """A signed-in reader: the session's key and the name that answers are signed with."""

    key: str
    name: str


class Door:
    """Reads and writes the cookies. Cookie names carry a hash of the secret: ports of one host share their cookies."""

    def __init__(self, service: Service, secret: bytes) -> None:
        self._service = service
        self._secret = secret
        self._signer = URLSafeTimedSerializer(secret, salt="watchkeeper session")
        place = hashlib.sha256(secret).hexdigest()[:8]
        self.session_cookie = f"watchkeeper_session_{place}"
        self.visit_cookie = f"watchkeeper_visit_{place}"

    def cookie_of(self, visitor: Visitor, *, is_secure: bool) -> Cookie:
        """The session as a cookie that scripts cannot read and other sites cannot send with a form."""
        value = self._signer.dumps([visitor.key, visitor.name])
        return _cookie(self.session_cookie, str(value), is_secure=is_secure, max_age=_LIFETIME_S)

    def visit_of(self, request: PageRequest) -> tuple[str, Cookie | None]:
        """A random mark of this browser, for forms before a session exists, and the cookie to set where it has none."""
        known = request.cookies.get(self.visit_cookie)
        if known:
            return known, None
        mark = secrets.token_urlsafe(16)
        return mark, _cookie(self.visit_cookie, mark, is_secure=request.url.scheme == "https", max_age=3600)

    def visitor_of(self, connection: Connection) -> Visitor | None:
        """The reader whom the cookie names, if it is ours and the session lives."""
        value = connection.cookies.get(self.session_cookie)
        if not value:
            return None
        try:
            key, name = self._signer.loads(value, max_age=_LIFETIME_S)
        except (BadData, ValueError, TypeError):
            return None
        return Visitor(key=key, name=name) if self._service.is_signed_in(key) else None

    def form_token(self, binding: str) -> str:
        """A token for forms, different on every page (so that compression tells nothing of it)."""
        salt = secrets.token_hex(8)
        return f"{salt}.{self._sign(salt, binding)}"

    def is_own_form(self, token: str, binding: str) -> bool:
        """Whether the token was made here for this binding."""
        salt, _, signature = token.partition(".")
        return bool(signature) and hmac.compare_digest(signature.encode(), self._sign(salt, binding).encode())

    def _sign(self, salt: str, binding: str) -> str:
        return hmac.new(self._secret, f"form {salt} {binding}".encode(), hashlib.sha256).hexdigest()


def clean_name(text: str) -> str:
    """The name to sign answers with, on one line."""
    return " ".join(text.split())[:_NAME_LENGTH] or NAMELESS


def visitor(request: PageRequest) -> Visitor | None:
    """The reader of this request: set by `signed_in`; None on pages that need no session."""
    found = request.scope.get("state", {}).get("visitor")
    return found if isinstance(found, Visitor) else None


async def signed_in(connection: Connection, _: BaseRouteHandler) -> None:
    """Guard: only with a living session."""
    door: Door = connection.app.state.desk.door
    found = await to_thread.run_sync(door.visitor_of, connection)
    if found is None:
        raise SignedOutError
    connection.state.visitor = found


async def own_form(connection: Connection, _: BaseRouteHandler) -> None:
    """Guard: a request that changes something carries the token of its session, or of its visit before there is one."""
    if connection.scope.get("method") in ("GET", "HEAD", "OPTIONS"):
        return
    request = connection if isinstance(connection, Request) else Request(connection.scope)
    door: Door = connection.app.state.desk.door
    known = visitor(request)
    binding = known.key if known else connection.cookies.get(door.visit_cookie, "")
    token = (await request.form()).get("form_token", "")
    if not binding or not door.is_own_form(str(token), binding):
        raise ForgedFormError


def _cookie(name: str, value: str, *, is_secure: bool, max_age: int) -> Cookie:
    return Cookie(key=name, value=value, httponly=True, samesite="lax", secure=is_secure, max_age=max_age, path="/")
