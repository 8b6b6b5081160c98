"""The one guard before every route: who calls, and may they? A route that states no right is closed.

```python
@get("/told", opt=needs(Scope.READ))
```
"""

from __future__ import annotations

import enum
from typing import Any

from anyio import to_thread
from litestar import Request
from litestar.handlers import BaseRouteHandler

from watchkeeper.domain.access import Scope
from watchkeeper.domain.errors import AccessError
from watchkeeper.server.session import Connection, Door, visitor

FORM_TOKEN_HEADER = "x-form-token"  # noqa: S105 - a name, not a secret
"""Where a script of one of our pages puts the form token of a request that changes something."""

_SAFE = ("GET", "HEAD", "OPTIONS")
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class Open(enum.Enum):
    """What a route states that needs no right: ANYONE may, or the route asks for rights by ITSELF."""

    ANYONE = "anyone"
    ITSELF = "itself"


class ForgedFormError(Exception):
    """A form came without the token of this session: sent from elsewhere, or from a page of an earlier session."""


class SignedOutError(Exception):
    """A route that needs a right was asked for by nobody who is known."""


def needs(right: Scope | Open, *, is_read: bool = False) -> dict[str, Any]:
    """What a route's `opt` says of the right that it needs; `is_read` where it has a body and changes nothing."""
    return {"needs": right, "is_read": is_read}


async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
    """Let through whoever has the right that the route states.

    Raises SignedOutError where nobody is known, AccessError where they lack the right or the route states none, and
    ForgedFormError where a browser's request that changes something lacks the token of its session.
    """
    right, method = handler.opt.get("needs"), connection.scope.get("method")
    if method == "OPTIONS" or right is Open.ITSELF:
        return
    if right is None:
        raise AccessError(f"{connection.url.path}: nobody may, because this route does not say what right it needs")
    door: Door = connection.app.state.desk.door
    found = await to_thread.run_sync(door.visitor_of, connection) if _has_proof(connection, door) else None
    if found is not None:
        connection.state.visitor = found
    if isinstance(right, Scope):
        demand(connection, right)
    if method not in _SAFE and not (found is not None and not found.key):
        await _check_form(connection, door)


def demand(connection: Connection, right: Scope) -> None:
    """Go on only if the caller has the right: for a deed that needs more than its route does. Raises as `guard`."""
    found = visitor(connection)
    if found is None:
        raise SignedOutError
    if not found.may(right):
        raise AccessError(f"this needs the right “{right.value}”, which {found.name} does not have here")


async def _check_form(connection: Connection, door: Door) -> None:
    """A browser sends its cookie with whatever a page elsewhere makes it send; only our pages know the form token."""
    known = visitor(connection)
    binding = known.key if known else connection.cookies.get(door.visit_cookie, "")
    token = connection.headers.get(FORM_TOKEN_HEADER, "")
    if not token and connection.headers.get("content-type", "").startswith(_FORMS):
        request = connection if isinstance(connection, Request) else Request(connection.scope)
        token = str((await request.form()).get("form_token", ""))
    if not binding or not door.is_own_form(token, binding):
        raise ForgedFormError


def _has_proof(connection: Connection, door: Door) -> bool:
    return "authorization" in connection.headers or door.session_cookie in connection.cookies
