"""`watchkeeper channels`: how each way to people fares, and a test on demand. Works beside a running server."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import click

from watchkeeper.cli.home import print_rows, told
from watchkeeper.cli.reach import Where, print_records, where_options

if TYPE_CHECKING:
    from watchkeeper.client.records import ChannelRecord

as_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


@click.group()
def command() -> None:
    """Say how channels fare, test them, and say what was told there and why not.

    \b
    Examples:
      watchkeeper channels list
      watchkeeper channels test team
      watchkeeper channels told --alert 12
      watchkeeper channels told --outcome held --json
      watchkeeper channels messages
    """


@command.command("list")
@where_options
@as_json_option
def list_(where: Where, as_json: bool) -> None:
    """List channels. Ends with 7 where one is failing."""
    with where.ask() as client:
        lines = client.channels()
    nothing = "No channels. Name some under `channels` in a configuration and apply it."
    print_rows([_row(line) for line in lines], as_json=as_json, nothing=nothing)
    if any(line.is_failing for line in lines):
        raise SystemExit(7)


@command.command()
@where_options
@click.argument("name")
@as_json_option
def test(where: Where, name: str, as_json: bool) -> None:
    """Send a test message to the channel NAME now. Ends with 7 and the reason where it did not arrive."""
    with where.ask() as client:
        line = client.test_channel(name)
    if as_json:
        print_rows([_row(line)], as_json=True, nothing="")
    else:
        click.echo(f"channel {name}: the test message was taken")


@command.command("told")
@where_options
@click.option("--channel", "target", default="", help="Only at this channel, or `flag:NAME`.")
@click.option("--outcome", type=click.Choice(["sent", "held", "failed", "waiting"]), help="Only what became of it so.")
@click.option("--alert", type=int, help="Only of this alert.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@as_json_option
def told_(where: Where, target: str, outcome: str | None, alert: int | None, limit: int, as_json: bool) -> None:
    """List what became of each change of an alert at each channel and flag, the newest change first, and why."""
    with where.ask() as client:
        found = list(islice(client.told(target=target, outcome=outcome or "", alert=alert), limit))
    if as_json:
        print_records(found)
        return
    rows = [
        {
            "at": told(one.decided_at),
            "alert": one.alert,
            "change": one.change.value,
            "to": one.target,
            "was": one.outcome,
            "why": one.reason or None,
        }
        for one in found
    ]
    print_rows(rows, as_json=False, nothing="Nothing was told yet.")


@command.command()
@where_options
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@as_json_option
def messages(where: Where, limit: int, as_json: bool) -> None:
    """Print the newest messages that channels wrote into files, the newest first."""
    with where.ask() as client:
        found = list(islice(client.messages(), limit))
    if as_json:
        print_records(found)
        return
    for one in found:
        click.echo("\n".join(filter(None, (one.subject, one.sentence, one.rest))) + "\n")
    if not found:
        click.echo("No messages: no channel writes a file, or nothing was told.")


def _row(one: ChannelRecord) -> dict[str, object]:
    return {
        "name": one.name,
        "kind": one.kind,
        "failing": one.is_failing,
        "delivered": told(one.delivered_at),
        "pending": one.pending,
        "state": one.sentence,
    }
