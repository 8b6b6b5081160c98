"""`/me`: who calls."""

from __future__ import annotations

from typing import Any

from litestar import Request, get

from watchkeeper.client.records import Me
from watchkeeper.domain.access import Scope
from watchkeeper.server.guard import needs
from watchkeeper.server.session import caller


@get("/me", sync_to_thread=False, opt=needs(Scope.READ), tags=["me"])
def show_me(request: Request[Any, Any, Any]) -> Me:
    """Who calls, and what they may."""
    found = caller(request)
    scopes = tuple(scope for scope in Scope if scope in found.scopes)
    return Me(name=found.name, scopes=scopes, is_owner=found.user is None)


HANDLERS = (show_me,)
