"""Verbs for series, points and answers say the same of the stores and of a server that runs on them."""

from __future__ import annotations

import getpass
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.watch import shop
from watchkeeper.cli import main
from watchkeeper.domain.access import Role, Scope
from watchkeeper.domain.times import DAY
from watchkeeper.server.run import running


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("reach")
    shop.build(home / "shop.db")
    with shop.open_service(home) as service:
        service.run_until(shop.END)
    return home


def run(*words: str, where: list[str]) -> str:
    done = CliRunner().invoke(main, [*words, *where], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def rows(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_stores_and_server_answer_alike(watched: Path) -> None:
    asked = [
        ["series", "list", "orders", "--json"],
        ["series", "points", "1", "--from", "2026-03-11T08:00", "--to", "2026-03-11T20:00", "--json"],
        ["series", "points", "1", "--from", "2026-03-11T08:00", "--to", "2026-03-11T20:00"],
        ["feedback", "give", "false_alarm", "--alert", "1", "--preview", "--json"],
        ["feedback", "log", "--json"],
    ]
    stores = ["--home", str(watched / "watchkeeper")]
    alone = [run(*words, where=stores) for words in asked]
    with shop.open_service(watched) as service:
        name = getpass.getuser()
        service.access.add_user(name, Role.ADMIN, by="tester")
        token = service.access.make_token(name, "cli", list(Scope), lifetime_s=DAY, by="tester")[0]
        with running(service, watched / "cache") as address:
            served = [run(*words, where=["--server", address, "--token", token]) for words in asked]
    first = json.loads(alone[3])
    second = json.loads(served[3])
    for one in (first, second):
        one["feedback"].pop("given_at")
    assert first == second
    assert alone[:3] + alone[4:] == served[:3] + served[4:]
    assert [one["dimensions"] for one in rows(alone[0])] == [{"country": "DE"}, {"country": "US"}]
    assert len(rows(alone[1])) == 12
    assert "alert" in alone[2]


def test_an_answer_is_given_listed_and_taken_back(watched: Path) -> None:
    where = ["--home", str(watched / "watchkeeper")]
    said = run("feedback", "give", "real", "--alert", "1", "--note", "it was", where=where)
    assert "watchkeeper feedback undo" in said
    (line, *_) = rows(run("feedback", "log", "--json", where=where))
    assert (line["answer"], line["note"], line["is_in_force"]) == ("real", "it was", True)
    assert run("feedback", "undo", str(line["id"]), where=where)
    table = run("feedback", "log", where=where)
    assert f"undo of {line['id']}" in table
    missed = ["--series", "1", "--from", "2026-02-10T09:00", "--to", "2026-02-10T11:00", "--preview"]
    assert run("feedback", "give", "missed", *missed, where=where).strip()


def test_what_cannot_be_is_said(watched: Path) -> None:
    where = ["--home", str(watched / "watchkeeper")]
    assert CliRunner().invoke(main, ["series", "list", "nothing", *where]).exit_code == 8
    assert CliRunner().invoke(main, ["feedback", "give", "real", "--alert", "99", *where]).exit_code == 8
    no_token = CliRunner().invoke(main, ["series", "list", "orders", "--server", "http://127.0.0.1:9"], env={})
    assert "needs a token" in no_token.output
