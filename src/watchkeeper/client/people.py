"""The client's verbs for admins: accounts, teams, tokens, the audit log, and how long things are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from watchkeeper.client.records import (
    AuditPage,
    AuditRecord,
    LinkRecord,
    MemberDraft,
    NewToken,
    RetentionRecord,
    RoleDraft,
    SignedOut,
    TeamDraft,
    TeamList,
    TeamRecord,
    TokenDraft,
    TokenList,
    TokenRecord,
    UserDraft,
    UserList,
    UserRecord,
)
from watchkeeper.client.wire import Wire
from watchkeeper.domain.access import Role, Scope


class People:
    """A part of `Client`."""

    _wire: Wire

    def users(self) -> list[UserRecord]:
        """Every account, erased ones too."""
        return [one for page in self._wire.pages(UserList, "/users") for one in page.items]

    def add_user(self, name: str, role: Role = Role.VIEWER) -> UserRecord:
        """Make an account."""
        return self._wire.ask(UserRecord, "POST", "/users", body=UserDraft(name=name, role=role))

    def set_role(self, user_id: int, role: Role) -> UserRecord:
        """Give a person another role."""
        return self._wire.ask(UserRecord, "PATCH", f"/users/{user_id}", body=RoleDraft(role=role))

    def erase_user(self, user_id: int, *, dry_run: bool = False) -> UserRecord:
        """Erase an account. Cannot be undone; with `dry_run` nothing is erased."""
        return self._wire.ask(UserRecord, "DELETE", f"/users/{user_id}", dry_run=str(dry_run).lower())

    def sign_in_link(self, user_id: int) -> str:
        """An address that signs the person in once."""
        return self._wire.ask(LinkRecord, "POST", f"/users/{user_id}/link").address

    def sign_out(self, user_id: int) -> int:
        """End every session of a person; how many there were."""
        return self._wire.ask(SignedOut, "POST", f"/users/{user_id}/sign-out").sessions

    def teams(self) -> list[TeamRecord]:
        """Every team with what it owns."""
        return [one for page in self._wire.pages(TeamList, "/teams") for one in page.items]

    def team(self, name: str) -> TeamRecord:
        """One team with what it owns."""
        return self._wire.ask(TeamRecord, "GET", f"/teams/{name}")

    def put_team(self, name: str, *, title: str = "", members: Sequence[str] = ()) -> TeamRecord:
        """Make a team, or change the one of that name."""
        return self._wire.ask(TeamRecord, "PUT", f"/teams/{name}", body=TeamDraft(title=title, members=tuple(members)))

    def join_team(self, name: str, person: str) -> TeamRecord:
        """Add a person to a team."""
        return self._wire.ask(TeamRecord, "POST", f"/teams/{name}/join", body=MemberDraft(person=person))

    def leave_team(self, name: str, person: str) -> TeamRecord:
        """Take a person out of a team."""
        return self._wire.ask(TeamRecord, "POST", f"/teams/{name}/leave", body=MemberDraft(person=person))

    def remove_team(self, name: str) -> TeamRecord:
        """Take a team away that owns nothing."""
        return self._wire.ask(TeamRecord, "DELETE", f"/teams/{name}")

    def tokens(self) -> list[TokenRecord]:
        """Every token, without its secret."""
        return [one for page in self._wire.pages(TokenList, "/tokens") for one in page.items]

    def make_token(self, user: str, label: str, scopes: Iterable[Scope], *, days: int = 90) -> NewToken:
        """A token for programs of a person, and its secret, which is shown this once."""
        draft = TokenDraft(user=user, label=label, scopes=tuple(scopes), days=days)
        return self._wire.ask(NewToken, "POST", "/tokens", body=draft)

    def revoke_token(self, token_id: int) -> TokenRecord:
        """End a token now."""
        return self._wire.ask(TokenRecord, "DELETE", f"/tokens/{token_id}")

    def audit(self) -> Iterator[AuditRecord]:
        """Who changed what, the newest first."""
        for page in self._wire.pages(AuditPage, "/audit"):
            yield from page.items

    def retention(self) -> RetentionRecord:
        """How long things are kept, and what is older and would go."""
        return self._wire.ask(RetentionRecord, "GET", "/retention")

    def apply_retention(self) -> RetentionRecord:
        """Remove now what is older."""
        return self._wire.ask(RetentionRecord, "POST", "/retention/apply")
