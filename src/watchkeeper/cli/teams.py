"""`watchkeeper teams`: who owns metrics together."""

from __future__ import annotations

import getpass
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from watchkeeper.cli.home import home_option, open_ledger, print_rows

if TYPE_CHECKING:
    from watchkeeper.watch.teams import TeamLine, Teams

as_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


@click.group()
def command() -> None:
    """List teams with what they own, make them, and say who is in them. Works while the server runs.

    A metric whose `owner` is the name of a team is the team's; routes by owner know teams, and an alert can be given
    to one.

    \b
    Examples:
      watchkeeper teams list --json
      watchkeeper teams set checkout --member "Ada Byron" --member ben@example.com
      watchkeeper teams join checkout carol@example.com
      watchkeeper teams leave checkout ben@example.com
    """


@command.command("list")
@home_option
@as_json_option
def list_teams(home: Path, as_json: bool) -> None:
    """List every team with its members and what it owns."""
    with _open(home) as teams:
        _say(teams.lines(), as_json)


@command.command("set")
@home_option
@click.argument("name")
@click.option("--member", "members", multiple=True, help="The name of an account; repeatable. It names all there are.")
@click.option("--title", default="", help="What people see.")
@as_json_option
def put(home: Path, name: str, members: tuple[str, ...], title: str, as_json: bool) -> None:
    """Make a team, or change the one of that name."""
    from watchkeeper.domain.team import Team

    with _open(home) as teams:
        _say([teams.put(Team(name=name, title=title, members=members), getpass.getuser())], as_json)


@command.command()
@home_option
@click.argument("name")
@click.argument("person")
@as_json_option
def join(home: Path, name: str, person: str, as_json: bool) -> None:
    """Add PERSON to the team NAME."""
    with _open(home) as teams:
        _say([teams.join(name, person, getpass.getuser())], as_json)


@command.command()
@home_option
@click.argument("name")
@click.argument("person")
@as_json_option
def leave(home: Path, name: str, person: str, as_json: bool) -> None:
    """Take PERSON out of the team NAME."""
    with _open(home) as teams:
        _say([teams.leave(name, person, getpass.getuser())], as_json)


@command.command()
@home_option
@click.argument("name")
@as_json_option
def remove(home: Path, name: str, as_json: bool) -> None:
    """Take away a team that owns nothing."""
    with _open(home) as teams:
        teams.remove(name, getpass.getuser())
    click.echo(json.dumps({"team": name, "is_removed": True}) if as_json else f"{name} is no team any more")


def _say(lines: Sequence[TeamLine], as_json: bool) -> None:
    shown = (lambda names: list(names)) if as_json else ", ".join
    rows = [
        {
            "team": line.team.name,
            "title": line.team.title or None,
            "members": shown(line.team.members),
            "metrics": shown(one.name for one in line.metrics),
            "systems": shown(line.systems),
            "flags": shown(line.flags),
        }
        for line in lines
    ]
    print_rows(rows, as_json=as_json, nothing="No teams. Name one under `teams` in a configuration, or `teams set`.")


@contextmanager
def _open(home: Path) -> Iterator[Teams]:
    from watchkeeper.watch.teams import Teams

    with open_ledger(home) as ledger:
        yield Teams(ledger, time.time)
