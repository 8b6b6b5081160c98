"""To the OpenID Connect provider and back."""

from __future__ import annotations

import hmac

import msgspec
from itsdangerous import BadData, URLSafeTimedSerializer
from litestar import get
from litestar.datastructures import Cookie
from litestar.response import Redirect

from watchkeeper.domain.errors import AccessError, NotFoundError
from watchkeeper.domain.oidc import role_of
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import Open, needs
from watchkeeper.server.oidc import Journey, Provider, account_of
from watchkeeper.server.session import PageRequest

PATH, BACK = "/sign-in/oidc", "/sign-in/oidc/back"
_COOKIE = "watchkeeper_journey"
_LASTS_S = 600


@get(PATH, sync_to_thread=True, opt=needs(Open.ANYONE))
def leave(request: PageRequest) -> Redirect:
    """Send the browser to the provider."""
    provider = _provider(request)
    base = provider.settings.address or str(request.base_url)
    address, journey = provider.begin(base.rstrip("/") + BACK)
    value = str(_signer(request).dumps(msgspec.to_builtins(journey)))
    return Redirect(address, status_code=303, cookies=[_cookie(request, value, _LASTS_S)])


@get(BACK, sync_to_thread=True, opt=needs(Open.ANYONE))
def arrive(request: PageRequest) -> Redirect:
    """Begin a session for whom the provider vouches; only in the browser that left from here."""
    provider = _provider(request)
    code, state, error = (request.query_params.get(name, "") for name in ("code", "state", "error"))
    try:
        carried = _signer(request).loads(request.cookies.get(_COOKIE, ""), max_age=_LASTS_S)
        journey = msgspec.convert(carried, Journey)
    except (BadData, msgspec.ValidationError):
        raise AccessError("this browser did not set out from here in the last ten minutes; sign in again") from None
    if not hmac.compare_digest(state.encode(), journey.state.encode()):
        raise AccessError("the provider's answer belongs to another sign-in; sign in again")
    if error or not code:
        raise AccessError(f"the provider refused ({error[:100] or 'no code'})")
    claims = provider.claims(code, journey)
    desk = desk_of(request)
    key = desk.service.sign_in.vouched(account_of(provider.settings, claims), role_of(provider.settings, claims))
    if key is None:
        raise AccessError("the provider knows you, but nothing that it says of you gives you a role here")
    session = desk.door.cookie_of(key, is_secure=request.url.scheme == "https")
    return Redirect("/", status_code=303, cookies=[session, _cookie(request, "", 0)])


def _provider(request: PageRequest) -> Provider:
    provider = desk_of(request).provider
    if provider is None:
        raise NotFoundError("no OpenID Connect provider is set up: see `watchkeeper serve --oidc`")
    return provider


def _signer(request: PageRequest) -> URLSafeTimedSerializer:
    return desk_of(request).door.signer("oidc journey")


def _cookie(request: PageRequest, value: str, max_age: int) -> Cookie:
    is_secure = request.url.scheme == "https"
    return Cookie(key=_COOKIE, value=value, max_age=max_age, path=PATH, httponly=True, samesite="lax", secure=is_secure)


HANDLERS = (leave, arrive)
