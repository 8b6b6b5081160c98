"""The pages of feature flags: what each serves and why, the guard's questions, overrides by hand."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from anyio import to_thread
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect

from watchkeeper.domain.access import Scope
from watchkeeper.domain.errors import InputError
from watchkeeper.domain.times import parse_duration
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import demand, needs
from watchkeeper.server.session import PageRequest, visitor
from watchkeeper.watch.flag_views import FlagLine, FlagPage


class FlagsPage(msgspec.Struct, frozen=True, kw_only=True):
    """The page's record."""

    lines: tuple[FlagLine, ...]


class FlagForm(msgspec.Struct, frozen=True, kw_only=True):
    """What a form about a flag says."""

    act: Literal["override", "clear", "yes", "no", "trip", "rollout-yes", "rollout-no", "pause", "resume", "abort"]
    form_token: str = ""
    variant: str = ""
    lasting: str = "1h"
    note: str = ""


@get("/flags", sync_to_thread=True, opt=needs(Scope.READ))
def show_flags(request: PageRequest) -> Response[str]:
    """Every flag."""
    desk = desk_of(request)
    return desk.page(request, "flags.html", FlagsPage(lines=desk.service.flags.lines()))


@get("/flags/{name:str}", sync_to_thread=True, opt=needs(Scope.READ))
def show_flag(request: PageRequest, name: FromPath[str]) -> Response[str]:
    """One flag."""
    desk = desk_of(request)
    page: FlagPage = desk.service.flags.page(name)
    return desk.page(request, "flag.html", page)


@post("/flags/{name:str}", opt=needs(Scope.FEEDBACK))
async def change_flag(
    request: PageRequest,
    name: FromPath[str],
    data: Annotated[FlagForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Redirect:
    """Override, end an override, answer the guard or the roll-out, trip the one or steer the other."""
    reader = visitor(request)
    by = reader.name if reader else ""
    await to_thread.run_sync(_change, request, name, data, by)
    return Redirect(f"/flags/{name}", status_code=303)


def _change(request: PageRequest, name: str, said: FlagForm, by: str) -> None:
    flags = desk_of(request).service.flags
    if said.act in ("override", "clear", "pause", "resume", "abort"):
        demand(request, Scope.CONFIGURE)
    match said.act:
        case "override":
            if not said.variant:
                raise InputError("choose the variant that everybody gets")
            flags.override(name, said.variant, parse_duration(said.lasting), by, said.note)
        case "clear":
            flags.clear(name, by)
        case "trip":
            flags.trip(name, by, said.note)
        case "pause" | "resume" | "abort":
            flags.steer(name, said.act, by)
        case _:
            is_rollout = said.act.startswith("rollout")
            flags.answer(name, is_yes=said.act.endswith("yes"), by=by, is_rollout=is_rollout)


HANDLERS = (show_flags, show_flag, change_flag)
