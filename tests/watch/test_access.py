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
from watchkeeper.watch.access import Access
from watchkeeper.watch.sign_in import SignIn

NOW = 1_800_000_000


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}") as opened:
        yield opened


def access_to(ledger: Ledger, now: int = NOW) -> Access:
    return Access(ledger, lambda: now)


@pytest.fixture
def ada(ledger: Ledger) -> str:
    access_to(ledger).add_user("Ada", Role.EDITOR, by="root")
    return "Ada"


def make(ledger: Ledger, name: str, *scopes: Scope, lifetime_s: int = DAY) -> str:
    return access_to(ledger).make_token(name, "shop", scopes, lifetime_s=lifetime_s, by="root")[0]


def scopes_of(ledger: Ledger, secret: str, now: int = NOW) -> set[Scope] | None:
    caller = access_to(ledger, now).caller_of(secret)
    return None if caller is None else set(caller.scopes)


def test_each_role_may_all_that_the_one_before_may_and_more() -> None:
    rights = [RIGHTS[role] for role in Role]
    assert all(less < more for less, more in itertools.pairwise(rights))
    assert rights[-1] == set(Scope)
    assert granted(Role.VIEWER, Scope) == {Scope.READ}


def test_a_token_speaks_for_its_person_within_its_scopes(ledger: Ledger, ada: str) -> None:
    secret = make(ledger, ada, Scope.PUSH, Scope.READ)
    caller = access_to(ledger).caller_of(secret)
    assert caller is not None
    assert caller.name == "Ada"
    assert caller.scopes == {Scope.PUSH, Scope.READ}
    assert access_to(ledger).caller_of(secret + "x") is None
    assert access_to(ledger).caller_of("") is None


def test_a_token_ends_when_it_expires_or_is_revoked(ledger: Ledger, ada: str) -> None:
    short, revoked = make(ledger, ada, Scope.PUSH, lifetime_s=60), make(ledger, ada, Scope.PUSH)
    assert scopes_of(ledger, short, NOW + 59) == {Scope.PUSH}
    assert scopes_of(ledger, short, NOW + 60) is None
    assert access_to(ledger).revoke_token(2, by="root")
    assert not access_to(ledger).revoke_token(2, by="root")
    assert scopes_of(ledger, revoked) is None
    with pytest.raises(NotFoundError, match="no token 9"):
        access_to(ledger).revoke_token(9, by="root")


def test_who_loses_a_role_loses_it_in_tokens_at_once(ledger: Ledger, ada: str) -> None:
    secret = make(ledger, ada, Scope.PUSH, Scope.READ)
    access_to(ledger).set_role("ada", Role.VIEWER, by="root")
    assert scopes_of(ledger, secret) == {Scope.READ}
    access_to(ledger).set_role("ada", Role.ADMIN, by="root")
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
        access_to(ledger).make_token(ada, label, scopes, lifetime_s=lifetime_s, by="root")
    assert access_to(ledger).all_tokens() == []


def test_use_is_written_down_once_a_minute(ledger: Ledger, ada: str) -> None:
    secret = make(ledger, ada, Scope.READ)
    seen = []
    for after in (0, 59, 60):
        access_to(ledger, NOW + after).caller_of(secret)
        ((token, _),) = access_to(ledger).all_tokens()
        seen.append(token.last_used_at)
    assert seen == [NOW, NOW, NOW + 60]


def test_names_are_taken_in_any_case_and_cannot_be_pseudonyms(ledger: Ledger, ada: str) -> None:
    for name, why in (("ADA", "there is one"), ("  ", "empty"), ("x" * 61, "60"), ("Person 3", "erased")):
        with pytest.raises(InputError, match=why):
            access_to(ledger).add_user(name, Role.VIEWER, by="root")
    with pytest.raises(NotFoundError, match="no user 'Bob'"):
        access_to(ledger).set_role("Bob", Role.VIEWER, by="root")


