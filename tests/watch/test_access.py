"""Accounts, tokens and the audit log, over a ledger in a file."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from watchkeeper.domain.access import RIGHTS, Role, Scope, granted
from watchkeeper.domain.errors import InputError, NotFoundError
from watchkeeper.domain.feedback import Answer, Feedback
from watchkeeper.domain.times import DAY
from watchkeeper.stores.ledger import Ledger, feedback, receipts
from watchkeeper.watch import access

NOW = 1_800_000_000


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}") as opened:
        yield opened


@pytest.fixture
def ada(ledger: Ledger) -> str:
    access.add_user(ledger, "Ada", Role.EDITOR, by="root", now=NOW)
    return "Ada"


def make(ledger: Ledger, name: str, *scopes: Scope, lifetime_s: int = DAY) -> str:
    return access.make_token(ledger, name, "shop", scopes, lifetime_s=lifetime_s, by="root", now=NOW)[0]


def scopes_of(ledger: Ledger, secret: str, now: int = NOW) -> set[Scope] | None:
    caller = access.caller_of(ledger, secret, now)
    return None if caller is None else set(caller.scopes)


def test_each_role_may_all_that_the_one_before_may_and_more() -> None:
    rights = [RIGHTS[role] for role in Role]
    assert all(less < more for less, more in itertools.pairwise(rights))
    assert rights[-1] == set(Scope)
    assert granted(Role.VIEWER, Scope) == {Scope.READ}


def test_a_token_speaks_for_its_person_within_its_scopes(ledger: Ledger, ada: str) -> None:
    secret = make(ledger, ada, Scope.PUSH, Scope.READ)
    caller = access.caller_of(ledger, secret, NOW)
    assert caller is not None
    assert caller.name == "Ada"
    assert caller.scopes == {Scope.PUSH, Scope.READ}
    assert access.caller_of(ledger, secret + "x", NOW) is None
    assert access.caller_of(ledger, "", NOW) is None


def test_a_token_ends_when_it_expires_or_is_revoked(ledger: Ledger, ada: str) -> None:
    short, revoked = make(ledger, ada, Scope.PUSH, lifetime_s=60), make(ledger, ada, Scope.PUSH)
    assert scopes_of(ledger, short, NOW + 59) == {Scope.PUSH}
    assert scopes_of(ledger, short, NOW + 60) is None
    assert access.revoke_token(ledger, 2, by="root", now=NOW)
    assert not access.revoke_token(ledger, 2, by="root", now=NOW)
    assert scopes_of(ledger, revoked) is None
    with pytest.raises(NotFoundError, match="no token 9"):
        access.revoke_token(ledger, 9, by="root", now=NOW)


def test_who_loses_a_role_loses_it_in_tokens_at_once(ledger: Ledger, ada: str) -> None:
    secret = make(ledger, ada, Scope.PUSH, Scope.READ)
    access.set_role(ledger, "ada", Role.VIEWER, by="root", now=NOW)
    assert scopes_of(ledger, secret) == {Scope.READ}
    access.set_role(ledger, "ada", Role.ADMIN, by="root", now=NOW)
    assert scopes_of(ledger, secret) == {Scope.PUSH, Scope.READ}


@pytest.mark.parametrize(
    ("scopes", "lifetime_s", "label", "why"),
    [
        ((), DAY, "shop", "give it a scope"),
        ((Scope.ADMIN,), DAY, "shop", "admin is beyond the role editor"),
        ((Scope.READ,), 0, "shop", "at most 366"),
        ((Scope.READ,), 367 * DAY, "shop", "at most 366"),
        ((Scope.READ,), DAY, " \n", "what it is for"),
    ],
)
def test_a_token_that_cannot_be_is_not_made(
    ledger: Ledger, ada: str, scopes: tuple[Scope, ...], lifetime_s: int, label: str, why: str
) -> None:
    with pytest.raises(InputError, match=why):
        access.make_token(ledger, ada, label, scopes, lifetime_s=lifetime_s, by="root", now=NOW)
    assert access.all_tokens(ledger) == []


def test_use_is_written_down_once_a_minute(ledger: Ledger, ada: str) -> None:
    secret = make(ledger, ada, Scope.READ)
    seen = []
    for after in (0, 59, 60):
        access.caller_of(ledger, secret, NOW + after)
        ((token, _),) = access.all_tokens(ledger)
        seen.append(token.last_used_at)
    assert seen == [NOW, NOW, NOW + 60]


def test_names_are_taken_in_any_case_and_cannot_be_pseudonyms(ledger: Ledger, ada: str) -> None:
    for name, why in (("ADA", "there is one"), ("  ", "empty"), ("x" * 61, "60"), ("Person 3", "erased")):
        with pytest.raises(InputError, match=why):
            access.add_user(ledger, name, Role.VIEWER, by="root", now=NOW)
    with pytest.raises(NotFoundError, match="no user 'Bob'"):
        access.set_role(ledger, "Bob", Role.VIEWER, by="root", now=NOW)


def test_erasing_takes_the_name_from_the_whole_ledger_and_leaves_every_line(ledger: Ledger, ada: str) -> None:
    secret = make(ledger, ada, Scope.READ)
    access.add_user(ledger, "Bob", Role.VIEWER, by=ada, now=NOW)
    said = Feedback(id=0, by=ada, given_at=NOW, answer=Answer.EVENT, start=0, end=60, note="fair")
    with ledger.write() as tx:
        kept = feedback.add(tx, said)
        other = feedback.add(tx, Feedback(id=0, by="Bob", given_at=NOW, undoes=kept.id))
        receipts.put(tx, kept.id, json.dumps({"feedback": {"id": kept.id, "by": ada}, "sentence": "1 – ü", "gap": 0.1}))
    gone = access.erase_user(ledger, ada, by=ada, now=NOW + 5)
    assert gone.name == "person 1"
    with ledger.read() as tx:
        assert [line.by for line in feedback.log(tx)] == ["person 1", other.by]
        assert feedback.log(tx)[0].answer is Answer.EVENT
        told = json.loads(receipts.get(tx, kept.id) or "")
        assert told == {"feedback": {"id": kept.id, "by": "person 1"}, "sentence": "1 – ü", "gap": 0.1}
        names = tx.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
        whole = [str(tuple(row)) for name in names for row in tx.execute(text(f'SELECT * FROM "{name}"'))]
    assert not [line for line in whole if "ada" in line.casefold()]
    assert scopes_of(ledger, secret) is None
    assert [(entry.by, entry.what, entry.detail) for entry in access.changes(ledger, 2)] == [
        ("person 1", "users erase", "person 1"),
        ("person 1", "users add", "person 2, viewer"),
    ]
    access.add_user(ledger, ada, Role.VIEWER, by="root", now=NOW)
    with pytest.raises(NotFoundError):
        access.user(ledger, "person 1")


def test_no_secret_is_stored_or_logged(ledger: Ledger, ada: str) -> None:
    secret = make(ledger, ada, Scope.READ)
    with ledger.read() as tx:
        stored = str(tx.execute(text("SELECT * FROM api_token")).all())
    assert secret not in stored + str(access.changes(ledger, 10)) + str(access.all_tokens(ledger))


def test_every_change_is_in_the_audit_log_once(ledger: Ledger, ada: str) -> None:
    access.set_role(ledger, ada, Role.ADMIN, by="root", now=NOW)
    access.set_role(ledger, ada, Role.ADMIN, by="root", now=NOW)
    make(ledger, ada, Scope.ADMIN)
    access.revoke_token(ledger, 1, by="root", now=NOW)
    assert [(entry.what, entry.detail) for entry in access.changes(ledger, 10)][::-1] == [
        ("users add", "person 1, editor"),
        ("users role", "person 1, editor to admin"),
        ("tokens make", "token 1 of person 1: admin"),
        ("tokens revoke", "token 1"),
    ]
