"""Signing in by a one-time link, and out again."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromQuery
from litestar.response import Redirect

from watchkeeper.server.desk import desk_of
from watchkeeper.server.errors import ErrorPage
from watchkeeper.server.session import PageRequest, Visitor, clean_name

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


class SignInPage(msgspec.Struct, frozen=True, kw_only=True):
    """The token waits in the form: only the button redeems it, so a link scanner that opens the page does not."""

    token: str


@get("/sign-in", sync_to_thread=True)
def show(request: PageRequest, token: FromQuery[str] = "") -> Response[str]:
    """The page behind the link."""
    return desk_of(request).page(request, "sign_in.html", SignInPage(token=token))


@post("/sign-in", sync_to_thread=True)
def redeem(request: PageRequest, data: Form) -> Response[str] | Redirect:
    """Redeem the token and begin a session."""
    desk = desk_of(request)
    key = desk.service.redeem(data.get("token", ""))
    if key is None:
        page = ErrorPage(
            status=401,
            title="This link no longer works",
            sentence="A link works once and for a short time. This one was used, is too old, or is not complete.",
            mend="Ask for a new link on the machine that runs Watchkeeper:",
        )
        return desk.page(request, "signed_out.html", page, status=401)
    reader = Visitor(key=key, name=clean_name(data.get("name", "")))
    cookie = desk.door.cookie_of(reader, is_secure=request.url.scheme == "https")
    return Redirect("/", status_code=303, cookies=[cookie])


@post("/sign-out", sync_to_thread=False)
def sign_out(request: PageRequest) -> Redirect:
    """Forget the session in this browser."""
    gone = Cookie(
        key=desk_of(request).door.session_cookie, value="", max_age=0, path="/", httponly=True, samesite="lax"
    )
    return Redirect("/", status_code=303, cookies=[gone])


OUTSIDE = (show, redeem)
INSIDE = (sign_out,)
