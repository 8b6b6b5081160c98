"""`watchkeeper users`, `tokens` and `audit`, as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from tests.cli import make_home
from watchkeeper.cli import main
from watchkeeper.domain.access import Scope
from watchkeeper.stores.ledger import Ledger
from watchkeeper.watch.access import Access


def run(home: Path, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--home", str(home)])


def lines(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_person_gets_an_account_a_role_and_a_token_that_works(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    assert run(home, "users", "list").stdout == "No accounts.\n"
    assert run(home, "users", "add", "Ada Byron").stdout == "Ada Byron is viewer\n"
    assert run(home, "users", "role", "ada byron", "editor").stdout == "Ada Byron is editor\n"
    made = run(home, "tokens", "make", "Ada Byron", "shop", "--scope", "push", "--json")
    secret = str(lines(made)[0]["token"])
    with Ledger.open(f"sqlite:///{home / 'ledger.db'}") as ledger:
        caller = Access(ledger, lambda: 0.0).caller_of(secret)
    assert caller is not None
    assert (caller.name, caller.scopes) == ("Ada Byron", {Scope.PUSH})
    (listed,) = lines(run(home, "tokens", "list", "--json"))
    assert (listed["user"], listed["scopes"], listed["revoked"]) == ("Ada Byron", "push", None)
    assert run(home, "tokens", "revoke", "1").stdout == "token 1 is revoked\n"
    assert run(home, "tokens", "revoke", "1").stdout == "token 1 was revoked before\n"


def test_erasing_can_be_tried_first(tmp_path: Path) -> None:
    run(make_home(tmp_path), "users", "add", "Ada")
    assert run(tmp_path, "users", "erase", "Ada", "--dry-run").stdout == "Ada would become person 1\n"
    assert lines(run(tmp_path, "users", "list", "--json"))[0]["name"] == "Ada"
    assert "person 1" in run(tmp_path, "users", "erase", "Ada").stdout
    (gone,) = lines(run(tmp_path, "users", "list", "--json"))
    assert gone["name"] == "person 1"
    assert gone["erased"] is not None
    assert [entry["what"] for entry in lines(run(tmp_path, "audit", "--json"))] == ["users erase", "users add"]
    assert "users erase" in run(tmp_path, "audit").stdout


def test_mistakes_are_named_and_have_their_exit_codes(tmp_path: Path) -> None:
    run(make_home(tmp_path), "users", "add", "Ada")
    for words, code, message in (
        (("users", "add", "ADA"), 3, "there is one of that name"),
        (("users", "role", "Bob", "admin"), 8, "no user 'Bob'"),
        (("users", "role", "Ada", "king"), 2, "king"),
        (("tokens", "make", "Ada", "shop", "--scope", "push"), 3, "beyond the role viewer"),
        (("tokens", "revoke", "7"), 8, "no token 7"),
    ):
        result = run(tmp_path, *words)
        assert (result.exit_code, message in result.stderr) == (code, True), result.output
