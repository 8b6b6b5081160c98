"""`watchkeeper alerts`: the list on a terminal or for a script, and what people do with alerts."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

import click

from watchkeeper.cli import alert_whole
from watchkeeper.cli.home import alert_as_json, print_alert_rows, print_rows, told
from watchkeeper.cli.reach import Where, print_records, where_options
from watchkeeper.domain.errors import InputError
from watchkeeper.domain.times import parse_duration, parse_instant, zone_info

if TYPE_CHECKING:
    from watchkeeper.client.records import DeedRecord, MuteRecord
    from watchkeeper.watch.views import Show

as_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
by_option = click.option("--by", default="", show_default="you", help="Who does it; a server knows by the token.")
note_option = click.option("--note", default="", help="Why, or a link.")
alerts_argument = click.argument("alerts", nargs=-1, required=True, type=int, metavar="ALERT…")
PAGE = 20
SHOWS = ["open", "acknowledged", "answered", "explained", "resolved", "quiet", "all"]


@click.group(invoke_without_command=True)
@where_options
@click.option("--show", type=click.Choice(SHOWS), default="open", show_default=True)
@click.option("--metric", default="", help="Only of this metric.")
@click.option("--owner", default="", help="Only this person's or team's; a person's teams count too.")
@click.option("--tag", default="", help="Only of metrics with this tag.")
@click.option(
    "--severity", type=click.IntRange(1, 5), default=1, show_default=True, help="Only of this level and more."
)
@click.option("--text", default="", help="Only with these words in title or sentence.")
@click.option("--from", "start", default="", help="Only what lasted after this: 2026-11-20, 2026-11-20T09:00.")
@click.option("--to", "end", default="", help="Only what began before this.")
@click.option("--zone", default="UTC", show_default=True, help="The clock of --from and --to.")
@click.option("--order", type=click.Choice(["severity", "newest"]), default="severity", show_default=True)
@click.option("--page", type=click.IntRange(min=1), default=1, show_default=True)
@as_json_option
@click.pass_context
def command(
    context: click.Context,
    where: Where,
    show: str,
    metric: str,
    owner: str,
    tag: str,
    severity: int,
    text: str,
    start: str,
    end: str,
    zone: str,
    order: str,
    page: int,
    as_json: bool,
) -> None:
    """List alerts, the biggest first; see one whole; acknowledge, assign, snooze, mute and comment on them.

    The list, `show` and `chart` need the stores to themselves: beside a running server give its address. The other
    commands work beside one.

    \b
    Examples:
      watchkeeper alerts
      watchkeeper alerts --show all --order newest --json
      watchkeeper alerts --metric orders --tag batch --severity 3 --from 2026-11-20
      watchkeeper alerts show 12
      watchkeeper alerts chart 12 --out alert.png
      watchkeeper alerts --server https://watch.example.com --token "$TOKEN"
      watchkeeper alerts ack 12 13 --note 'looking'
      watchkeeper alerts snooze 12 --for 4h
      watchkeeper alerts mute --metric orders --for 2h --note 'database moves'
    """
    if context.invoked_subcommand is not None:
        return
    from watchkeeper.client.records import ExplanationRecord

    with where.ask(whole=True) as client:
        pages = client.alert_pages(
            show=cast("Show", show),
            metric=metric,
            owner=owner,
            tag=tag,
            severity=severity,
            text=text,
            start=_moment(parse_instant(start, zone)) if start else None,
            end=_moment(parse_instant(end, zone)) if end else None,
            order="newest" if order == "newest" else "severity",
            limit=PAGE,
        )
        found = next(islice(pages, page - 1, None), None)
        lines = [] if found is None else found.items
        if as_json:
            for line in lines:
                whole = client.alert(line.id)
                explained = ExplanationRecord(sentence=whole.explanation, causes=whole.causes)
                click.echo(json.dumps(alert_as_json(line, explained, whole.hindsight)))
            return
    if not lines:
        click.echo(f"No {show} alerts.")
        return
    rows = [
        (one.id, one.start.astimezone(zone_info(one.timezone)), one.severity, one.series_count, one.sentence)
        for one in lines
    ]
    total = None if found is None else found.total
    title = f"{show} alerts, page {page}"
    print_alert_rows(rows, title if total is None else f"{total} {title} of {math.ceil(total / PAGE)}")


command.add_command(alert_whole.show)
command.add_command(alert_whole.chart)
command.add_command(alert_whole.deeds)


@command.command()
@where_options
@alerts_argument
@note_option
@by_option
@as_json_option
def ack(where: Where, alerts: tuple[int, ...], note: str, by: str, as_json: bool) -> None:
    """Acknowledge alerts: somebody takes care of them."""
    with where.ask(by=by) as client:
        _say(client.acknowledge(*alerts, text=note), as_json)


@command.command()
@where_options
@alerts_argument
@click.option("--to", "owner", default="", help="Whom; left out, it is the metric's owner again.")
@note_option
@by_option
@as_json_option
def assign(where: Where, alerts: tuple[int, ...], owner: str, note: str, by: str, as_json: bool) -> None:
    """Give alerts to somebody."""
    with where.ask(by=by) as client:
        _say(client.assign(*alerts, owner=owner, text=note), as_json)


@command.command()
@where_options
@alerts_argument
@click.option("--for", "lasting", default="", help="How long: 30m, 4h, 2d.")
@click.option("--until", default="", help="Or until when: 2026-11-23T09:00.")
@click.option("--zone", default="UTC", show_default=True, help="The clock of --until.")
@note_option
@by_option
@as_json_option
def snooze(
    where: Where, alerts: tuple[int, ...], lasting: str, until: str, zone: str, note: str, by: str, as_json: bool
) -> None:
    """Tell nobody of alerts for a time; what is still open then is told again."""
    if bool(lasting) == bool(until):
        raise click.UsageError("say either --for or --until")
    end = int(time.time()) + parse_duration(lasting) if lasting else parse_instant(until, zone)
    with where.ask(by=by) as client:
        _say(client.snooze(*alerts, until=_moment(end), text=note), as_json)


@command.command()
@where_options
@alerts_argument
@click.option("--text", required=True, help="What to say to whoever reads them later.")
@by_option
@as_json_option
def comment(where: Where, alerts: tuple[int, ...], text: str, by: str, as_json: bool) -> None:
    """Say something on alerts."""
    with where.ask(by=by) as client:
        _say(client.comment(*alerts, text=text), as_json)


@command.command()
@where_options
@click.argument("alert", type=int)
@as_json_option
def runbook(where: Where, alert: int, as_json: bool) -> None:
    """Print what to do about an alert, its checklists numbered, and what earlier incidents taught.

    The values of now are in place where nothing else has the history in hand: beside a running server give its address.
    """
    with where.ask(whole=None) as client:
        book = client.runbook(alert)
    if as_json:
        print_records([book])
        return
    number = 0
    for part in book.parts:
        click.echo(f"{part.title}")
        for piece in part.pieces:
            if piece.text:
                click.echo(piece.text)
            for check in piece.checks:
                number += 1
                by = f" ({check.ticked.by}, {told(check.ticked.at)})" if check.ticked else ""
                click.echo(f"  {number}. [{'x' if check.ticked else ' '}] {check.text}{by}")
    for lesson in book.lessons:
        click.echo(f"Not in the runbook yet, after alert {lesson.said.alert}: {lesson.said.text}")
    if not book.parts:
        click.echo("No runbook. Write one under `runbook` of its metric, source or system, or under `runbooks`.")


@command.command()
@where_options
@click.argument("alert", type=int)
@click.argument("item", type=int)
@by_option
@as_json_option
def tick(where: Where, alert: int, item: int, by: str, as_json: bool) -> None:
    """Tick an item of an alert's checklists, by the number that `runbook` gives it; `undo` takes it back."""
    with where.ask(by=by) as client:
        checks = [check for part in client.runbook(alert).parts for piece in part.pieces for check in piece.checks]
        if not 1 <= item <= len(checks):
            raise InputError(f"tick: alert {alert} has {len(checks)} items on its checklists; there is no item {item}")
        _say([client.tick(alert, checks[item - 1].key)], as_json)


