"""`/tokens`: keys for programs. For admins."""

from __future__ import annotations

from typing import Any

from litestar import Request, delete, get, post
from litestar.params import JSONBody

from watchkeeper.client.records import NewToken, TokenDraft, TokenList, TokenRecord
from watchkeeper.domain.access import Scope, Token
from watchkeeper.domain.errors import NotFoundError
from watchkeeper.domain.times import DAY
from watchkeeper.server.api.common import MANY, Cursor, Id, Many, page_of, to_datetime
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import needs
from watchkeeper.server.session import caller

TAGS = ["tokens"]


def token_record(token: Token, user: str) -> TokenRecord:
    """A token as the API gives it."""
    return TokenRecord(
        id=token.id,
        user=user,
        label=token.label,
        scopes=tuple(scope for scope in Scope if scope in token.scopes),
        created_at=to_datetime(token.created_at),
        expires_at=to_datetime(token.expires_at),
        last_used_at=None if token.last_used_at is None else to_datetime(token.last_used_at),
        revoked_at=None if token.revoked_at is None else to_datetime(token.revoked_at),
    )


@get("/tokens", sync_to_thread=True, opt=needs(Scope.ADMIN), tags=TAGS)
def list_tokens(request: Request[Any, Any, Any], limit: Many = MANY, cursor: Cursor = "") -> TokenList:
    """Every token, without its secret."""
    page, more = page_of(desk_of(request).service.access.all_tokens(), lambda one: one[0].id, limit, cursor)
    return TokenList(items=[token_record(*one) for one in page], next=more)


@post("/tokens", sync_to_thread=True, opt=needs(Scope.ADMIN), is_secret=True, tags=TAGS)
def make_token(request: Request[Any, Any, Any], data: JSONBody[TokenDraft]) -> NewToken:
    """A token and its secret, shown this once. 422 where a scope is beyond the person's role."""
    secret, token = desk_of(request).service.access.make_token(
        data.user, data.label, data.scopes, lifetime_s=data.days * DAY, by=caller(request).name
    )
    return NewToken(token=token_record(token, data.user), secret=secret)


@delete("/tokens/{token_id:int}", sync_to_thread=True, status_code=200, opt=needs(Scope.ADMIN), tags=TAGS)
def revoke_token(request: Request[Any, Any, Any], token_id: Id) -> TokenRecord:
    """End a token now; one that is revoked already stays so."""
    access = desk_of(request).service.access
    access.revoke_token(token_id, by=caller(request).name)
    for token, user in access.all_tokens():
        if token.id == token_id:
            return token_record(token, user)
    raise NotFoundError(f"no token {token_id}")


HANDLERS = (list_tokens, make_token, revoke_token)
