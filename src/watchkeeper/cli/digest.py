"""`watchkeeper digest`: a week in a few lines, printed or sent."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import click

from watchkeeper.cli.home import alert_as_json, told
from watchkeeper.cli.reach import Where, where_options


@click.command()
@where_options
@click.option("--until", help="The week before this time, as 2026-11-23 (default: the newest).")
@click.option("--send", "channel", help="Send it to this channel, as a weekly cron job would.")
@click.option("--link", default="", help="The address of the pages, to be named in what is sent.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def command(where: Where, until: str | None, channel: str | None, link: str, as_json: bool) -> None:
    """Say what moved in a week, what was answered, and how well the watch itself did.

    \b
    Examples:
      watchkeeper digest
      watchkeeper digest --until 2013-02-11 --json
      watchkeeper digest --send team --link https://watch.example.com
    """
    from watchkeeper.domain.times import parse_instant

    end = datetime.fromtimestamp(parse_instant(until), UTC) if until else None
    with where.ask(whole=True) as client:
        week = client.send_week(channel, until=end, link=link) if channel else client.week(end)
        moved = [alert_as_json(one, client.explanation(one.id)) for one in week.moved] if as_json else []
    if as_json:
        row: dict[str, Any] = {"start": told(week.start), "end": told(week.end)}
        numbers = ("alerts", "before", "answered", "real", "false_alarms", "explained", "missed", "noisy", "silent")
        row |= {name: getattr(week, name) for name in numbers}
        click.echo(json.dumps({**row, "sentence": week.sentence, "moved": moved}))
    else:
        click.echo("\n".join(week.lines))
