"""Taking away something that is configured: what that means, and the button."""

from __future__ import annotations

import msgspec
from anyio import to_thread
from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from watchkeeper.domain.access import Scope
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import needs
from watchkeeper.server.session import NAMELESS, PageRequest, visitor
from watchkeeper.watch.removing import Removal

LISTS = {"metric": "/metrics", "flag": "/flags", "system": "/systems", "team": "/teams"}
"""Where things of a kind are listed; the others are on the page of the setup."""
OWN = ("metric", "flag", "system")
"""The kinds of which each has a page."""


class RemovePage(msgspec.Struct, frozen=True, kw_only=True):
    """The page's record; `back` is where who does not want it goes."""

    found: Removal
    back: str


@get("/remove/{kind:str}/{name:str}", sync_to_thread=True, opt=needs(Scope.CONFIGURE))
def show_removal(request: PageRequest, kind: FromPath[str], name: FromPath[str]) -> Response[str]:
    """What it would mean, and the button, where nothing refers to it."""
    desk = desk_of(request)
    page = RemovePage(found=desk.service.removal(kind, name), back=_back(kind, name))
    return desk.page(request, "remove.html", page)


@post("/remove/{kind:str}/{name:str}", opt=needs(Scope.CONFIGURE))
async def remove(request: PageRequest, kind: FromPath[str], name: FromPath[str]) -> Redirect:
    """Take it away."""
    reader = visitor(request)
    by = reader.name if reader else NAMELESS
    await to_thread.run_sync(desk_of(request).service.remove, kind, name, by)
    return Redirect(LISTS.get(kind, "/setup"), status_code=303)


def _back(kind: str, name: str) -> str:
    return f"{LISTS[kind]}/{name}" if kind in OWN else LISTS.get(kind, "/setup")


HANDLERS = (show_removal, remove)
