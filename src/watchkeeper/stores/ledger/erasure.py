"""Erasing a person: their name goes from every table; the lines stay, under a pseudonym.

`KINDS` says of every column of text what it holds. What works with a text keeps it (a channel's address, a query):
`still_named` says where that is, so that a person mends it.
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, String, Table, Text, select, update

from watchkeeper.domain.access import User, pseudonym
from watchkeeper.stores.ledger import teams
from watchkeeper.stores.ledger.replies import REPLY
from watchkeeper.stores.ledger.schema import METADATA
from watchkeeper.stores.ledger.users import PERSON

SIGNATURE = "_by"
"""How every column ends that holds the name of whoever said or did something."""


class Kind(enum.Enum):
    """What a column of text holds: a name, a record as JSON or as YAML, prose, or what no name is in."""

    NAME = "name"
    RECORD = "record"
    YAML = "yaml"
    PROSE = "prose"
    PLAIN = "plain"


KINDS = {
    "api_token": {"label": Kind.PROSE},
    "assessment": {"name": Kind.PROSE, "record": Kind.YAML, "report": Kind.RECORD},
    "assessment_decision": {"reason": Kind.PROSE},
    "audit_entry": {"detail": Kind.PROSE},
    "channel": {"settings": Kind.RECORD},
    "channel_state": {"error": Kind.PROSE},
    "delivery": {"reason": Kind.PROSE},
    "feedback": {"note": Kind.PROSE},
    "flag": {
        "settings": Kind.RECORD,
        "guard_state": Kind.RECORD,
        "rollout_state": Kind.RECORD,
        "override": Kind.RECORD,
    },
    "flag_change": {"detail": Kind.PROSE},
    "handling": {"owner": Kind.NAME, "words": Kind.PROSE},
    "metric": {"settings": Kind.RECORD},
    "mute": {"note": Kind.PROSE},
    "receipt": {"told": Kind.RECORD},
    "route": {"settings": Kind.RECORD},
    "segment": {"settings": Kind.RECORD},
    "session": {"name": Kind.NAME},
    "setting": {"settings": Kind.RECORD},
    "source": {"settings": Kind.RECORD},
    "system": {"settings": Kind.RECORD, "reference": Kind.RECORD},
    "system_evidence": {"note": Kind.PROSE},
    "transition": {"detail": Kind.PROSE},
}
"""Columns of text by table. `*_by` are names; what is not here is plain."""

WORKS_WITH = frozenset(
    {"url", "user", "query", "table", "where", "measure", "time_column", "group_size", "cases", "when"}
)
"""Settings that would not do what they do with another text in them."""
PEOPLE = frozenset({"owner", "by", "members"})
SENTENCES = frozenset({"sentence", "note", "cause", "words", "detail"})
_CLEAR = re.compile("[@ ]")
"""A name with one of these signs is no other word, so it is replaced in any text of a record."""
_ASCII = re.compile(r"[A-Za-z0-9]+")


def erase(tx: Connection, user: User, at: int) -> User:
    """Forget the name: the account closes, and wherever the name stood in any table, a pseudonym stands.

    Nothing else of the logs changes, so what was learned from the answers stays. This is the one update that the
    logs know.
    """
    gone = pseudonym(user.id)
    tx.execute(update(PERSON).where(PERSON.c.id == user.id).values(name=gone, name_key=gone, erased_at=at))
    teams.leave_all(tx, user.name)
    name = _Name(user.name, gone)
    change: dict[Kind, Callable[[str], str]] = {
        Kind.NAME: name.exactly,
        Kind.RECORD: name.in_record,
        Kind.YAML: name.in_yaml,
        Kind.PROSE: name.in_prose,
    }
    for table in METADATA.sorted_tables:
        for column in table.columns:
            kind = kind_of(table, column)
            if kind in change:
                _replace(tx, table, column, name, change[kind])
    for row in tx.execute(select(REPLY).where(REPLY.c.body.is_not(None))).all():
        body = name.in_prose(row.body.decode(errors="surrogateescape")).encode(errors="surrogateescape")
        if body != row.body:
            tx.execute(update(REPLY).where(REPLY.c.caller == row.caller, REPLY.c.key == row.key).values(body=body))
    return User(id=user.id, name=gone, role=user.role, created_at=user.created_at, erased_at=at)


def still_named(tx: Connection, name: str) -> tuple[str, ...]:
    """Where a name stands in what works with it and stays after erasing, such as `channel mail`."""
    sought, found = _Name(name, ""), []
    for table in METADATA.sorted_tables:
        if "settings" in table.columns and table.name != "setting":
            for owner, text in tx.execute(select(table.c.name, table.c.settings).order_by(table.c.name)).all():
                if any(sought.is_in(one) for one in _working(json.loads(text))):
                    found.append(f"{table.name} {owner}")
    return tuple(found)


def kind_of(table: Table, column: Column[Any]) -> Kind:
    """What a column holds."""
    if not isinstance(column.type, String | Text):
        return Kind.PLAIN
    return Kind.NAME if column.name.endswith(SIGNATURE) else KINDS.get(table.name, {}).get(column.name, Kind.PLAIN)


class _Name:
    """A name, and what stands in its place: in any case of the letters, as a word of its own."""

    def __init__(self, name: str, instead: str) -> None:
        self._name, self._instead = name, instead
        word = rf"(?<![\w.@-]){re.escape(name)}(?![\w@-]|\.\w)"
        self._word = re.compile(word, re.IGNORECASE)
        self._setting = re.compile(rf"""(?m)(^\s*(?:- )?(?:owner|by): *["']?){re.escape(name)}(?=["']?\s*$)""", re.I)
        self.part = max(_ASCII.findall(name), key=len, default="")
        """The longest piece that stands in any spelling of it, and by which a database finds rows."""

    def exactly(self, text: str) -> str:
        return self._instead if text.casefold() == self._name.casefold() else text

    def in_prose(self, text: str) -> str:
        return self._word.sub(self._instead, text)

    def in_yaml(self, text: str) -> str:
        if _CLEAR.search(self._name):
            return self.in_prose(text)
        return self._setting.sub(rf"\g<1>{self._instead}", text)

    def in_record(self, text: str) -> str:
        before = json.loads(text)
        after = self._walked(before, "")
        if after == before:
            return text
        is_compact = msgspec.json.encode(before).decode() == text  # records that are compared as texts are
        return msgspec.json.encode(after).decode() if is_compact else json.dumps(after)

    def is_in(self, text: str) -> bool:
        return self._word.search(text) is not None

    def _walked(self, value: Any, key: str) -> Any:
        if key in WORKS_WITH:
            return value
        if isinstance(value, dict):
            return {one: self._walked(each, one) for one, each in value.items()}
        if isinstance(value, list):
            return [self._walked(each, key) for each in value]
        if not isinstance(value, str):
            return value
        if key in PEOPLE:
            return self.exactly(value)
        return self.in_prose(value) if key in SENTENCES or _CLEAR.search(self._name) else value


def _replace(tx: Connection, table: Table, column: Column[Any], name: _Name, change: Callable[[str], str]) -> None:
    keys = list(table.primary_key.columns)
    maybe = column.icontains(name.part, autoescape=True) if name.part else column.is_not(None)
    for *key, before in tx.execute(select(*keys, column).where(maybe, column != "")).all():
        after = change(before)
        if after != before:
            is_it = [one == value for one, value in zip(keys, key, strict=True)]
            tx.execute(update(table).where(*is_it).values({column: after}))


def _working(value: Any, key: str = "") -> Iterator[str]:
    """The texts of a record that it works with."""
    if isinstance(value, dict):
        for one, each in value.items():
            yield from _working(each, key if key in WORKS_WITH else one)
    elif isinstance(value, list):
        for each in value:
            yield from _working(each, key)
    elif isinstance(value, str) and key in WORKS_WITH:
        yield value
