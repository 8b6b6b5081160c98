"""`watchkeeper channels`: how each way to people fares, and a test on demand. Works beside a running server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from watchkeeper.cli.home import print_rows, told
from watchkeeper.cli.reach import Where, where_options

if TYPE_CHECKING:
    from watchkeeper.client.records import ChannelRecord

as_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


@click.group()
def command() -> None:
    """Say how channels fare, and test them.

    \b
    Examples:
      watchkeeper channels list
      watchkeeper channels test team
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


def _row(one: ChannelRecord) -> dict[str, object]:
    return {
        "name": one.name,
        "kind": one.kind,
        "failing": one.is_failing,
        "delivered": told(one.delivered_at),
        "pending": one.pending,
        "state": one.sentence,
    }
