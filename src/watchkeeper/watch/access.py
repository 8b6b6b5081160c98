"""People, their tokens, and the log of who changed what. The ledger alone is enough, beside a running server too."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from watchkeeper.domain.access import RIGHTS, Caller, Role, Scope, Token, User, granted, pseudonym, user_name
from watchkeeper.domain.errors import InputError
from watchkeeper.domain.times import DAY
from watchkeeper.stores.ledger import Ledger, Seen, audit, erasure, replies, seen, sessions, tokens, users

LONGEST_TOKEN_S = 366 * DAY
_LAST_USED_EXACT_TO_S = 60


class Access:
    """Accounts, tokens and the audit log of a ledger. Methods may be called from any thread."""

    def __init__(self, ledger: Ledger, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._clock = clock

    def add_user(self, name: str, role: Role, *, by: str) -> User:
        """Make an account; InputError where the name is taken or cannot be one."""
        now = self._now()
        with self._ledger.write() as tx:
            made = users.add(tx, user_name(name), role, now)
            # The audit log names people by number, so that erasing one leaves no name in its details.
            audit.add(tx, by, now, "users add", f"{pseudonym(made.id)}, {role.value}")
        return made

    def set_role(self, name: str, role: Role, *, by: str) -> User:
        """Give a person another role, in force from their next request on; NotFoundError."""
        now = self._now()
        with self._ledger.write() as tx:
            known = users.named(tx, name)
            if known.role is not role:
                users.set_role(tx, known.id, role)
                audit.add(tx, by, now, "users role", f"{pseudonym(known.id)}, {known.role.value} to {role.value}")
            return users.named(tx, name)

    def erase_user(self, name: str, *, by: str) -> User:
        """Close an account, end its tokens and sessions, put a pseudonym wherever its name stood; NotFoundError.

        What works with the name keeps it: see `still_named`.
        """
        now = self._now()
        with self._ledger.write() as tx:
            known = users.named(tx, name)
            tokens.forget_of(tx, known.id)
            sessions.end_all(tx, known.id)
            replies.forget_of(tx, pseudonym(known.id))
            gone = erasure.erase(tx, known, now)
            audit.add(tx, gone.name if by == known.name else by, now, "users erase", gone.name)
        return gone

    def still_named(self, name: str) -> tuple[str, ...]:
        """Where a name stands and stays after erasing, because something works with it, such as `channel mail`."""
        with self._ledger.read() as tx:
            return erasure.still_named(tx, name)

    def user(self, name: str) -> User:
        """The account of that name, in any case of its letters; NotFoundError."""
        with self._ledger.read() as tx:
            return users.named(tx, name)

    def user_of(self, user_id: int) -> User:
        """The account with that id; NotFoundError."""
        with self._ledger.read() as tx:
            return users.get(tx, user_id)

    def all_users(self) -> list[User]:
        """Every account, erased ones too."""
        with self._ledger.read() as tx:
            return users.listed(tx)

    def make_token(
        self, name: str, label: str, scopes: Iterable[Scope], *, lifetime_s: int, by: str
    ) -> tuple[str, Token]:
        """A token for a person's programs and its secret, which is shown this once.

        InputError where a scope is beyond the person's role, none is given, or the lifetime is not 1 s to a year;
        NotFoundError.
        """
        now, wanted = self._now(), frozenset(scopes)
        if not wanted:
            raise InputError("token: it would be good for nothing; give it a scope")
        if not 0 < lifetime_s <= LONGEST_TOKEN_S:
            raise InputError(f"token: it lives {lifetime_s / DAY:g} days; choose more than none and at most 366")
        label = " ".join(label.split())
        if not label or len(label) > 80:
            raise InputError("token: say in 1 to 80 letters what it is for, so that it can be told from others")
        with self._ledger.write() as tx:
            owner = users.named(tx, name)
            beyond = sorted(scope.value for scope in wanted - RIGHTS[owner.role])
            if beyond:
                raise InputError(
                    f"token: {', '.join(beyond)} is beyond the role {owner.role.value}; "
                    "leave it out, or change the role"
                )
            secret, token = tokens.make(tx, owner.id, label, wanted, at=now, expires_at=now + lifetime_s)
            words = " ".join(sorted(scope.value for scope in wanted))
            audit.add(tx, by, now, "tokens make", f"token {token.id} of {pseudonym(owner.id)}: {words}")
        return secret, token

    def revoke_token(self, token_id: int, *, by: str) -> bool:
        """End a token now; False where it was revoked before; NotFoundError."""
        now = self._now()
        with self._ledger.write() as tx:
            is_new = tokens.revoke(tx, token_id, now)
            if is_new:
                audit.add(tx, by, now, "tokens revoke", f"token {token_id}")
        return is_new

    def all_tokens(self) -> list[tuple[Token, str]]:
        """Every token, without its secret, with its person's name."""
        with self._ledger.read() as tx:
            names = {one.id: one.name for one in users.listed(tx)}
            return [(token, names[token.user]) for token in tokens.listed(tx)]

    def caller_of(self, secret: str) -> Caller | None:
        """Who calls with this token and what they may now; None where it is unknown, expired or revoked.

        That it was used is written down at most once a minute, so that a stream of pushes is not a stream of writes.
        """
        now = self._now()
        with self._ledger.read() as tx:
            found = tokens.find(tx, secret, now)
        if found is None:
            return None
        token, name, role = found
        if token.last_used_at is None or now - token.last_used_at >= _LAST_USED_EXACT_TO_S:
            with self._ledger.write() as tx:
                tokens.used(tx, token.id, now)
        return Caller(name=name, scopes=granted(role, token.scopes), user=token.user)

    def changes(self, limit: int, before: int | None = None) -> list[audit.Entry]:
        """The newest lines of the audit log (of those with ids below `before`), newest first."""
        with self._ledger.read() as tx:
            return audit.newest(tx, limit, before=before)

    def newest_change(self) -> int:
        """A number that is another one after every change of anything that a person can change."""
        with self._ledger.read() as tx:
            return audit.newest_id(tx)

    @staticmethod
    def expect(change: int) -> None:
        """Refuse the next write of this context (StaleError) where anything was changed since `newest_change`."""
        seen.set(Seen(change))

    @staticmethod
    def expect_nothing() -> None:
        """What this context writes from now on is refused no more."""
        seen.set(None)

    def _now(self) -> int:
        return int(self._clock())
