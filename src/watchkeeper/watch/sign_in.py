"""Signing in and out: one-time links, the sessions they become, and what a session may."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from sqlalchemy import Connection

from watchkeeper.domain.access import RIGHTS, Caller, Role, pseudonym, user_name
from watchkeeper.stores.ledger import Ledger, audit, sessions, users

LINK_LIFETIME_S = 15 * 60
PROVIDER = "sign-in provider"
"""Who stands in the audit log for what an OpenID Connect provider's word changed."""


class SignIn:
    """Links and sessions of a ledger. Methods may be called from any thread."""

    def __init__(self, ledger: Ledger, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._clock = clock

    def make_link(self, base_url: str, name: str = "", *, by: str = "") -> str:
        """An address that signs one person in once, within a quarter of an hour: `name`, or the owner, who may all.

        Raises NotFoundError where there is no account of that name.
        """
        now = int(self._clock())
        with self._ledger.write() as tx:
            person = users.named(tx, name) if name else None
            token = sessions.make_link(tx, now, LINK_LIFETIME_S, user=person.id if person else None)
            if person and by:
                audit.add(tx, by, now, "link make", pseudonym(person.id))
        return f"{base_url.rstrip('/')}/sign-in?{urlencode({'token': token})}"

    def redeem(self, token: str, name: str = "") -> str | None:
        """The key of a new session for a link's token; None where it was used or is too old.

        `name` is what an owner signs with; a person with an account has their own.
        """
        now = int(self._clock())
        with self._ledger.write() as tx:
            key = sessions.redeem(tx, token, now, name=name)
            if key is not None:
                self._note(tx, key, now)
        return key

    def vouched(self, name: str, role: Role | None) -> str | None:
        """The key of a new session of a person whom a provider vouches for; their account is made, or its role changed.

        None where the provider gives them no role: an account that they had then stays as it is, and closed to them.
        """
        if role is None:
            return None
        name, now = user_name(name), int(self._clock())
        with self._ledger.write() as tx:
            person = users.find(tx, name)
            if person is None:
                person = users.add(tx, name, role, now)
                audit.add(tx, PROVIDER, now, "users add", f"{pseudonym(person.id)}, {role.value}")
            elif person.role is not role:
                users.set_role(tx, person.id, role)
                detail = f"{pseudonym(person.id)}, {person.role.value} to {role.value}"
                audit.add(tx, PROVIDER, now, "users role", detail)
            key = sessions.begin(tx, now, user=person.id)
            self._note(tx, key, now)
        return key

    def caller(self, key: str) -> Caller | None:
        """Who is behind a session, and what they may now; None where it ended."""
        with self._ledger.read() as tx:
            found = sessions.find(tx, key, int(self._clock()))
        if found is None:
            return None
        return Caller(name=found.name, scopes=RIGHTS[found.role or Role.ADMIN], user=found.user)

    def end(self, key: str) -> None:
        """Sign out: the session is over, whatever cookie still names it."""
        with self._ledger.write() as tx:
            sessions.end(tx, key)

    def end_all(self, caller: Caller, *, by: str) -> int:
        """Sign a person (or the owner) out everywhere, unused links included; how many sessions that ended."""
        with self._ledger.write() as tx:
            count = sessions.end_all(tx, caller.user)
            audit.add(tx, by, int(self._clock()), "sign out everywhere", caller.ident)
        return count

    def _note(self, tx: Connection, key: str, now: int) -> None:
        found = sessions.find(tx, key, now)
        if found is not None:
            audit.add(tx, found.name, now, "sign in", pseudonym(found.user) if found.user else "owner")
