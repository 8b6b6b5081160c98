"""People with an account."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Connection, Row, String, Table, func, insert, select, update

from watchkeeper.domain.access import Role, User
from watchkeeper.domain.errors import InputError, NotFoundError
from watchkeeper.stores.ledger.schema import METADATA, Id, Seconds

PERSON = Table(
    "person",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("name", String(80), nullable=False),
    Column("name_key", String(200), nullable=False, unique=True),
    Column("role", String(20), nullable=False),
    Column("created_at", Seconds, nullable=False),
    Column("erased_at", Seconds),
    sqlite_autoincrement=True,
)


def add(tx: Connection, name: str, role: Role, at: int) -> User:
    """Make an account at `at` (seconds UTC); InputError where the name, in any case of its letters, is taken."""
    key = name.casefold()
    if tx.execute(select(PERSON.c.id).where(PERSON.c.name_key == key)).first() is not None:
        raise InputError(f"user {name}: there is one of that name; choose another, or change the role of that one")
    row = {"name": name, "name_key": key, "role": role.value, "created_at": at}
    made = tx.execute(insert(PERSON), row).inserted_primary_key
    assert made is not None
    return User(id=made[0], name=name, role=role, created_at=at)


def listed(tx: Connection) -> list[User]:
    """Every account, erased ones too, in the order they were made."""
    return [_user(row) for row in tx.execute(select(PERSON).order_by(PERSON.c.id))]


def find(tx: Connection, name: str) -> User | None:
    """The account of that name, in any case of its letters; None where there is none or it was erased."""
    is_it = (PERSON.c.name_key == name.casefold()) & PERSON.c.erased_at.is_(None)
    row = tx.execute(select(PERSON).where(is_it)).first()
    return None if row is None else _user(row)


def named(tx: Connection, name: str) -> User:
    """The account of that name, in any case of its letters; NotFoundError, also where it was erased."""
    found = find(tx, name)
    if found is None:
        raise NotFoundError(f"no user {name!r}: `watchkeeper users list` shows all, `watchkeeper users add` makes one")
    return found


def get(tx: Connection, user_id: int) -> User:
    """The account with that id; NotFoundError, also where it was erased."""
    row = tx.execute(select(PERSON).where((PERSON.c.id == user_id) & PERSON.c.erased_at.is_(None))).first()
    if row is None:
        raise NotFoundError(f"no user with the id {user_id}: `watchkeeper users list` shows all")
    return _user(row)


def erased(tx: Connection) -> int:
    """How many accounts were erased: a number that grows whenever names in the logs changed."""
    return int(tx.execute(select(func.count()).where(PERSON.c.erased_at.is_not(None))).scalar_one())


def set_role(tx: Connection, user_id: int, role: Role) -> None:
    """Give a person another role."""
    tx.execute(update(PERSON).where(PERSON.c.id == user_id).values(role=role.value))


def _user(row: Row[Any]) -> User:
    return User(id=row.id, name=row.name, role=Role(row.role), created_at=row.created_at, erased_at=row.erased_at)
