"""Verbs for series, points and answers say the same of the stores and of a server that runs on them."""

from __future__ import annotations

import asyncio
import getpass
import json
import os
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tests.cli import make_home
from tests.watch import shop
from watchkeeper.cli import VERBS, main
from watchkeeper.domain.access import Role, Scope
from watchkeeper.domain.times import DAY, WEEK
from watchkeeper.server.run import running
from watchkeeper.watch.service import Watchkeeper


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


def test_an_account_without_a_name_reads_and_signs_by_its_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 10001")  # as in a container that runs under some number

    monkeypatch.setattr(getpass, "getuser", nameless)
    home = ["--home", str(make_home(tmp_path))]
    assert run("teams", "list", "--json", where=home) == ""
    run("teams", "set", "search", where=home)
    assert [one["by"] for one in rows(run("audit", "--json", where=home))] == [f"uid {os.getuid()}"]


def rows(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_verbs_over_the_stores_can_be_called_where_an_event_loop_runs(tmp_path: Path) -> None:
    """In a notebook, for one."""

    async def called() -> str:
        return run("teams", "list", where=["--home", str(make_home(tmp_path))])

    assert asyncio.run(called())


def test_stores_and_server_answer_alike(watched: Path) -> None:
    asked = [
        ["series", "list", "orders", "--json"],
        ["series", "points", "1", "--from", "2026-03-11T08:00", "--to", "2026-03-11T20:00", "--json"],
        ["series", "points", "1", "--from", "2026-03-11T08:00", "--to", "2026-03-11T20:00"],
        ["feedback", "give", "false_alarm", "--alert", "1", "--preview", "--json"],
        ["feedback", "log", "--json"],
        ["backfill", "orders", "--start", "2026-03-01", "--end", "2026-03-08", "--dry-run", "--json"],
        ["backfill", "orders", "--start", "2026-03-01", "--end", "2026-03-08"],
        ["metrics", "--json"],
        ["metrics"],
    ]
    stores = ["--home", str(watched / "watchkeeper")]
    alone = [run(*words, where=stores) for words in asked]
    with shop.open_service(watched) as service:
        name = getpass.getuser()
        service.access.add_user(name, Role.ADMIN, by="tester")
        token = service.access.make_token(name, "cli", list(Scope), lifetime_s=DAY, by="tester")[0]
        with running(service, watched / "cache") as address:
            served = [run(*words, where=["--server", address, "--token", token]) for words in asked]
            shown = ["alerts", "--show", "all", "--server", address, "--token", token]
            listed = [run(*shown, *more, where=[]) for more in (["--json"], [], ["--page", "2"], ["--order", "newest"])]
    first = json.loads(alone[3])
    second = json.loads(served[3])
    for one in (first, second):
        one["feedback"].pop("given_at")
    assert first == second
    assert alone[:3] + alone[4:] == served[:3] + served[4:]
    assert [one["dimensions"] for one in rows(alone[0])] == [{"country": "DE"}, {"country": "US"}]
    assert len(rows(alone[1])) == 12
    assert "alert" in alone[2]
    assert [one["metric"] for one in rows(listed[0])] == ["orders"] * 5
    assert "5 all alerts, page 1 of 1" in listed[1]
    assert listed[3].startswith("all alerts, page 1 ")
    assert listed[2] == "No all alerts.\n"
    assert json.loads(alone[5])["changed"] == 0
    assert [one["settings"]["name"] for one in rows(alone[7])] == ["orders"]
    assert alone[8].split()[-7:] == ["orders", "2", "4", "0", "0", "2026-03-15T23:00Z", "0"]
    assert (
        alone[6] == "orders, 2026-03-01T00:00Z to 2026-03-08T00:00Z: 0 points are new or different; 0 alerts opened.\n"
    )


CONFIG = "flags: {ranking: {variants: {model: true, basic: false}, default: model, fallback: basic}}"


def test_verbs_that_configure_say_the_same_of_a_server(tmp_path: Path) -> None:
    """Each verb, asked of the stores and of a server on stores of its own that went through the same."""
    (tmp_path / "flags.yaml").write_text(CONFIG)
    file = str(tmp_path / "flags.yaml")
    asked = [
        ["plan", file, "--json"],
        ["apply", file, "--json"],
        ["plan", file],
        ["config", "export", "--json"],
        ["flags", "list"],
        ["flags", "override", "ranking", "basic", "--for", "8h", "--json"],
        ["flags", "clear", "ranking", "--json"],
        ["flags", "list", "--json"],
        ["retention", "--json"],
        ["retention"],
        ["audit", "--limit", "3", "--json"],
    ]

    def said(where: list[str]) -> list[str]:
        found = [CliRunner().invoke(main, [*words, *where], catch_exceptions=False) for words in asked]
        assert [one.exit_code for one in found] == [10, *[0] * (len(asked) - 1)], [one.output for one in found]
        return [one.stdout for one in found]

    alone = said(["--home", str(tmp_path / "alone")])
    with Watchkeeper.open(tmp_path / "served") as service:
        name = getpass.getuser()
        service.access.add_user(name, Role.ADMIN, by="tester")
        token = service.access.make_token(name, "cli", list(Scope), lifetime_s=DAY, by="tester")[0]
        with running(service, tmp_path / "cache") as address:
            served = said(["--server", address, "--token", token])
    assert served[:-1] == alone[:-1]
    what = [[(row["what"], row["detail"], row["by"]) for row in rows(one[-1])] for one in (served, alone)]
    assert what[0] == what[1]
    refused = CliRunner().invoke(main, ["audit", "--server", "http://127.0.0.1:1"])
    assert (refused.exit_code, "--server needs a token" in refused.output) == (2, True)


def test_every_verb_that_prints_takes_json() -> None:
    """All but those that serve, draw, or print a document of their own."""

    def lacking(command: click.Command, name: str) -> list[str]:
        if isinstance(command, click.Group):
            return [each for verb, one in command.commands.items() for each in lacking(one, f"{name} {verb}")]
        return [] if any("--json" in one.opts for one in command.params) else [name]

    found = [each for verb, (module, _) in VERBS.items() for each in lacking(import_module(module).command, verb)]
    assert sorted(found) == ["demo", "mcp", "schema", "serve"]


def test_a_time_without_an_offset_is_on_the_clock_of_the_metric(tmp_path: Path) -> None:
    shop.build(tmp_path / "shop.db")
    config = shop.CONFIG.replace("step: 1h", "step: 1h\n    timezone: America/New_York")
    with shop.open_service(tmp_path, config=config) as service:
        service.run_until(shop.END)
    where = ["--home", str(tmp_path / "watchkeeper")]
    day = ["--from", "2026-03-01", "--to", "2026-03-02", "--json"]
    read = json.loads(run("backfill", "orders", "--start", day[1], "--end", day[3], "--dry-run", "--json", where=where))
    said = json.loads(run("feedback", "give", "missed", "--series", "1", "--preview", *day, where=where))["feedback"]
    seen = rows(run("series", "points", "1", *day, where=where))
    assert (read["start"], read["end"]) == ("2026-03-01T05:00:00Z", "2026-03-02T05:00:00Z")
    assert (said["start"], said["end"]) == ("2026-03-01T05:00:00Z", "2026-03-02T05:00:00Z")
    assert (seen[0]["time"], len(seen)) == ("2026-03-01T05:00:00Z", 24)
    asked = ["series", "points", "1", *day, "--zone", "UTC"]
    assert rows(run(*asked, where=where))[0]["time"] == "2026-03-01T00:00:00Z"


def test_points_on_a_terminal_are_no_powers_of_ten(tmp_path: Path) -> None:
    shop.build(tmp_path / "shop.db")
    config = shop.CONFIG.replace("orders as value", "orders * 1000 as value")
    with shop.open_service(tmp_path, config=config) as service:
        service.run_until(shop.END)
    shown = run("series", "points", "1", "--from", "2026-03-11T11:00", where=["--home", str(tmp_path / "watchkeeper")])
    assert "e+" not in shown
    assert all(float(cell) > 10_000 for cell in shown.splitlines()[1].split()[1:3]), shown


def test_a_backfill_by_quarters_fills_what_was_lost(watched: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    shop.build(home / "shop.db")
    shop.change(home / "shop.db", "create table kept as select * from orders where time < ?", shop.START + 5 * WEEK)
    shop.change(home / "shop.db", "delete from orders where time < ?", shop.START + 5 * WEEK)
    with shop.open_service(home) as service:
        service.run_until(shop.END)
    shop.change(home / "shop.db", "insert into orders select * from kept")
    where = ["--home", str(home / "watchkeeper")]
    asked = ["backfill", "orders", "--start", "2026-01-05", "--end", "2026-08-01"]
    tried = json.loads(run(*asked, "--dry-run", "--json", where=where))
    done = json.loads(run(*asked, "--json", where=where))
    assert (tried["changed"], tried["is_judged"]) == (2 * 5 * 7 * 24, False)
    assert (done["changed"], done["is_judged"]) == (2 * 5 * 7 * 24, True)
    assert (done["start"], done["end"]) == ("2026-01-05T00:00:00Z", "2026-08-01T00:00:00Z")
    refused = CliRunner().invoke(main, ["backfill", "orders", "--start", "2026-03-08", "--end", "2026-03-01", *where])
    assert refused.exit_code == 3
    assert "swap --start and --end" in refused.output


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
    signed = CliRunner().invoke(main, ["alerts", "ack", "1", "--by", "Ada", "--server", "http://127.0.0.1:9"])
    assert (signed.exit_code, "a server knows by the token" in signed.output) == (2, True)
    beyond = CliRunner().invoke(main, ["flags", "preview", "none", "--days", "99999", *where])
    assert (beyond.exit_code, "days" in beyond.output) == (3, True), beyond.output
    held = CliRunner().invoke(main, ["alerts", "ack", "99", *where])
    assert (held.exit_code, held.output) == (
        8,
        "watchkeeper: no alert 99: it was never there, or is older than alerts are kept\n",
    )
