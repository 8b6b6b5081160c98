"""`watchkeeper alerts`: the list on a terminal or for a script."""

from __future__ import annotations

import json
from pathlib import Path

import click

from watchkeeper.cli.home import alert_as_json, home_option, print_alerts


@click.command()
@home_option
@click.option(
    "--show",
    type=click.Choice(["open", "answered", "explained", "resolved", "quiet", "all"]),
    default="open",
    show_default=True,
)
@click.option("--order", type=click.Choice(["severity", "newest"]), default="severity", show_default=True)
@click.option("--page", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(home: Path, show: str, order: str, page: int, as_json: bool) -> None:
    """List alerts, the biggest first.

    \b
    Examples:
      watchkeeper alerts
      watchkeeper alerts --show all --order newest --json
    """
    from watchkeeper.watch.service import Watchkeeper

    with Watchkeeper.open(home) as service:
        inbox = service.inbox(show=show, order="newest" if order == "newest" else "severity", page=page)
        explained = [service.explanation(line.alert.id) for line in inbox.lines] if as_json else []
    if as_json:
        for line, explanation in zip(inbox.lines, explained, strict=True):
            click.echo(json.dumps(alert_as_json(line, explanation)))
    elif inbox.lines:
        print_alerts(inbox.lines, f"{inbox.counts[show]} {show} alerts, page {inbox.page} of {inbox.pages}")
    else:
        click.echo(f"No {show} alerts.")
