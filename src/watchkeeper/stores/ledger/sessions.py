"""Signing in: one-time links and the sessions they become. Only hashes are stored; a stolen ledger signs nobody in."""

from __future__ import annotations

import hashlib
import secrets

from sqlalchemy import Column, Connection, String, Table, delete, insert, select

from watchkeeper.domain.times import DAY
from watchkeeper.stores.ledger.schema import METADATA, Seconds

SESSION_LIFETIME_S = 30 * DAY

SIGN_IN_LINK = Table(
    "sign_in_link",
    METADATA,
    Column("token_hash", String(64), primary_key=True),
    Column("expires_at", Seconds, nullable=False),
)
SESSION = Table(
    "session",
    METADATA,
    Column("key_hash", String(64), primary_key=True),
    Column("expires_at", Seconds, nullable=False),
)


def make_link(tx: Connection, now: int, lifetime_s: int) -> str:
    """A token that signs one person in once, until `now + lifetime_s` (seconds UTC). Expired ones are cleared away."""
    tx.execute(delete(SIGN_IN_LINK).where(SIGN_IN_LINK.c.expires_at <= now))
    token = secrets.token_urlsafe(32)
    tx.execute(insert(SIGN_IN_LINK), {"token_hash": _hash(token), "expires_at": now + lifetime_s})
    return token


def redeem(tx: Connection, token: str, now: int, *, lifetime_s: int = SESSION_LIFETIME_S) -> str | None:
    """The key of a new session for a token; None where it is unknown, used or expired.

    Deleting the token is what decides, so that of two who redeem it at once only one gets in.
    """
    is_link = (SIGN_IN_LINK.c.token_hash == _hash(token)) & (SIGN_IN_LINK.c.expires_at > now)
    if tx.execute(delete(SIGN_IN_LINK).where(is_link)).rowcount != 1:
        return None
    tx.execute(delete(SESSION).where(SESSION.c.expires_at <= now))
    key = secrets.token_urlsafe(32)
    tx.execute(insert(SESSION), {"key_hash": _hash(key), "expires_at": now + lifetime_s})
    return key


def is_live(tx: Connection, key: str, now: int) -> bool:
    """Whether the key is that of a session which has not expired at `now` (seconds UTC)."""
    is_session = (SESSION.c.key_hash == _hash(key)) & (SESSION.c.expires_at > now)
    return tx.execute(select(SESSION.c.key_hash).where(is_session)).first() is not None


def _hash(secret: str) -> str:
    """Tokens have 256 random bits, so a plain hash is enough: there is nothing to guess."""
    return hashlib.sha256(secret.encode()).hexdigest()