@command.command()
@where_options
@click.argument("alert", type=int)
@click.option("--text", required=True, help="What the runbook should have said.")
@by_option
@as_json_option
def learn(where: Where, alert: int, text: str, by: str, as_json: bool) -> None:
    """Say what the runbook should have said; later alerts of the series show it until the runbook has it."""
    with where.ask(by=by) as client:
        _say([client.learn(alert, text)], as_json)


@command.command()
@where_options
@click.argument("handling", type=int)
@by_option
@as_json_option
def undo(where: Where, handling: int, by: str, as_json: bool) -> None:
    """Take back what was done, by the number that it was given."""
    with where.ask(by=by) as client:
        _say([client.undo_deed(handling)], as_json)


@command.command()
@where_options
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
    where: Where,
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
    with where.ask(by=by) as client:
        kept = client.mute(
            _moment(begin),
            _moment(close),
            metric=metric,
            series=series_id,
            tag=tag,
            repeat=repeat,
            zone=zone,
            note=note,
        )
    print_rows([_mute_row(kept)], as_json=as_json, nothing="")


@command.command()
@where_options
@click.option("--all", "over_too", is_flag=True, help="Those that are over, too.")
@as_json_option
def mutes(where: Where, over_too: bool, as_json: bool) -> None:
    """List mutes, the newest first."""
    with where.ask() as client:
        rows = [_mute_row(one) for one in client.mutes(over_too=over_too)]
    print_rows(rows, as_json=as_json, nothing="No mutes.")


@command.command()
@where_options
@click.argument("number", type=int)
@by_option
@as_json_option
def unmute(where: Where, number: int, by: str, as_json: bool) -> None:
    """End a mute now."""
    with where.ask(by=by) as client:
        ended = client.unmute(number)
    print_rows([_mute_row(ended)], as_json=as_json, nothing="")


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _say(lines: Sequence[DeedRecord], as_json: bool) -> None:
    for line in lines:
        if as_json:
            click.echo(json.dumps(alert_whole.deed_as_json(line), ensure_ascii=False))
        else:
            what = line.deed.value if line.deed is not None else f"undo of {line.undoes}"
            click.echo(f"alert {line.alert}: {what} (#{line.id}; watchkeeper alerts undo {line.id} takes it back)")


def _mute_row(mute: MuteRecord) -> dict[str, Any]:
    scope = f"tag {mute.tag}" if mute.tag else "everything"
    if mute.series is not None or mute.metric:
        scope = f"metric {mute.metric}" if mute.series is None else f"series {mute.series}"
    return {
        "id": mute.id,
        "of": scope,
        "from": told(mute.start),
        "to": told(mute.end),
        "repeat": mute.repeat or None,
        "by": mute.by,
        "note": mute.note or None,
        "ended": told(mute.ended_at),
    }