def test_erasing_takes_the_name_from_the_whole_ledger_and_leaves_every_line(ledger: Ledger, ada: str) -> None:
    secret = make(ledger, ada, Scope.READ)
    access_to(ledger).add_user("Bob", Role.VIEWER, by=ada)
    said = Feedback(id=0, by=ada, given_at=NOW, answer=Answer.EVENT, start=0, end=60, note="fair")
    with ledger.write() as tx:
        kept = feedback.add(tx, said)
        other = feedback.add(tx, Feedback(id=0, by="Bob", given_at=NOW, undoes=kept.id))
        receipts.put(tx, kept.id, json.dumps({"feedback": {"id": kept.id, "by": ada}, "sentence": "1 – ü", "gap": 0.1}))
    gone = access_to(ledger).erase_user(ada, by=ada)
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
    assert [(entry.by, entry.what, entry.detail) for entry in access_to(ledger).changes(2)] == [
        ("person 1", "users erase", "person 1"),
        ("person 1", "users add", "person 2, viewer"),
    ]
    access_to(ledger).add_user(ada, Role.VIEWER, by="root")
    with pytest.raises(NotFoundError):
        access_to(ledger).user("person 1")


def test_no_secret_is_stored_or_logged(ledger: Ledger, ada: str) -> None:
    secret = make(ledger, ada, Scope.READ)
    with ledger.read() as tx:
        stored = str(tx.execute(text("SELECT * FROM api_token")).all())
    assert secret not in stored + str(access_to(ledger).changes(10)) + str(access_to(ledger).all_tokens())


def test_every_change_is_in_the_audit_log_once(ledger: Ledger, ada: str) -> None:
    access_to(ledger).set_role(ada, Role.ADMIN, by="root")
    access_to(ledger).set_role(ada, Role.ADMIN, by="root")
    make(ledger, ada, Scope.ADMIN)
    access_to(ledger).revoke_token(1, by="root")
    assert [(entry.what, entry.detail) for entry in access_to(ledger).changes(10)][::-1] == [
        ("users add", "person 1, editor"),
        ("users role", "person 1, editor to admin"),
        ("tokens make", "token 1 of person 1: admin"),
        ("tokens revoke", "token 1"),
    ]


def sign_in_to(ledger: Ledger, now: int = NOW) -> SignIn:
    return SignIn(ledger, lambda: now)


def key_of(ledger: Ledger, name: str = "", chosen: str = "") -> str:
    link = sign_in_to(ledger).make_link("http://here/", name)
    key = sign_in_to(ledger).redeem(link.rpartition("=")[2], chosen)
    assert key is not None
    return key


def test_a_link_without_a_name_signs_in_the_owner_who_may_all(ledger: Ledger) -> None:
    caller = sign_in_to(ledger).caller(key_of(ledger, chosen="Grace"))
    assert caller is not None
    assert (caller.name, caller.scopes, caller.user) == ("Grace", set(Scope), None)


def test_a_link_for_a_person_signs_them_in_with_the_role_of_the_moment(ledger: Ledger, ada: str) -> None:
    key = key_of(ledger, "ADA", chosen="Somebody else")
    caller = sign_in_to(ledger).caller(key)
    assert caller is not None
    assert (caller.name, caller.scopes, caller.user) == ("Ada", RIGHTS[Role.EDITOR], 1)
    access_to(ledger).set_role(ada, Role.VIEWER, by="root")
    caller = sign_in_to(ledger).caller(key)
    assert caller is not None
    assert caller.scopes == {Scope.READ}
    with pytest.raises(NotFoundError, match="no user 'Bob'"):
        sign_in_to(ledger).make_link("http://here", "Bob")


def test_sessions_end_by_time_by_signing_out_and_everywhere(ledger: Ledger, ada: str) -> None:
    first, second, third, owner = (key_of(ledger, name) for name in (ada, ada, ada, ""))
    assert sign_in_to(ledger, NOW + 30 * DAY).caller(first) is None
    sign_in_to(ledger).end(first)
    assert sign_in_to(ledger).caller(first) is None
    caller = sign_in_to(ledger).caller(second)
    assert caller is not None
    unused = sign_in_to(ledger).make_link("http://here", ada).rpartition("=")[2]
    assert sign_in_to(ledger).end_all(caller, by="root") == 2
    assert sign_in_to(ledger).caller(second) is None
    assert sign_in_to(ledger).caller(third) is None
    assert sign_in_to(ledger).redeem(unused) is None
    assert sign_in_to(ledger).caller(owner) is not None


def test_who_is_erased_is_signed_out(ledger: Ledger, ada: str) -> None:
    key = key_of(ledger, ada)
    access_to(ledger).erase_user(ada, by="root")
    assert sign_in_to(ledger).caller(key) is None
    assert [entry.by for entry in access_to(ledger).changes(9) if entry.what == "sign in"] == ["person 1"]
