"""`watchkeeper alerts`: the list on a terminal or for a script, and what people do with alerts."""

from __future__ import annotations

import getpass
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click
import msgspec

from watchkeeper.cli.home import (
    alert_as_json,
    home_option,
    open_ledger,
    print_alert_rows,
    print_alerts,
    print_rows,
)
from watchkeeper.cli.reach import client_of, print_records, server_options
from watchkeeper.domain.errors import InputError
from watchkeeper.domain.times import format_instant, parse_duration, parse_instant

if TYPE_CHECKING:
    from watchkeeper.domain.handling import Handling, Mute
    from watchkeeper.watch.deeds import Deeds
    from watchkeeper.watch.views import Show

as_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
by_option = click.option("--by", default=getpass.getuser, show_default="you", help="Who does it.")
note_option = click.option("--note", default="", help="Why, or a link.")
alerts_argument = click.argument("alerts", nargs=-1, required=True, type=int, metavar="ALERT…")
PAGE = 20
SHOWS = ["open", "acknowledged", "answered", "explained", "resolved", "quiet", "all"]


@click.group(invoke_without_command=True)
@home_option
@server_options
@click.option("--show", type=click.Choice(SHOWS), default="open", show_default=True)
@click.option("--order", type=click.Choice(["severity", "newest"]), default="severity", show_default=True)
@click.option("--page", type=click.IntRange(min=1), default=1, show_default=True)
@as_json_option
@click.pass_context
def command(
    context: click.Context, home: Path, server: str, token: str, show: str, order: str, page: int, as_json: bool
) -> None:
    """List alerts, the biggest first; acknowledge, assign, snooze, mute and comment on them.

    The list needs the stores to itself: beside a running server give its address, which answers newest first (with
    --json as the API gives it). The other commands work beside a running server.

    \b
    Examples:
      watchkeeper alerts
      watchkeeper alerts --show all --order newest --json
      watchkeeper alerts --server https://watch.example.com --token "$TOKEN"
      watchkeeper alerts ack 12 13 --note 'looking'
      watchkeeper alerts snooze 12 --for 4h
      watchkeeper alerts mute --metric orders --for 2h --note 'database moves'
    """
    if context.invoked_subcommand is not None:
        return
    if server:
        _list_of_server(server, token, show, page, as_json)
        return
    from watchkeeper.watch.service import Watchkeeper

    with Watchkeeper.open(home) as service:
        inbox = service.inbox(show=show, order="newest" if order == "newest" else "severity", page=page)
        explained = [service.explanation(line.alert.id) for line in inbox.lines] if as_json else []
        seen = [service.alert_page(line.alert.id).hindsight for line in inbox.lines] if as_json else []
    if as_json:
        for line, explanation, then in zip(inbox.lines, explained, seen, strict=True):
            click.echo(json.dumps(alert_as_json(line, explanation, then)))
    elif inbox.lines:
        print_alerts(inbox.lines, f"{inbox.counts[show]} {show} alerts, page {inbox.page} of {inbox.pages}")
    else:
        click.echo(f"No {show} alerts.")


def _list_of_server(server: str, token: str, show: str, page: int, as_json: bool) -> None:
    first = (page - 1) * PAGE
    with client_of(server, token) as client:
        found = list(islice(client.alerts(show=cast("Show", show)), first, first + PAGE))
    if as_json:
        print_records(found)
    elif found:
        rows = [(one.id, one.start, one.severity, one.series_count, one.sentence) for one in found]
        print_alert_rows(rows, f"{show} alerts, page {page}, times in UTC")
    else:
        click.echo(f"No {show} alerts.")


@command.command()
@home_option
@alerts_argument
@note_option
@by_option
@as_json_option
def ack(home: Path, alerts: tuple[int, ...], note: str, by: str, as_json: bool) -> None:
    """Acknowledge alerts: somebody takes care of them."""
    with _open(home) as deeds:
        _say(deeds.acknowledge(alerts, by, note), as_json)


