"""`watchkeeper teams`: who owns metrics together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from watchkeeper.cli.home import print_rows
from watchkeeper.cli.reach import Where, where_options

if TYPE_CHECKING:
    from watchkeeper.client.records import TeamRecord

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
@where_options
@as_json_option
def list_teams(where: Where, as_json: bool) -> None:
    """List every team with its members and what it owns."""
    with where.ask() as client:
        _say(client.teams(), as_json)


@command.command()
@where_options
@click.argument("name")
@as_json_option
def show(where: Where, name: str, as_json: bool) -> None:
    """Say who is in the team NAME, and what it owns."""
    with where.ask() as client:
        _say([client.team(name)], as_json)


@command.command("set")
@where_options
@click.argument("name")
@click.option("--member", "members", multiple=True, help="The name of an account; repeatable. It names all there are.")
@click.option("--title", default="", help="What people see.")
@as_json_option
def put(where: Where, name: str, members: tuple[str, ...], title: str, as_json: bool) -> None:
    """Make a team, or change the one of that name."""
    with where.ask() as client:
        _say([client.put_team(name, title=title, members=members)], as_json)


@command.command()
@where_options
@click.argument("name")
@click.argument("person")
@as_json_option
def join(where: Where, name: str, person: str, as_json: bool) -> None:
    """Add PERSON to the team NAME."""
    with where.ask() as client:
        _say([client.join_team(name, person)], as_json)


@command.command()
@where_options
@click.argument("name")
@click.argument("person")
@as_json_option
def leave(where: Where, name: str, person: str, as_json: bool) -> None:
    """Take PERSON out of the team NAME."""
    with where.ask() as client:
        _say([client.leave_team(name, person)], as_json)


@command.command()
@where_options
@click.argument("name")
@as_json_option
def remove(where: Where, name: str, as_json: bool) -> None:
    """Take away a team that owns nothing."""
    with where.ask() as client:
        client.remove_team(name)
    click.echo(json.dumps({"team": name, "is_removed": True}) if as_json else f"{name} is no team any more")


def _say(lines: Sequence[TeamRecord], as_json: bool) -> None:
    shown = (lambda names: list(names)) if as_json else ", ".join
    rows = [
        {
            "team": line.name,
            "title": line.title or None,
            "members": shown(line.members),
            "metrics": shown(line.metrics),
            "systems": shown(line.systems),
            "flags": shown(line.flags),
        }
        for line in lines
    ]
    print_rows(rows, as_json=as_json, nothing="No teams. Name one under `teams` in a configuration, or `teams set`.")
