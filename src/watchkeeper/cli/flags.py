"""`watchkeeper flags`: what each flag serves, and changing that by hand. Works beside a running server."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from watchkeeper.cli.home import home_option, open_ledger
from watchkeeper.cli.reach import client_of, server_options
from watchkeeper.domain.errors import InputError
from watchkeeper.domain.times import format_instant, parse_duration

if TYPE_CHECKING:
    from watchkeeper.client.records import FlagRecord
    from watchkeeper.watch.flag_views import FlagLine, PastMove
    from watchkeeper.watch.flags import Flags

as_json_option = click.option("--json", "as_json", is_flag=True, help="JSON for scripts.")


@click.group()
def command() -> None:
    """List feature flags, ask them, override them, answer their guards, steer their roll-outs.

    \b
    Examples:
      watchkeeper flags list
      watchkeeper flags evaluate smart-ranking --context '{"targetingKey": "u1"}'
      watchkeeper flags override smart-ranking basic --for 8h --note 'model server is moving'
      watchkeeper flags yes smart-ranking
      watchkeeper flags preview smart-ranking --days 30
      watchkeeper flags rollout smart-ranking
      watchkeeper flags pause smart-ranking
    """


@command.command("list")
@home_option
@server_options
@as_json_option
def list_flags(home: Path, server: str, token: str, as_json: bool) -> None:
    """List every flag as it stands."""
    lines: Sequence[FlagLine | FlagRecord]
    if server:
        with client_of(server, token) as client:
            lines = client.flags()
    else:
        with _open(home) as flags:
            lines = flags.lines()
    if as_json:
        click.echo(json.dumps([_as_json(line) for line in lines], indent=2))
    for line in [] if as_json else lines:
        click.echo(f"{_as_json(line)['name']}: {line.sentence}")
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
    click.echo(page.line.sentence)
    for one in page.changes:
        click.echo(f"{format_instant(one.at)}  {one.by}: {one.what}{f': {one.detail}' if one.detail else ''}")


@command.command()
@home_option
@click.argument("name")
@click.option("--context", default="{}", show_default=True, help="The user as a JSON object.")
@click.option("--json", is_flag=True, expose_value=False, help="As always: what is printed is JSON.")
def evaluate(home: Path, name: str, context: str) -> None:
    """Print what a user would be served, as JSON."""
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
@server_options
@click.argument("name")
@click.argument("variant")
@click.option("--for", "lasting", default="1h", show_default=True, help="How long: 30m, 8h, 2d; at most 30 days.")
@click.option("--note", default="", help="Why.")
@as_json_option
def override(
    home: Path, server: str, token: str, name: str, variant: str, lasting: str, note: str, as_json: bool
) -> None:
    """Give everybody one variant for a time, whatever rules and guards say."""
    if server:
        with client_of(server, token) as client:
            _say(client.override_flag(name, variant, lasting=lasting, note=note), as_json)
        return
    with _open(home) as flags:
        _say(flags.override(name, variant, parse_duration(lasting), _me(), note), as_json)


@command.command()
@home_option
@server_options
@click.argument("name")
@as_json_option
def clear(home: Path, server: str, token: str, name: str, as_json: bool) -> None:
    """End an override."""
    if server:
        with client_of(server, token) as client:
            _say(client.end_override(name), as_json)
        return
    with _open(home) as flags:
        _say(flags.clear(name, _me()), as_json)


@command.command()
@home_option
@server_options
@click.argument("name")
@click.option("--note", default="", help="Why.")
@as_json_option
def trip(home: Path, server: str, token: str, name: str, note: str, as_json: bool) -> None:
    """Trip a guard by hand: the fallback for everybody, and the usual slow return."""
    if server:
        with client_of(server, token) as client:
            _say(client.trip_guard(name, note=note), as_json)
        return
    with _open(home) as flags:
        _say(flags.trip(name, _me(), note), as_json)


@command.command()
@home_option
@server_options
@click.argument("name")
@as_json_option
def yes(home: Path, server: str, token: str, name: str, as_json: bool) -> None:
    """Answer the question of a guard or a roll-out with yes."""
    if server:
        with client_of(server, token) as client:
            _say(client.answer_guard(name, is_yes=True), as_json)
        return
    with _open(home) as flags:
        _say(flags.answer(name, is_yes=True, by=_me()), as_json)


@command.command()
@home_option
@server_options
@click.argument("name")
@as_json_option
def no(home: Path, server: str, token: str, name: str, as_json: bool) -> None:
    """Answer the question of a guard or a roll-out with no."""
    if server:
        with client_of(server, token) as client:
            _say(client.answer_guard(name, is_yes=False), as_json)
        return
    with _open(home) as flags:
        _say(flags.answer(name, is_yes=False, by=_me()), as_json)


@command.command()
@home_option
@click.argument("name")
@as_json_option
def rollout(home: Path, name: str, as_json: bool) -> None:
    """Say how a guarded roll-out stands: its share, its key metrics, its steps."""
    with _open_whole(home) as flags:
        page = flags.page(name)
    shown = page.rollout
    if shown is None:
        raise InputError(f"flag {name} has no guarded_rollout: give it one in its configuration")
    if as_json:
        told = {
            "flag": name,
            "course": shown.state.course.value,
            "share": shown.share,
            "keys": [
                {
                    "label": key.key.label,
                    "unit": key.unit,
                    "estimate": key.estimate[-1] if key.estimate else None,
                    "lower": key.lower[-1] if key.lower else None,
                    "upper": key.upper[-1] if key.upper else None,
                }
                for key in shown.keys
            ],
            "moves": [_move_as_json(one) for one in shown.moves],
        }
        click.echo(json.dumps(told, indent=2))
        return
    click.echo(f"{page.line.sentence} Mode {shown.plan.mode.value}: {shown.state.course.value}.")
    for key in shown.keys:
        click.echo(f"  {key.key.label}: {key.sentence}")
    for one in shown.moves:
        click.echo(f"{format_instant(one.at)}  {one.what}")


@command.command()
@home_option
@click.argument("name")
@click.option("--days", default=90, show_default=True, help="How far back.")
@as_json_option
def preview(home: Path, name: str, days: int, as_json: bool) -> None:
    """Say what a guarded roll-out would have done by itself on the past of its key metrics."""
    with _open_whole(home) as flags:
        done = flags.rehearsal(name, days)
    if as_json:
        click.echo(json.dumps([_move_as_json(one) for one in done], indent=2))
        return
    for one in done:
        click.echo(f"{format_instant(one.at)}  {one.what}: {one.share:g} %")
    if not done:
        click.echo("Nothing: its key metrics never had values of both variants in that time.")


@command.command()
@home_option
@server_options
@click.argument("name")
@as_json_option
def pause(home: Path, server: str, token: str, name: str, as_json: bool) -> None:
    """Widen a roll-out no further; harm still rolls it back."""
    if server:
        with client_of(server, token) as client:
            _say(client.steer_rollout(name, "pause"), as_json)
        return
    with _open(home) as flags:
        _say(flags.steer(name, "pause", _me()), as_json)


@command.command()
@home_option
@server_options
@click.argument("name")
@as_json_option
def resume(home: Path, server: str, token: str, name: str, as_json: bool) -> None:
    """Go on with a paused roll-out, or begin one anew that was aborted or rolled back."""
    if server:
        with client_of(server, token) as client:
            _say(client.steer_rollout(name, "resume"), as_json)
        return
    with _open(home) as flags:
        _say(flags.steer(name, "resume", _me()), as_json)


@command.command()
@home_option
@server_options
@click.argument("name")
@as_json_option
def abort(home: Path, server: str, token: str, name: str, as_json: bool) -> None:
    """Abort a roll-out: everybody gets the other variant."""
    if server:
        with client_of(server, token) as client:
            _say(client.steer_rollout(name, "abort"), as_json)
        return
    with _open(home) as flags:
        _say(flags.steer(name, "abort", _me()), as_json)


@contextmanager
def _open_whole(home: Path) -> Iterator[Flags]:
    """With the history, which a running server holds where it is a file: ask its API then."""
    from watchkeeper.watch.service import Watchkeeper

    with Watchkeeper.open(home) as service:
        yield service.flags


def _move_as_json(one: PastMove) -> dict[str, Any]:
    return {"at": format_instant(one.at), "what": one.what, "share": one.share}


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


def _say(line: FlagLine | FlagRecord, as_json: bool) -> None:
    click.echo(json.dumps(_as_json(line)) if as_json else line.sentence)


def _as_json(line: FlagLine | FlagRecord) -> dict[str, Any]:
    from watchkeeper.client.records import FlagRecord

    if isinstance(line, FlagRecord):
        name, standing, cause = line.name, line.standing, line.cause
    else:
        name, standing, cause = line.flag.name, line.state.standing.value, line.state.cause
    return {
        "name": name,
        "serving": line.serving,
        "standing": standing,
        "cause": cause,
        "override": line.override.variant if line.override else None,
        "sentence": line.sentence,
    }
