"""Behind a signed link of a message: what an answer would change, and the button that says it. Needs no account.

The token in the address is the proof, so that no session and no cookie is needed; opening the address says nothing.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath

from watchkeeper.domain.errors import GuardError, LinkError
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import Open, needs
from watchkeeper.server.session import PageRequest
from watchkeeper.watch.views import LinkPage

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
_GONE = 410


class SayPage(msgspec.Struct, frozen=True, kw_only=True):
    """The page's record: `broken` says why the link does not work, `price` what it would cost to say it even so."""

    action: str
    link: LinkPage | None = None
    broken: str = ""
    price: str = ""
    name: str = ""
    note: str = ""


@get("/say/{token:str}", sync_to_thread=True, opt=needs(Open.ITSELF))
def show_link(request: PageRequest, token: FromPath[str]) -> Response[str]:
    """What the link would do."""
    desk, action = desk_of(request), f"/say/{token}"
    try:
        page = SayPage(action=action, link=desk.service.one_click.page(token))
    except LinkError as error:
        return _broken(request, action, error)
    return desk.page(request, "say.html", page)


@post("/say/{token:str}", sync_to_thread=True, opt=needs(Open.ITSELF))
def say_link(request: PageRequest, token: FromPath[str], data: Form) -> Response[str]:
    """Do it; where a confirmed alert would be lost, ask a second time."""
    desk, action = desk_of(request), f"/say/{token}"
    name, note = data.get("name", ""), data.get("note", "")[:2000]
    try:
        link = desk.service.one_click.say(token, name, note, force="force" in data)
    except LinkError as error:
        return _broken(request, action, error)
    except GuardError as error:
        page = SayPage(action=action, link=desk.service.one_click.page(token), price=str(error), name=name, note=note)
        return desk.page(request, "say.html", page, status=409)
    return desk.page(request, "say.html", SayPage(action=action, link=link, name=name))


@post("/say/{token:str}/undo", sync_to_thread=True, opt=needs(Open.ITSELF))
def undo_link(request: PageRequest, token: FromPath[str], data: Form) -> Response[str]:
    """Take it back."""
    desk, action = desk_of(request), f"/say/{token}"
    try:
        link = desk.service.one_click.undo(token, data.get("name", ""))
    except LinkError as error:
        return _broken(request, action, error)
    return desk.page(request, "say.html", SayPage(action=action, link=link))


def _broken(request: PageRequest, action: str, error: LinkError) -> Response[str]:
    text = str(error)
    page = SayPage(action=action, broken=f"{text[:1].upper()}{text[1:]}.")
    return desk_of(request).page(request, "say.html", page, status=_GONE)


HANDLERS = (show_link, say_link, undo_link)