@command.command()
@home_option
@alerts_argument
@click.option("--to", "owner", default="", help="Whom; left out, it is the metric's owner again.")
@note_option
@by_option
@as_json_option
def assign(home: Path, alerts: tuple[int, ...], owner: str, note: str, by: str, as_json: bool) -> None:
    """Give alerts to somebody."""
    with _open(home) as deeds:
        _say(deeds.assign(alerts, owner, by, note), as_json)


@command.command()
@home_option
@alerts_argument
@click.option("--for", "lasting", default="", help="How long: 30m, 4h, 2d.")
@click.option("--until", default="", help="Or until when: 2026-11-23T09:00.")
@click.option("--zone", default="UTC", show_default=True, help="The clock of --until.")
@note_option
@by_option
@as_json_option
def snooze(
    home: Path, alerts: tuple[int, ...], lasting: str, until: str, zone: str, note: str, by: str, as_json: bool
) -> None:
    """Tell nobody of alerts for a time; what is still open then is told again."""
    if bool(lasting) == bool(until):
        raise click.UsageError("say either --for or --until")
    end = int(time.time()) + parse_duration(lasting) if lasting else parse_instant(until, zone)
    with _open(home) as deeds:
        _say(deeds.snooze(alerts, end, by, note), as_json)


@command.command()
@home_option
@alerts_argument
@click.option("--text", required=True, help="What to say to whoever reads them later.")
@by_option
@as_json_option
def comment(home: Path, alerts: tuple[int, ...], text: str, by: str, as_json: bool) -> None:
    """Say something on alerts."""
    with _open(home) as deeds:
        _say(deeds.comment(alerts, text, by), as_json)


@command.command()
@home_option
@click.argument("alert", type=int)
@as_json_option
def runbook(home: Path, alert: int, as_json: bool) -> None:
    """Print what to do about an alert, its checklists numbered, and what earlier incidents taught."""
    from watchkeeper.watch.runbooks import Runbooks

    with open_ledger(home) as ledger:
        book = Runbooks(ledger).of_alert(alert)
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(book), ensure_ascii=False))
        return
    number = 0
    for part in book.parts:
        click.echo(f"{part.title}")
        for piece in part.pieces:
            if piece.text:
                click.echo(piece.text)
            for check in piece.checks:
                number += 1
                by = f" ({check.ticked.by}, {format_instant(check.ticked.at)})" if check.ticked else ""
                click.echo(f"  {number}. [{'x' if check.ticked else ' '}] {check.text}{by}")
    for lesson in book.lessons:
        click.echo(f"Not in the runbook yet, after alert {lesson.said.alert}: {lesson.said.text}")
    if not book.parts:
        click.echo("No runbook. Write one under `runbook` of its metric, source or system, or under `runbooks`.")


@command.command()
@home_option
@click.argument("alert", type=int)
@click.argument("item", type=int)
@by_option
@as_json_option
def tick(home: Path, alert: int, item: int, by: str, as_json: bool) -> None:
    """Tick an item of an alert's checklists, by the number that `runbook` gives it; `undo` takes it back."""
    from watchkeeper.watch.runbooks import Runbooks

    with open_ledger(home) as ledger:
        book = Runbooks(ledger).of_alert(alert)
    checks = [check for part in book.parts for piece in part.pieces for check in piece.checks]
    if not 1 <= item <= len(checks):
        raise InputError(f"tick: alert {alert} has {len(checks)} items on its checklists; there is no item {item}")
    with _open(home) as deeds:
        _say([deeds.tick(alert, checks[item - 1].key, by)], as_json)


@command.command()
@home_option
@click.argument("alert", type=int)
@click.option("--text", required=True, help="What the runbook should have said.")
@by_option
@as_json_option
def learn(home: Path, alert: int, text: str, by: str, as_json: bool) -> None:
    """Say what the runbook should have said; later alerts of the series show it until the runbook has it."""
    with _open(home) as deeds:
        _say([deeds.learn(alert, text, by)], as_json)


@command.command()
@home_option
@click.argument("handling", type=int)
@by_option
@as_json_option
def undo(home: Path, handling: int, by: str, as_json: bool) -> None:
    """Take back what was done, by the number that it was given."""
    with _open(home) as deeds:
        _say([deeds.undo(handling, by)], as_json)


