"""Accounts, tokens and the audit log, for admins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, QueryParameter

from watchkeeper.domain.access import Caller, Role, Scope, Token, User, pseudonym
from watchkeeper.domain.errors import InputError
from watchkeeper.domain.times import DAY
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import needs
from watchkeeper.server.session import PageRequest, caller
from watchkeeper.server.words import plural

if TYPE_CHECKING:
    from watchkeeper.watch.teams import TeamLine

AUDIT_LINES = 50
_Before = Annotated[int | None, QueryParameter(ge=1, le=2**53)]


class TokenLine(msgspec.Struct, frozen=True, kw_only=True):
    """A token, whose it is, and whether it still opens anything."""

    token: Token
    user: str
    scopes: str
    is_living: bool


class PeoplePage(msgspec.Struct, frozen=True, kw_only=True):
    """The page's record. `done` says what was just done; `secret` is shown this once."""

    users: tuple[User, ...]
    teams: tuple[TeamLine, ...]
    erased: int
    tokens: tuple[TokenLine, ...]
    roles: tuple[str, ...]
    scopes: tuple[str, ...]
    done: str
    secret: str


class AuditLine(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody did something at a time (seconds UTC)."""

    by: str
    at: int
    what: str
    detail: str


class AuditPage(msgspec.Struct, frozen=True, kw_only=True):
    """The page's record: the newest first; `earlier` is the address of what came before."""

    lines: tuple[AuditLine, ...]
    earlier: str


class PeopleForm(msgspec.Struct, frozen=True, kw_only=True):
    """What a form about people says; `user` is an id, or for a new account `name`."""

    act: Literal["add", "role", "link", "sign_out", "erase", "make_token", "revoke_token"]
    form_token: str = ""
    user: int = 0
    name: str = ""
    role: str = "viewer"
    label: str = ""
    scope: str | list[str] = []
    days: int = 90
    token: int = 0
    is_sure: str = ""


Form = Annotated[PeopleForm, Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/people", sync_to_thread=True, opt=needs(Scope.ADMIN))
def show_people(request: PageRequest) -> Response[str]:
    """Every account and every token."""
    return _page(request)


@post("/people", sync_to_thread=True, status_code=200, opt=needs(Scope.ADMIN))
def change_people(request: PageRequest, data: Form) -> Response[str]:
    """Do what the form says, and show the page anew: a link or a secret is on it this once."""
    service, by = desk_of(request).service, caller(request).name
    access, secret = service.access, ""
    if data.act == "add":
        done = f"{access.add_user(data.name, _role(data), by=by).name} has an account."
    elif data.act == "revoke_token":
        access.revoke_token(data.token, by=by)
        done = f"Token {data.token} is revoked."
    else:
        user = access.user_of(data.user)
        if data.act == "role":
            done = f"{user.name} is {access.set_role(user.name, _role(data), by=by).role.value} now."
        elif data.act == "link":
            secret = service.sign_in.make_link(str(request.base_url), user.name, by=by)
            done = f"This link signs {user.name} in once, within a quarter of an hour. It is not shown again."
        elif data.act == "sign_out":
            count = service.sign_in.end_all(Caller(name=user.name, scopes=frozenset(), user=user.id), by=by)
            done = f"{user.name} is signed out everywhere: {plural(count, 'session')} ended."
        elif data.act == "erase":
            if not data.is_sure:
                raise InputError(f"erasing {user.name} cannot be undone: tick the box to say that you are sure")
            left = access.still_named(user.name)
            access.erase_user(user.name, by=by)
            done = f"The account is erased; what it signed bears the name {pseudonym(user.id)}."
            if left:
                done += f" Still named in {', '.join(left)}: that works with the name; change it by hand."
        else:
            scopes = [_scope(one) for one in ([data.scope] if isinstance(data.scope, str) else data.scope)]
            secret, token = access.make_token(user.name, data.label, scopes, lifetime_s=data.days * DAY, by=by)
            done = f"Token {token.id} of {user.name}. Keep it now: it is not shown again."
    return _page(request, done, secret)


@get("/audit", sync_to_thread=True, opt=needs(Scope.ADMIN))
def show_audit(request: PageRequest, before: _Before = None) -> Response[str]:
    """Who changed what."""
    desk = desk_of(request)
    found = desk.service.access.changes(AUDIT_LINES + 1, before)
    lines = tuple(AuditLine(by=one.by, at=one.at, what=one.what, detail=one.detail) for one in found[:AUDIT_LINES])
    earlier = f"/audit?before={found[AUDIT_LINES - 1].id}" if len(found) > AUDIT_LINES else ""
    return desk.page(request, "audit.html", AuditPage(lines=lines, earlier=earlier))


def _page(request: PageRequest, done: str = "", secret: str = "") -> Response[str]:
    desk = desk_of(request)
    users = desk.service.access.all_users()
    page = PeoplePage(
        users=tuple(user for user in users if user.erased_at is None),
        teams=desk.service.teams.lines(),
        erased=sum(user.erased_at is not None for user in users),
        tokens=tuple(
            TokenLine(
                token=token,
                user=name,
                scopes=", ".join(scope.value for scope in Scope if scope in token.scopes),
                is_living=token.revoked_at is None,
            )
            for token, name in desk.service.access.all_tokens()
        ),
        roles=tuple(role.value for role in Role),
        scopes=tuple(scope.value for scope in Scope),
        done=done,
        secret=secret,
    )
    return desk.page(request, "people.html", page)


def _role(form: PeopleForm) -> Role:
    try:
        return Role(form.role)
    except ValueError:
        raise InputError(f"role: use one of {', '.join(role.value for role in Role)}") from None


def _scope(text: str) -> Scope:
    try:
        return Scope(text)
    except ValueError:
        raise InputError(f"scope: use {', '.join(scope.value for scope in Scope)}") from None


HANDLERS = (show_people, change_people, show_audit)
