"""People: who calls, accounts, teams, tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from watchkeeper.domain.access import Role, Scope


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls, and what they may."""

    name: str
    scopes: tuple[Scope, ...]
    is_owner: bool


class UserRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A person with an account; an erased one has a pseudonym for a name.

    `still_named` is given by erasing: what works with the name, such as `channel mail`, and is to be changed by hand.
    """

    id: int
    name: str
    role: Role
    created_at: datetime
    erased_at: datetime | None
    still_named: tuple[str, ...] = ()


class UserList(msgspec.Struct, frozen=True, kw_only=True):
    """Every account, erased ones too."""

    items: list[UserRecord]
    next: str | None = None


class UserDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account to be made."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    role: Role = Role.VIEWER


class RoleDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person's new role."""

    role: Role


class LinkRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An address that signs one person in once, within a quarter of an hour."""

    address: str


class SignedOut(msgspec.Struct, frozen=True, kw_only=True):
    """How many sessions were ended."""

    sessions: int


class TeamDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What a team is to be: its members by the names of their accounts."""

    title: Annotated[str, msgspec.Meta(max_length=200)] = ""
    members: Annotated[tuple[str, ...], msgspec.Meta(max_length=1000)] = ()


class MemberDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is to join or leave a team, by the name of their account."""

    person: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class TeamRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A team, and the names of what it owns."""

    name: str
    title: str
    members: tuple[str, ...]
    metrics: tuple[str, ...]
    systems: tuple[str, ...]
    flags: tuple[str, ...]


class TeamList(msgspec.Struct, frozen=True, kw_only=True):
    """Every team, by name."""

    items: list[TeamRecord]
    next: str | None = None


class TokenRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An API token without its secret; `last_used_at` is exact to a minute."""

    id: int
    user: str
    label: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class TokenList(msgspec.Struct, frozen=True, kw_only=True):
    """Every token, revoked and expired ones too."""

    items: list[TokenRecord]
    next: str | None = None


class TokenDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token to be made for programs of `user`; `label` says what it is for."""

    user: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    label: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    scopes: Annotated[tuple[Scope, ...], msgspec.Meta(min_length=1, max_length=5)]
    days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 90


class NewToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token and its secret, which is shown this once."""

    token: TokenRecord
    secret: str
