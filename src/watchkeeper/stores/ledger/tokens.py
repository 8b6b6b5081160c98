"""API tokens. Only hashes are stored: a token is shown once, and a stolen ledger opens nothing."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Row, String, Table, delete, insert, select, update

from watchkeeper.domain.access import Role, Scope, Token
from watchkeeper.domain.errors import NotFoundError
from watchkeeper.stores.ledger.schema import METADATA, Id, Seconds
from watchkeeper.stores.ledger.users import PERSON

PREFIX = "wk_"
"""What every token begins with, so that scanners for leaked secrets can know one."""

API_TOKEN = Table(
    "api_token",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("person", ForeignKey("person.id"), nullable=False, index=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("label", String(80), nullable=False),
    Column("scopes", String(200), nullable=False),
    Column("created_at", Seconds, nullable=False),
    Column("expires_at", Seconds, nullable=False),
    Column("last_used_at", Seconds),
    Column("revoked_at", Seconds),
    sqlite_autoincrement=True,
)


def make(
    tx: Connection, user_id: int, label: str, scopes: Iterable[Scope], *, at: int, expires_at: int
) -> tuple[str, Token]:
    """A new token of a person, and its secret, which nothing can show again. Times are seconds UTC."""
    secret = PREFIX + secrets.token_urlsafe(32)
    given = frozenset(scopes)
    row = {
        "person": user_id,
        "token_hash": _hash(secret),
        "label": label,
        "scopes": " ".join(sorted(scope.value for scope in given)),
        "created_at": at,
        "expires_at": expires_at,
    }
    made = tx.execute(insert(API_TOKEN), row).inserted_primary_key
    assert made is not None
    return secret, Token(id=made[0], user=user_id, label=label, scopes=given, created_at=at, expires_at=expires_at)


def listed(tx: Connection) -> list[Token]:
    """Every token, revoked and expired ones too, in the order they were made."""
    return [_token(row) for row in tx.execute(select(API_TOKEN).order_by(API_TOKEN.c.id))]


def find(tx: Connection, secret: str, now: int) -> tuple[Token, str, Role] | None:
    """The living token of a secret with its person's name and role; None where it is unknown, expired or revoked."""
    is_it = (
        (API_TOKEN.c.token_hash == _hash(secret)) & (API_TOKEN.c.expires_at > now) & API_TOKEN.c.revoked_at.is_(None)
    )
    query = select(API_TOKEN, PERSON.c.name, PERSON.c.role).join(PERSON, PERSON.c.id == API_TOKEN.c.person)
    row = tx.execute(query.where(is_it & PERSON.c.erased_at.is_(None))).first()
    return None if row is None else (_token(row), row.name, Role(row.role))


def used(tx: Connection, token_id: int, at: int) -> None:
    """Write down that a token was used."""
    tx.execute(update(API_TOKEN).where(API_TOKEN.c.id == token_id).values(last_used_at=at))


def revoke(tx: Connection, token_id: int, at: int) -> bool:
    """End a token now; False where it was revoked before. NotFoundError."""
    is_it = API_TOKEN.c.id == token_id
    if tx.execute(select(API_TOKEN.c.id).where(is_it)).first() is None:
        raise NotFoundError(f"no token {token_id}: `watchkeeper tokens list` shows all")
    return (
        tx.execute(update(API_TOKEN).where(is_it & API_TOKEN.c.revoked_at.is_(None)).values(revoked_at=at)).rowcount
        == 1
    )


def forget_of(tx: Connection, user_id: int) -> int:
    """Delete every token of a person, labels and all; how many there were."""
    return tx.execute(delete(API_TOKEN).where(API_TOKEN.c.person == user_id)).rowcount


def _token(row: Row[Any]) -> Token:
    return Token(
        id=row.id,
        user=row.person,
        label=row.label,
        scopes=frozenset(Scope(word) for word in row.scopes.split()),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )


def _hash(secret: str) -> str:
    """Tokens have 256 random bits, so a plain hash is enough: there is nothing to guess."""
    return hashlib.sha256(secret.encode()).hexdigest()
