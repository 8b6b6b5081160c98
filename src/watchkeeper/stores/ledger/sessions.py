"""Signing in: one-time links and the sessions they become. Only hashes are stored; a stolen ledger signs nobody in."""

from __future__ import annotations

import hashlib
import secrets

import msgspec
from sqlalchemy import Column, Connection, ForeignKey, String, Table, delete, insert, select

from watchkeeper.domain.access import Role
from watchkeeper.domain.times import DAY
from watchkeeper.stores.ledger.schema import METADATA, Seconds
from watchkeeper.stores.ledger.users import PERSON

SESSION_LIFETIME_S = 30 * DAY

SIGN_IN_LINK = Table(
    "sign_in_link",
    METADATA,
    Column("token_hash", String(64), primary_key=True),
    Column("person", ForeignKey("person.id"), index=True),
    Column("expires_at", Seconds, nullable=False),
)
SESSION = Table(
    "session",
    METADATA,
    Column("key_hash", String(64), primary_key=True),
    Column("person", ForeignKey("person.id"), index=True),
    Column("name", String(80), nullable=False),
    Column("created_at", Seconds, nullable=False),
    Column("expires_at", Seconds, nullable=False),
)


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Who a session is: a person with an account (`user`, `role`), or the owner under the name they chose."""

    name: str
    user: int | None
    role: Role | None


def make_link(tx: Connection, now: int, lifetime_s: int, *, user: int | None = None) -> str:
    """A token that signs one person in once (None: the owner), until `now + lifetime_s`. Expired ones are cleared."""
    tx.execute(delete(SIGN_IN_LINK).where(SIGN_IN_LINK.c.expires_at <= now))
    token = secrets.token_urlsafe(32)
    row = {"token_hash": _hash(token), "person": user, "expires_at": now + lifetime_s}
    tx.execute(insert(SIGN_IN_LINK), row)
    return token


def redeem(tx: Connection, token: str, now: int, *, name: str = "", lifetime_s: int = SESSION_LIFETIME_S) -> str | None:
    """The key of a new session for a token; None where it is unknown, used or expired. `name` is the owner's choice.

    Deleting the token is what decides, so that of two who redeem it at once only one gets in.
    """
    is_link = (SIGN_IN_LINK.c.token_hash == _hash(token)) & (SIGN_IN_LINK.c.expires_at > now)
    link = tx.execute(select(SIGN_IN_LINK.c.person).where(is_link)).first()
    if link is None or tx.execute(delete(SIGN_IN_LINK).where(is_link)).rowcount != 1:
        return None
    return begin(tx, now, user=link.person, name=name, lifetime_s=lifetime_s)


def begin(tx: Connection, now: int, *, user: int | None, name: str = "", lifetime_s: int = SESSION_LIFETIME_S) -> str:
    """The key of a new session of a person, or of the owner under `name`. Expired sessions are cleared away."""
    tx.execute(delete(SESSION).where(SESSION.c.expires_at <= now))
    key = secrets.token_urlsafe(32)
    row = {
        "key_hash": _hash(key),
        "person": user,
        "name": name if user is None else "",
        "created_at": now,
        "expires_at": now + lifetime_s,
    }
    tx.execute(insert(SESSION), row)
    return key


def find(tx: Connection, key: str, now: int) -> Session | None:
    """Whose session it is, with the role of this moment; None where it is unknown, ended or expired."""
    query = (
        select(SESSION.c.person, SESSION.c.name, PERSON.c.name.label("account"), PERSON.c.role)
        .outerjoin(PERSON, PERSON.c.id == SESSION.c.person)
        .where(SESSION.c.key_hash == _hash(key), SESSION.c.expires_at > now, PERSON.c.erased_at.is_(None))
    )
    row = tx.execute(query).first()
    if row is None:
        return None
    role = None if row.person is None else Role(row.role)
    return Session(name=row.name if row.person is None else row.account, user=row.person, role=role)


def end(tx: Connection, key: str) -> bool:
    """End one session; False where it was over."""
    return tx.execute(delete(SESSION).where(SESSION.c.key_hash == _hash(key))).rowcount == 1


def end_all(tx: Connection, user: int | None) -> int:
    """End every session and every unused link of a person (None: the owner); how many sessions there were."""
    tx.execute(delete(SIGN_IN_LINK).where(SIGN_IN_LINK.c.person.is_not_distinct_from(user)))
    return tx.execute(delete(SESSION).where(SESSION.c.person.is_not_distinct_from(user))).rowcount


def _hash(secret: str) -> str:
    """Tokens have 256 random bits, so a plain hash is enough: there is nothing to guess."""
    return hashlib.sha256(secret.encode()).hexdigest()
