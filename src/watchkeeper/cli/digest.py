"""`watchkeeper digest`: a week in a few lines, printed or sent."""

from __future__ import annotations

import json
from pathlib import Path

import click

from watchkeeper.cli.home import alert_as_json, home_option


@click.command()
@home_option
@click.option("--until", help="The week before this time, as 2026-11-23 (default: the newest).")
@click.option("--send", "channel", help="Send it to this channel, as a weekly cron job would.")
@click.option("--link", default="", help="The address of the pages, to be named in what is sent.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def command(home: Path, until: str | None, channel: str | None, link: str, as_json: bool) -> None:
    """Say what moved in a week, what was answered, and how well the watch itself did.

    \b
    Examples:
      watchkeeper digest
      watchkeeper digest --until 2013-02-11 --json
      watchkeeper digest --send team --link https://watch.example.com
    """
    from watchkeeper.domain.times import parse_instant
    from watchkeeper.watch.service import Watchkeeper
    from watchkeeper.watch.week import text

    end = parse_instant(until) if until else None
    with Watchkeeper.open(home) as service:
        week = service.overview.send(channel, "command line", end, link) if channel else service.overview.week(end)
        moved = [alert_as_json(line, service.explanation(line.alert.id)) for line in week.moved] if as_json else []
    if as_json:
        numbers = ("start", "end", "alerts", "before", "answered", "real", "false_alarms", "explained", "missed")
        told = {name: getattr(week, name) for name in numbers}
        told |= {name: [one.metric.name for one in getattr(week, name)] for name in ("noisy", "silent")}
        click.echo(json.dumps({**told, "sentence": week.sentence, "moved": moved}))
    else:
        click.echo("\n".join(text(week)))
