"""`watchkeeper flags`: what each flag serves, and changing that by hand. Works beside a running server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from watchkeeper.cli.home import told
from watchkeeper.cli.reach import Where, where_options
from watchkeeper.domain.errors import InputError

if TYPE_CHECKING:
    from watchkeeper.client.records import FlagRecord, RolloutMove

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
@where_options
@as_json_option
def list_flags(where: Where, as_json: bool) -> None:
    """List every flag as it stands."""
    with where.ask() as client:
        lines = client.flags()
    if as_json:
        click.echo(json.dumps([_as_json(line) for line in lines], indent=2))
    for line in [] if as_json else lines:
        click.echo(f"{line.name}: {line.sentence}")
    if not lines and not as_json:
        click.echo("No flags. Name some under `flags` in a configuration and apply it.")


@command.command()
@where_options
@click.argument("name")
@as_json_option
def log(where: Where, name: str, as_json: bool) -> None:
    """Say what happened to a flag, the newest first."""
    with where.ask() as client:
        page = client.flag(name)
    if as_json:
        entries = [{"at": told(one.at), "by": one.by, "what": one.what, "detail": one.detail} for one in page.changes]
        click.echo(json.dumps(entries, indent=2))
        return
    click.echo(page.flag.sentence)
    for one in page.changes:
        click.echo(f"{told(one.at)}  {one.by}: {one.what}{f': {one.detail}' if one.detail else ''}")


@command.command()
@where_options
@click.argument("name")
@click.option("--context", default="{}", show_default=True, help="The user as a JSON object.")
@click.option("--json", is_flag=True, expose_value=False, help="As always: what is printed is JSON.")
def evaluate(where: Where, name: str, context: str) -> None:
    """Print what a user would be served, as JSON."""
    try:
        user = json.loads(context)
    except ValueError as error:
        raise InputError(f"--context: no JSON: {error}") from None
    except RecursionError:
        raise InputError("--context: it nests too deep; write it flatter") from None
    if not isinstance(user, dict):
        raise InputError('--context: give a JSON object such as {"targetingKey": "u1"}')
    with where.ask() as client:
        found = client.evaluate_flag(name, user)
    click.echo(
        json.dumps(
            {
                "key": found.key,
                "variant": found.variant,
                "value": found.value,
                "reason": found.reason,
                "cause": found.cause,
            }
        )
    )


@command.command()
@where_options
@click.argument("name")
@click.argument("variant")
@click.option("--for", "lasting", default="1h", show_default=True, help="How long: 30m, 8h, 2d; at most 30 days.")
@click.option("--note", default="", help="Why.")
@as_json_option
def override(where: Where, name: str, variant: str, lasting: str, note: str, as_json: bool) -> None:
    """Give everybody one variant for a time, whatever rules and guards say."""
    with where.ask() as client:
        _say(client.override_flag(name, variant, lasting=lasting, note=note), as_json)


@command.command()
@where_options
@click.argument("name")
@as_json_option
def clear(where: Where, name: str, as_json: bool) -> None:
    """End an override."""
    with where.ask() as client:
        _say(client.end_override(name), as_json)


@command.command()
@where_options
@click.argument("name")
@click.option("--note", default="", help="Why.")
@as_json_option
def trip(where: Where, name: str, note: str, as_json: bool) -> None:
    """Trip a guard by hand: the fallback for everybody, and the usual slow return."""
    with where.ask() as client:
        _say(client.trip_guard(name, note=note), as_json)


@command.command()
@where_options
@click.argument("name")
@as_json_option
def yes(where: Where, name: str, as_json: bool) -> None:
    """Answer the question of a guard or a roll-out with yes."""
    with where.ask() as client:
        _say(client.answer_guard(name, is_yes=True), as_json)


@command.command()
@where_options
@click.argument("name")
@as_json_option
def no(where: Where, name: str, as_json: bool) -> None:
    """Answer the question of a guard or a roll-out with no."""
    with where.ask() as client:
        _say(client.answer_guard(name, is_yes=False), as_json)


@command.command()
@where_options
@click.argument("name")
@as_json_option
def rollout(where: Where, name: str, as_json: bool) -> None:
    """Say how a guarded roll-out stands: its share, its key metrics, its steps."""
    with where.ask(whole=True) as client:
        shown, sentence = client.rollout(name), client.flag(name).flag.sentence
    if as_json:
        said = {
            "flag": name,
            "course": shown.course,
            "share": shown.share,
            "keys": [
                {
                    "label": key.label,
                    "unit": key.unit,
                    "estimate": key.estimate[-1] if key.estimate else None,
                    "lower": key.lower[-1] if key.lower else None,
                    "upper": key.upper[-1] if key.upper else None,
                }
                for key in shown.keys
            ],
            "moves": [_move_as_json(one) for one in shown.moves],
        }
        click.echo(json.dumps(said, indent=2))
        return
    click.echo(f"{sentence} Mode {shown.mode}: {shown.course}.")
    for key in shown.keys:
        click.echo(f"  {key.label}: {key.sentence}")
    for one in shown.moves:
        click.echo(f"{told(one.at)}  {one.what}")


@command.command()
@where_options
@click.argument("name")
@click.option("--days", default=90, show_default=True, help="How far back.")
@as_json_option
def preview(where: Where, name: str, days: int, as_json: bool) -> None:
    """Say what a guarded roll-out would have done by itself on the past of its key metrics."""
    with where.ask(whole=True) as client:
        done = client.preview_rollout(name, days=days)
    if as_json:
        click.echo(json.dumps([_move_as_json(one) for one in done], indent=2))
        return
    for one in done:
        click.echo(f"{told(one.at)}  {one.what}: {one.share:g} %")
    if not done:
        click.echo("Nothing: its key metrics never had values of both variants in that time.")


@command.command()
@where_options
@click.argument("name")
@as_json_option
def pause(where: Where, name: str, as_json: bool) -> None:
    """Widen a roll-out no further; harm still rolls it back."""
    with where.ask() as client:
        _say(client.steer_rollout(name, "pause"), as_json)


@command.command()
@where_options
@click.argument("name")
@as_json_option
def resume(where: Where, name: str, as_json: bool) -> None:
    """Go on with a paused roll-out, or begin one anew that was aborted or rolled back."""
    with where.ask() as client:
        _say(client.steer_rollout(name, "resume"), as_json)


@command.command()
@where_options
@click.argument("name")
@as_json_option
def abort(where: Where, name: str, as_json: bool) -> None:
    """Abort a roll-out: everybody gets the other variant."""
    with where.ask() as client:
        _say(client.steer_rollout(name, "abort"), as_json)


def _move_as_json(one: RolloutMove) -> dict[str, Any]:
    return {"at": told(one.at), "what": one.what, "share": one.share}


def _say(flag: FlagRecord, as_json: bool) -> None:
    click.echo(json.dumps(_as_json(flag)) if as_json else flag.sentence)


def _as_json(flag: FlagRecord) -> dict[str, Any]:
    return {
        "name": flag.name,
        "serving": flag.serving,
        "standing": flag.standing,
        "cause": flag.cause,
        "override": flag.override.variant if flag.override else None,
        "sentence": flag.sentence,
    }
