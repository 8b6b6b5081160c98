"""Teams own metrics: in configuration, in routes, in the inbox."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.cli import make_home
from tests.watch import shop
from watchkeeper.cli import main
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.config_export import dump_config
from watchkeeper.domain.errors import ConfigError, InputError, NotFoundError
from watchkeeper.domain.team import Team, standing_for
from watchkeeper.domain.times import DAY, HOUR
from watchkeeper.watch.service import Watchkeeper

TEAMS = """
teams:
  checkout: {title: Checkout, members: [Ada Byron, ben@example.com]}
  search: {members: [carol@example.com]}
"""


def configured(home: Path, owner: str) -> str:
    text = shop.CONFIG.format(shop=home / "shop.db", told=home / "told.txt")
    return text.replace("title: Orders", f"title: Orders\n    owner: {owner}")


def test_a_team_is_configured_planned_and_exported(service: Watchkeeper, home: Path) -> None:
    wanted = parse_config(TEAMS)
    assert [(step.noun, step.name) for step in service.plan(wanted)] == [("team", "checkout"), ("team", "search")]
    service.apply(wanted, "tester")
    assert service.plan(wanted) == []
    service.apply(parse_config(configured(home, "checkout")), "tester")
    assert parse_config(dump_config(service.standing())).teams == wanted.teams
    line = service.teams.line("checkout")
    assert (line.team.label, [one.name for one in line.metrics]) == ("Checkout", ["orders"])
    assert service.teams.line("search").metrics == ()
    assert [one.name for one in service.teams.of("BEN@example.com")] == ["checkout"]


@pytest.mark.parametrize("text", ["{members: ['']}", "{members: [Ada, ada]}", "{people: [Ada]}"])
def test_a_team_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"teams\.checkout"):
        parse_config(f"teams: {{checkout: {text}}}")


def test_people_join_and_leave_and_a_team_that_owns_stays(service: Watchkeeper, home: Path) -> None:
    teams = service.teams
    teams.put(Team(name="checkout"), "tester")
    assert teams.join("checkout", "Ada", "tester").team.members == ("Ada",)
    assert teams.join("checkout", "ada", "tester").team.members == ("Ada",)
    with pytest.raises(InputError, match="Ben is not in it; there are Ada"):
        teams.leave("checkout", "Ben", "tester")
    assert teams.leave("checkout", "ADA", "tester").team.members == ()
    service.apply(parse_config(configured(home, "checkout")), "tester")
    with pytest.raises(InputError, match="it owns orders; name another owner"):
        teams.remove("checkout", "tester")
    service.apply(parse_config(configured(home, "Ada")), "tester")
    teams.remove("checkout", "tester")
    with pytest.raises(NotFoundError, match="no team 'checkout'"):
        teams.line("checkout")


def test_an_owner_is_found_under_their_teams_too() -> None:
    teams = [Team(name="checkout", members=("Ada",)), Team(name="all", members=("ada", "Ben"))]
    assert standing_for("Ada", teams) == {"Ada", "checkout", "all"}
    assert standing_for("checkout", teams) == {"checkout"}
    assert standing_for("", teams) == frozenset()


@pytest.mark.parametrize("owner", ["checkout", "ben@example.com"])
def test_a_route_of_a_team_takes_alerts_of_the_team_and_of_its_members(home: Path, owner: str) -> None:
    now = shop.DROP + 4 * HOUR
    routed = f"""
channels:
  checkout-chat: {{url: "textfile://{home}/checkout.txt"}}
routes:
  theirs: {{channels: [checkout-chat], owner: [checkout]}}
"""
    with shop.open_service(home, now=now) as service:
        service.apply(parse_config(TEAMS + routed), "tester")
        service.apply(parse_config(configured(home, owner)), "tester")
        service.run_until(now)
        assert "Orders" in (home / "checkout.txt").read_text()
        assert not (home / "told.txt").exists()


def test_the_inbox_of_a_person_has_what_their_team_owns(service: Watchkeeper, home: Path) -> None:
    service.apply(parse_config(TEAMS + configured(home, "checkout")), "tester")
    counts = {
        owner: len(service.inbox(show="all", owner=owner).lines)
        for owner in ("checkout", "ben@example.com", "search", "carol@example.com")
    }
    assert counts == {"checkout": 5, "ben@example.com": 5, "search": 0, "carol@example.com": 0}
    service.deeds.assign([service.inbox(show="all").lines[0].alert.id], "carol@example.com", "Ada")
    assert len(service.inbox(show="all", owner="search").lines) == 1
    assert len(service.inbox(show="all", owner="checkout").lines) == 4


def test_the_verb_lists_sets_and_changes_teams(home: Path) -> None:
    def run(*words: str) -> str:
        return CliRunner().invoke(main, ["teams", *words, "--home", str(home)], catch_exceptions=False).output

    make_home(home)
    assert "No teams." in run("list")
    run("set", "checkout", "--member", "Ada", "--title", "Checkout")
    run("join", "checkout", "Ben")
    assert json.loads(run("list", "--json")) == {
        "team": "checkout", "title": "Checkout", "members": ["Ada", "Ben"], "metrics": [], "systems": [], "flags": [],
    }  # fmt: skip
    assert "Ada, Ben" in run("list")
    run("leave", "checkout", "Ada")
    assert "no team any more" in run("remove", "checkout")


def test_retention_leaves_teams_alone(service: Watchkeeper) -> None:
    service.apply(parse_config(TEAMS + "retention: {audit: 30d}"), "tester")
    service.retention.clear("tester", shop.END + 3000 * DAY)
    assert len(service.teams.lines()) == 2
