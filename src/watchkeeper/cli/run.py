"""`watchkeeper run`: read, judge and tell once."""

from __future__ import annotations

import time
from pathlib import Path

import click

from watchkeeper.cli.home import find_home, home_option


@click.command()
@home_option
@click.option("--json", "as_json", is_flag=True, help="A JSON object: points, opened, sent, troubles.")
@click.option("--link", default="", metavar="URL", help="Where people reach the pages, for links in messages.")
def command(home: Path, link: str, as_json: bool) -> None:
    """Read what the sources have, judge it and tell people, once. For cron, or to try a configuration.

    \b
    Example:
      watchkeeper run --home /var/lib/watchkeeper
    """
    import msgspec

    from watchkeeper.watch.service import Watchkeeper

    find_home(home)
    with Watchkeeper.open(home, link=link) as service:
        done = service.run_until(int(time.time()), lambda step: click.echo(step, err=True))
    for trouble in done.troubles:
        click.echo(f"watchkeeper: {trouble}", err=True)
    if as_json:
        click.echo(msgspec.json.encode(done).decode())
    else:
        click.echo(f"{done.points:,} points new or different, {done.opened} alerts opened, {done.sent} messages sent")
    if done.troubles:
        raise SystemExit(5)
