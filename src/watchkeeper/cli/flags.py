"""`watchkeeper flags`: what each flag serves, and changing that by hand. Works beside a running server."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from watchkeeper.cli.home import home_option, open_ledger

if TYPE_CHECKING:
    from watchkeeper.watch.flag_views import FlagLine
    from watchkeeper.watch.flags import Flags

as_json_option = click.option("--json", "as_json", is_flag=True, help="JSON for scripts.")


@click.group()
def command() -> None:
    """List feature flags, ask them, override them, answer their guards.

    \b
    Examples:
      watchkeeper flags list
      watchkeeper flags evaluate smart-ranking --context '{"targetingKey": "u1"}'
      watchkeeper flags override smart-ranking basic --for 8h --note 'model server is moving'
      watchkeeper flags yes smart-ranking
    """


@command.command("list")
@home_option
@as_json_option
def list_flags(home: Path, as_json: bool) -> None:
    """List every flag as it stands."""
    with _open(home) as flags:
        lines = flags.lines()
    if as_json:
        click.echo(json.dumps([_as_json(line) for line in lines], indent=2))
    for line in [] if as_json else lines:
        click.echo(f"{line.flag.name}: {line.sentence}")
    if not lines and not as_json:
        click.echo("No flags. Name some under `flags` in a configuration and apply it.")


@command.command()
@home_option
@click.argument("name")
@as_json_option
def log(home: Path, name: str, as_json: bool) -> None:
    """Say what happened to a flag, the newest first."""
    with _open(home) as flags:
        page = flags.page(name)
    if as_json:
        entries = [{"at": one.at, "by": one.by, "what": one.what, "detail": one.detail} for one in page.changes]
        click.echo(json.dumps(entries, indent=2))
        return
    from watchkeeper.domain.times import format_instant

    click.echo(page.line.sentence)
    for one in page.changes:
        click.echo(f"{format_instant(one.at)}  {one.by}: {one.what}{f': {one.detail}' if one.detail else ''}")


@command.command()
@home_option
@click.argument("name")
@click.option("--context", default="{}", show_default=True, help="The user as a JSON object.")
def evaluate(home: Path, name: str, context: str) -> None:
    """Print what a user would be served, as JSON."""
    from watchkeeper.domain.errors import InputError

    try:
        user = json.loads(context)
    except ValueError as error:
        raise InputError(f"--context: no JSON: {error}") from None
    if not isinstance(user, dict):
        raise InputError('--context: give a JSON object such as {"targetingKey": "u1"}')
    with _open(home) as flags:
        found = flags.evaluate(name, user)
    click.echo(
        json.dumps(
            {
                "key": found.key,
                "variant": found.variant,
                "value": found.value,
                "reason": found.reason or found.error,
                "cause": found.cause or found.details,
            }
        )
    )


@command.command()
@home_option
@click.argument("name")
@click.argument("variant")
@click.option("--for", "lasting", default="1h", show_default=True, help="How long: 30m, 8h, 2d; at most 30 days.")
@click.option("--note", default="", help="Why.")
def override(home: Path, name: str, variant: str, lasting: str, note: str) -> None:
    """Give everybody one variant for a time, whatever rules and guards say."""
    from watchkeeper.domain.times import parse_duration

    with _open(home) as flags:
        _say(flags.override(name, variant, parse_duration(lasting), _me(), note))


@command.command()
@home_option
@click.argument("name")
def clear(home: Path, name: str) -> None:
    """End an override."""
    with _open(home) as flags:
        _say(flags.clear(name, _me()))


@command.command()
@home_option
@click.argument("name")
@click.option("--note", default="", help="Why.")
def trip(home: Path, name: str, note: str) -> None:
    """Trip a guard by hand: the fallback for everybody, and the usual slow return."""
    with _open(home) as flags:
        _say(flags.trip(name, _me(), note))


@command.command()
@home_option
@click.argument("name")
def yes(home: Path, name: str) -> None:
    """Answer a guard's question with yes."""
    with _open(home) as flags:
        _say(flags.answer(name, is_yes=True, by=_me()))


@command.command()
@home_option
@click.argument("name")
def no(home: Path, name: str) -> None:
    """Answer a guard's question with no."""
    with _open(home) as flags:
        _say(flags.answer(name, is_yes=False, by=_me()))


@contextmanager
def _open(home: Path) -> Iterator[Flags]:
    import time

    from watchkeeper.watch.flags import Flags

    with open_ledger(home) as ledger:
        flags = Flags(ledger, time.time)
        flags.refresh()
        yield flags


def _me() -> str:
    return getpass.getuser()


def _say(line: FlagLine) -> None:
    click.echo(line.sentence)


def _as_json(line: FlagLine) -> dict[str, Any]:
    return {
        "name": line.flag.name,
        "serving": line.serving,
        "standing": line.state.standing.value,
        "cause": line.state.cause,
        "override": line.override.variant if line.override else None,
        "sentence": line.sentence,
    }
