"""Who may do what: people have a role, tokens have scopes, and a token never may more than its person."""

from __future__ import annotations

import enum
from collections.abc import Iterable

import msgspec

from watchkeeper.domain.errors import InputError


class Role(enum.Enum):
    """What a person is here for; each role may all that the one before it may."""

    VIEWER = "viewer"
    RESPONDER = "responder"
    EDITOR = "editor"
    ADMIN = "admin"


class Scope(enum.Enum):
    """A kind of deed: see, answer alerts, send points, change what is watched, manage people and tokens."""

    READ = "read"
    FEEDBACK = "feedback"
    PUSH = "push"
    CONFIGURE = "configure"
    ADMIN = "admin"


_VIEWER = frozenset({Scope.READ})
_RESPONDER = _VIEWER | {Scope.FEEDBACK}
_EDITOR = _RESPONDER | {Scope.PUSH, Scope.CONFIGURE}
RIGHTS = {
    Role.VIEWER: _VIEWER,
    Role.RESPONDER: _RESPONDER,
    Role.EDITOR: _EDITOR,
    Role.ADMIN: _EDITOR | {Scope.ADMIN},
}
"""The one table of what each role may do."""


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person with an account. `erased_at` (seconds UTC): the account is gone and `name` is a pseudonym."""

    id: int
    name: str
    role: Role
    created_at: int
    erased_at: int | None = None


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A key for programs, without its secret. Times are seconds UTC; `last_used_at` is exact to a minute."""

    id: int
    user: int
    label: str
    scopes: frozenset[Scope]
    created_at: int
    expires_at: int
    last_used_at: int | None = None
    revoked_at: int | None = None


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever calls, and what they may: the name that their deeds are signed with, and the scopes in force now.

    `user` is their account; None for the owner, who was signed in on the machine itself.
    """

    name: str
    scopes: frozenset[Scope]
    user: int | None = None

    @property
    def ident(self) -> str:
        """A name for what belongs to them that is no name of a person."""
        return "owner" if self.user is None else pseudonym(self.user)


def granted(role: Role, scopes: Iterable[Scope]) -> frozenset[Scope]:
    """Which of a token's scopes its person's role allows now: who loses a role loses it in every token at once."""
    return RIGHTS[role] & frozenset(scopes)


def pseudonym(user_id: int) -> str:
    """The name that stands in the logs for a person whose account was erased."""
    return f"person {user_id}"


def user_name(text: str) -> str:
    """A name on one line; InputError where it is empty, too long, or could be taken for an erased person's."""
    name = " ".join(text.split())
    if not name or len(name) > 60 or not name.isprintable():
        raise InputError("user: the name is empty, has signs that cannot be shown, or is over 60 letters; shorten it")
    head, _, tail = name.casefold().partition(" ")
    if head == "person" and tail.isdigit():
        raise InputError(f"user {name}: names like this stand for people who were erased; choose another")
    return name
