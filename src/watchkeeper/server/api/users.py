"""`/users`: accounts, roles, sign-in links, erasure. For admins."""

from __future__ import annotations

from typing import Any

from litestar import Request, delete, get, patch, post
from litestar.params import FromQuery, JSONBody

from watchkeeper.client.records import LinkRecord, RoleDraft, SignedOut, UserDraft, UserList, UserRecord
from watchkeeper.domain.access import Caller, Scope, User
from watchkeeper.server.api.common import MANY, Cursor, Id, Many, page_of, to_datetime
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import needs
from watchkeeper.server.session import caller

TAGS = ["users"]


def user_record(user: User, still_named: tuple[str, ...] = ()) -> UserRecord:
    """An account as the API gives it."""
    return UserRecord(
        id=user.id,
        name=user.name,
        role=user.role,
        created_at=to_datetime(user.created_at),
        erased_at=None if user.erased_at is None else to_datetime(user.erased_at),
        still_named=still_named,
    )


@get("/users", sync_to_thread=True, opt=needs(Scope.ADMIN), tags=TAGS)
def list_users(request: Request[Any, Any, Any], limit: Many = MANY, cursor: Cursor = "") -> UserList:
    """Every account, erased ones too."""
    page, more = page_of(desk_of(request).service.access.all_users(), lambda one: one.id, limit, cursor)
    return UserList(items=[user_record(one) for one in page], next=more)


@post("/users", sync_to_thread=True, opt=needs(Scope.ADMIN), tags=TAGS)
def add_user(request: Request[Any, Any, Any], data: JSONBody[UserDraft]) -> UserRecord:
    """Make an account. 422 where the name is taken."""
    return user_record(desk_of(request).service.access.add_user(data.name, data.role, by=caller(request).name))


@patch("/users/{user_id:int}", sync_to_thread=True, opt=needs(Scope.ADMIN), tags=TAGS)
def change_role(request: Request[Any, Any, Any], user_id: Id, data: JSONBody[RoleDraft]) -> UserRecord:
    """Give a person another role, in force from their next request on, in their tokens too."""
    access = desk_of(request).service.access
    return user_record(access.set_role(access.user_of(user_id).name, data.role, by=caller(request).name))


@delete("/users/{user_id:int}", sync_to_thread=True, status_code=200, opt=needs(Scope.ADMIN), tags=TAGS)
def erase_user(request: Request[Any, Any, Any], user_id: Id, dry_run: FromQuery[bool] = False) -> UserRecord:
    """Erase an account: sessions and tokens end, a pseudonym stands wherever the name stood. Cannot be undone.

    With `dry_run` nothing is erased; `still_named` says what would have to be changed by hand.
    """
    access = desk_of(request).service.access
    known = access.user_of(user_id)
    left = access.still_named(known.name)
    return user_record(known if dry_run else access.erase_user(known.name, by=caller(request).name), left)


@post("/users/{user_id:int}/link", sync_to_thread=True, opt=needs(Scope.ADMIN), is_secret=True, tags=TAGS)
def make_link(request: Request[Any, Any, Any], user_id: Id) -> LinkRecord:
    """A link that signs the person in once."""
    service = desk_of(request).service
    name = service.access.user_of(user_id).name
    return LinkRecord(address=service.sign_in.make_link(str(request.base_url), name, by=caller(request).name))


@post("/users/{user_id:int}/sign-out", sync_to_thread=True, status_code=200, opt=needs(Scope.ADMIN), tags=TAGS)
def sign_out(request: Request[Any, Any, Any], user_id: Id) -> SignedOut:
    """End every session of a person."""
    service = desk_of(request).service
    user = service.access.user_of(user_id)
    them = Caller(name=user.name, scopes=frozenset(), user=user.id)
    return SignedOut(sessions=service.sign_in.end_all(them, by=caller(request).name))


HANDLERS = (list_users, add_user, change_role, erase_user, make_link, sign_out)
