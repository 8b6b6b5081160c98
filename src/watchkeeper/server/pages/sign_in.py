"""Signing in by a one-time link, and out again."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromQuery
from litestar.response import Redirect

from watchkeeper.domain.access import Scope
from watchkeeper.server.desk import desk_of
from watchkeeper.server.errors import ErrorPage
from watchkeeper.server.guard import Open, needs
from watchkeeper.server.session import PageRequest, clean_name, visitor

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


class SignInPage(msgspec.Struct, frozen=True, kw_only=True):
    """The token waits in the form: only the button redeems it, so a link scanner that opens the page does not."""

    token: str


@get("/sign-in", sync_to_thread=True, opt=needs(Open.ANYONE))
def show(request: PageRequest, token: FromQuery[str] = "") -> Response[str]:
    """The page behind the link."""
    return desk_of(request).page(request, "sign_in.html", SignInPage(token=token))


@post("/sign-in", sync_to_thread=True, opt=needs(Open.ANYONE))
def redeem(request: PageRequest, data: Form) -> Response[str] | Redirect:
    """Redeem the token and begin a session."""
    desk = desk_of(request)
    key = desk.service.sign_in.redeem(data.get("token", ""), clean_name(data.get("name", "")))
    if key is None:
        page = ErrorPage(
            status=401,
            code="signed_out",
            title="This link no longer works",
            sentence="A link works once and for a short time. This one was used, is too old, or is not complete.",
            mend="Ask for a new link on the machine that runs Watchkeeper:",
        )
        return desk.page(request, "signed_out.html", page, status=401)
    cookie = desk.door.cookie_of(key, is_secure=request.url.scheme == "https")
    return Redirect("/", status_code=303, cookies=[cookie])


@post("/sign-out", sync_to_thread=True, opt=needs(Scope.READ))
def sign_out(request: PageRequest) -> Redirect:
    """End the session, here and in whatever copy of its cookie."""
    desk, reader = desk_of(request), visitor(request)
    if reader is not None and reader.key:
        desk.service.sign_in.end(reader.key)
    gone = Cookie(key=desk.door.session_cookie, value="", max_age=0, path="/", httponly=True, samesite="lax")
    return Redirect("/", status_code=303, cookies=[gone])


HANDLERS = (show, redeem, sign_out)
