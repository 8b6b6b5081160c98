"""`watchkeeper channels`: how each way to people fares, and a test on demand. Works beside a running server."""

from __future__ import annotations

import getpass
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from watchkeeper.cli.home import home_option, open_ledger, print_rows
from watchkeeper.domain.times import format_instant

if TYPE_CHECKING:
    from watchkeeper.watch.channels import ChannelLine, Channels

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
@home_option
@as_json_option
def list_(home: Path, as_json: bool) -> None:
    """List channels. Ends with 7 where one is failing."""
    with _open(home) as channels:
        lines = channels.lines()
    nothing = "No channels. Name some under `channels` in a configuration and apply it."
    print_rows([_row(line) for line in lines], as_json=as_json, nothing=nothing)
    if any(line.is_failing for line in lines):
        raise SystemExit(7)


@command.command()
@home_option
@click.argument("name")
@as_json_option
def test(home: Path, name: str, as_json: bool) -> None:
    """Send a test message to the channel NAME now. Ends with 7 and the reason where it did not arrive."""
    with _open(home) as channels:
        line = channels.test(name, getpass.getuser())
    if as_json:
        print_rows([_row(line)], as_json=True, nothing="")
    else:
        click.echo(f"channel {name}: the test message was taken")


@contextmanager
def _open(home: Path) -> Iterator[Channels]:
    from watchkeeper.watch.channels import Channels

    with open_ledger(home) as ledger:
        yield Channels(ledger, time.time)


def _row(line: ChannelLine) -> dict[str, object]:
    return {
        "name": line.name,
        "kind": line.kind,
        "failing": line.is_failing,
        "delivered": None if line.delivered_at is None else format_instant(line.delivered_at),
        "pending": line.pending,
        "state": line.sentence,
    }