@command.command()
@home_option
@click.option("--metric", default="", help="Of this metric.")
@click.option("--series", "series_id", type=int, help="Of this series, by its number.")
@click.option("--tag", default="", help="Of the metrics with this tag. With none of the three: of everything.")
@click.option("--from", "start", default="", help="From when on; left out, from now.")
@click.option("--to", "end", default="", help="Until when: 2026-11-23T09:00.")
@click.option("--for", "lasting", default="", help="Or how long: 30m, 4h, 2d.")
@click.option("--repeat", default="", help="weekly, yearly, rrule:FREQ=DAILY, holidays:DE; left out, once.")
@click.option("--zone", default="UTC", show_default=True, help="The clock of the times, and of what repeats.")
@note_option
@by_option
@as_json_option
def mute(
    home: Path,
    metric: str,
    series_id: int | None,
    tag: str,
    start: str,
    end: str,
    lasting: str,
    repeat: str,
    zone: str,
    note: str,
    by: str,
    as_json: bool,
) -> None:
    """Tell nobody for a window, once or repeating. Alerts are raised all the same.

    \b
    Examples:
      watchkeeper alerts mute --metric orders --for 2h --note 'database moves'
      watchkeeper alerts mute --tag batch --from 2026-11-28T22:00 --for 4h --repeat weekly --zone Europe/Berlin
    """
    if bool(lasting) == bool(end):
        raise click.UsageError("say either --for or --to")
    begin = parse_instant(start, zone) if start else int(time.time())
    close = begin + parse_duration(lasting) if lasting else parse_instant(end, zone)
    with _open(home) as deeds:
        kept = deeds.mute(
            begin, close, by, metric=metric, series_id=series_id, tag=tag, repeat=repeat, zone=zone, note=note
        )
    print_rows([_mute_row(kept)], as_json=as_json, nothing="")


@command.command()
@home_option
@click.option("--all", "over_too", is_flag=True, help="Those that are over, too.")
@as_json_option
def mutes(home: Path, over_too: bool, as_json: bool) -> None:
    """List mutes, the newest first."""
    with _open(home) as deeds:
        rows = [_mute_row(one) for one in deeds.mutes(over_too=over_too)]
    print_rows(rows, as_json=as_json, nothing="No mutes.")


@command.command()
@home_option
@click.argument("number", type=int)
@by_option
@as_json_option
def unmute(home: Path, number: int, by: str, as_json: bool) -> None:
    """End a mute now."""
    with _open(home) as deeds:
        ended = deeds.unmute(number, by)
    print_rows([_mute_row(ended)], as_json=as_json, nothing="")


@contextmanager
def _open(home: Path) -> Iterator[Deeds]:
    from watchkeeper.watch.deeds import Deeds

    with open_ledger(home) as ledger:
        yield Deeds(ledger, time.time)


def _say(lines: Sequence[Handling], as_json: bool) -> None:
    for line in lines:
        if as_json:
            click.echo(json.dumps(_as_json(line), ensure_ascii=False))
        else:
            what = line.deed.value if line.deed is not None else f"undo of {line.undoes}"
            click.echo(f"alert {line.alert}: {what} (#{line.id}; watchkeeper alerts undo {line.id} takes it back)")


def _as_json(line: Handling) -> dict[str, Any]:
    return {
        "id": line.id,
        "alert": line.alert,
        "by": line.by,
        "at": format_instant(line.at),
        "deed": line.deed.value if line.deed is not None else None,
        "owner": line.owner or None,
        "until": format_instant(line.until) if line.until else None,
        "text": line.text or None,
        "undoes": line.undoes,
    }


def _mute_row(mute: Mute) -> dict[str, Any]:
    return {
        "id": mute.id,
        "of": mute.scope,
        "from": format_instant(mute.start),
        "to": format_instant(mute.end),
        "repeat": mute.repeat or None,
        "by": mute.by,
        "note": mute.note or None,
        "ended": None if mute.ended_at is None else format_instant(mute.ended_at),
    }
