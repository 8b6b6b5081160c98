"""Who is there: the session cookie or a bearer token, and the token that proves a form came from one of our pages."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Any

import msgspec
from itsdangerous import URLSafeTimedSerializer
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie

from watchkeeper.domain.access import Caller, Scope
from watchkeeper.server.facade import Service

NAMELESS = "someone"
_LIFETIME_S = 30 * 86400
_NAME_LENGTH = 60

Connection = ASGIConnection[Any, Any, Any, Any]
PageRequest = Request[Any, Any, Any]


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever calls. `key` is their session's; empty for a token, whose requests no browser sends by itself."""

    key: str
    caller: Caller

    @property
    def name(self) -> str:
        """The name that their deeds are signed with."""
        return self.caller.name or NAMELESS

    def may(self, scope: Scope) -> bool:
        """Whether they may do deeds of that kind."""
        return scope in self.caller.scopes


class Door:
    """Knows callers by cookie or token. Cookie names carry a hash of the secret: ports of one host share cookies."""

    def __init__(self, service: Service, secret: bytes) -> None:
        self._service = service
        self._secret = secret
        place = hashlib.sha256(secret).hexdigest()[:8]
        self.session_cookie = f"watchkeeper_session_{place}"
        self.visit_cookie = f"watchkeeper_visit_{place}"

    def cookie_of(self, key: str, *, is_secure: bool) -> Cookie:
        """The session as a cookie that scripts cannot read and other sites cannot send with a form."""
        return _cookie(self.session_cookie, key, is_secure=is_secure, max_age=_LIFETIME_S)

    def visit_of(self, request: PageRequest) -> tuple[str, Cookie | None]:
        """A random mark of this browser, for forms before a session exists, and the cookie to set where it has none."""
        known = request.cookies.get(self.visit_cookie)
        if known:
            return known, None
        mark = secrets.token_urlsafe(16)
        return mark, _cookie(self.visit_cookie, mark, is_secure=request.url.scheme == "https", max_age=3600)

    def visitor_of(self, connection: Connection) -> Visitor | None:
        """Whoever the token names, or else the cookie. A cookie does not save a bad token."""
        kind, _, token = connection.headers.get("authorization", "").partition(" ")
        if kind:
            found = self._service.access.caller_of(token.strip()) if kind.lower() == "bearer" else None
            return None if found is None else Visitor(key="", caller=found)
        key = connection.cookies.get(self.session_cookie)
        caller = self._service.sign_in.caller(key) if key else None
        return None if caller is None or key is None else Visitor(key=key, caller=caller)

    def signer(self, purpose: str) -> URLSafeTimedSerializer:
        """Signs what a browser carries for us for one purpose."""
        return URLSafeTimedSerializer(self._secret, salt=f"watchkeeper {purpose}")

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
    """The name to sign answers with, on one line; empty where none was given."""
    return " ".join(text.split())[:_NAME_LENGTH]


def visitor(request: Connection) -> Visitor | None:
    """Whoever sent this request: set by the guard; None where nobody is known."""
    found = request.scope.get("state", {}).get("visitor")
    return found if isinstance(found, Visitor) else None


def caller(request: Connection) -> Caller:
    """Whoever sent this request, where the guard let nobody in without a right."""
    found = visitor(request)
    assert found is not None
    return msgspec.structs.replace(found.caller, name=found.name)


def _cookie(name: str, value: str, *, is_secure: bool, max_age: int) -> Cookie:
    return Cookie(key=name, value=value, httponly=True, samesite="lax", secure=is_secure, max_age=max_age, path="/")
