"""The pages of systems: how each ML feature fares, what it lacks for production, its ML Test Score."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from anyio import to_thread
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect

from watchkeeper.domain.access import Scope
from watchkeeper.domain.readiness import SECTIONS
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import needs
from watchkeeper.server.numbers import finite
from watchkeeper.server.session import PageRequest, visitor
from watchkeeper.watch.system_views import SystemLine, SystemPage


class SystemsPage(msgspec.Struct, frozen=True, kw_only=True):
    """The record of the list."""

    lines: tuple[SystemLine, ...]


class OnePage(msgspec.Struct, frozen=True, kw_only=True):
    """The record of one system's page."""

    shown: SystemPage
    sections: dict[str, dict[str, str]]


class TestForm(msgspec.Struct, frozen=True, kw_only=True):
    """What a form about a test says."""

    test: str
    points: Literal["0", "0.5", "1"]
    form_token: str = ""
    note: str = ""


@get("/systems", sync_to_thread=True, opt=needs(Scope.READ))
def show_systems(request: PageRequest) -> Response[str]:
    """Every system."""
    desk = desk_of(request)
    return desk.page(request, "systems.html", SystemsPage(lines=desk.service.systems.lines()))


@get("/systems/{name:str}", sync_to_thread=True, opt=needs(Scope.READ))
def show_system(request: PageRequest, name: FromPath[str]) -> Response[str]:
    """One system."""
    desk = desk_of(request)
    page = OnePage(shown=desk.service.systems.page(name), sections=SECTIONS)
    return desk.page(request, "system.html", page)


@post("/systems/{name:str}", opt=needs(Scope.CONFIGURE))
async def say_test(
    request: PageRequest,
    name: FromPath[str],
    data: Annotated[TestForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Redirect:
    """Say how far one test is."""
    reader = visitor(request)
    by = reader.name if reader else ""
    systems = desk_of(request).service.systems
    await to_thread.run_sync(systems.say, name, data.test, finite(data.points, "points"), by, data.note)
    return Redirect(f"/systems/{name}#test-score", status_code=303)


HANDLERS = (show_systems, show_system, say_test)
