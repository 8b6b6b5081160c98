"""`watchkeeper feedback`: say answers, take them back, and the log of what people said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TextIO

import click

from watchkeeper.cli.home import print_rows
from watchkeeper.cli.reach import Where, clock_of_series, print_records, where_options
from watchkeeper.domain.errors import GuardError

if TYPE_CHECKING:
    from watchkeeper.client import Client
    from watchkeeper.client.records import ReceiptRecord
    from watchkeeper.domain.feedback import Answer

ANSWERS = ["real", "false_alarm", "missed", "event", "new_normal", "bad_data"]
REACHES = ["named", "value", "metric", "group"]
as_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line, as the API gives it.")
as_json_object_option = click.option("--json", "as_json", is_flag=True, help="A JSON object.")
always_json_option = click.option("--json", is_flag=True, expose_value=False, help="As always: it prints JSON.")


@click.group()
def command() -> None:
    """Say answers and take them back; export and import what people said.

    \b
    Examples:
      watchkeeper feedback give false_alarm --alert 12 --preview
      watchkeeper feedback give missed --series 3 --from 2026-11-20T09:00 --to 2026-11-20T11:00
      watchkeeper feedback undo 7
      watchkeeper feedback show 7
      watchkeeper feedback log --json
      watchkeeper feedback export > feedback.jsonl
      watchkeeper feedback import feedback.jsonl
      watchkeeper feedback calendar launches.ics --metric orders --dry-run
    """


@command.command("export")
@where_options
@always_json_option
def export(where: Where) -> None:
    """Print the whole log, one JSON object a line, the oldest first."""
    with where.ask(whole=True) as client:
        for line in client.export_feedback():
            click.echo(json.dumps(line, ensure_ascii=False))


@command.command("import")
@where_options
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--force", is_flag=True, help="Take it in even where alerts that people confirmed would be lost.")
@as_json_object_option
def take_in(where: Where, file: TextIO, force: bool, as_json: bool) -> None:
    """Append the lines of FILE (`-`: standard input) that are not in the log yet; all or none."""
    place = getattr(file, "name", "feedback")
    with where.ask(whole=True) as client:
        done = client.import_feedback(file, place=place, force=force)
    if as_json:
        click.echo(json.dumps({"added": done.added, "present": done.present, "unknown": dict(done.unknown)}))
        return
    for name, count in done.unknown.items():
        click.echo(f"watchkeeper: series {name!r} is not known here ({count} times)", err=True)
    click.echo(f"{done.added} lines added, {done.present} were there already")


@command.command("calendar")
@where_options
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--metric", "names", multiple=True, required=True, help="The metric that knows these events; repeatable.")
@click.option("--dry-run", is_flag=True, help="Print the lines that would be added; change nothing.")
@click.option("--force", is_flag=True, help="Take them in even where alerts that people confirmed would be lost.")
@as_json_object_option
def calendar(where: Where, file: TextIO, names: tuple[str, ...], dry_run: bool, force: bool, as_json: bool) -> None:
    """Make the events of an iCalendar FILE known events of metrics, repetitions included.

    The same file again adds nothing. Each is undone as any answer.

    \b
    Examples:
      watchkeeper feedback calendar launches.ics --metric orders
      watchkeeper feedback calendar maintenance.ics --metric orders --metric errors --dry-run
    """
    place = getattr(file, "name", "calendar")
    with where.ask(whole=True) as client:
        done = client.import_calendar(file.read(), names, place=place, force=force, dry_run=dry_run)
    if dry_run:
        for line in done.lines:
            click.echo(json.dumps(line, ensure_ascii=False))
        return
    if as_json:
        click.echo(json.dumps({"added": done.added, "present": done.present}))
        return
    click.echo(f"{done.added} events added, {done.present} were there already")


@command.command("give")
@where_options
@click.argument("answer", type=click.Choice(ANSWERS))
@click.option("--alert", "alerts", type=int, multiple=True, help="Of this alert; repeatable: the same of each.")
@click.option("--series", type=int, multiple=True, help="Or of a window of this series; repeatable.")
@click.option("--from", "start", default="", help="The window: 2026-11-20T09:00. Of an alert: its own, if left out.")
@click.option("--to", "end", default="", help="Its end, which is not in it.")
@click.option("--zone", default="", help="The clock of --from and --to; left out, the metric's.")
@click.option("--reach", "reached", default="named", show_default=True, type=click.Choice(REACHES), help="How far.")
@click.option("--dimension", default="", help="With --reach value: the dimension whose value is meant.")
@click.option("--repeat", default="", help="Of an event: weekly, yearly, holidays:DE, rrule:FREQ=…")
@click.option("--note", default="", help="What to tell others.")
@click.option("--force", is_flag=True, help="Accept the price: confirmed alerts lost, or (missed) more alerts a month.")
@click.option("--preview", is_flag=True, help="Say what it would change; write nothing.")
@as_json_option
def give(
    where: Where,
    answer: str,
    alerts: tuple[int, ...],
    series: tuple[int, ...],
    start: str,
    end: str,
    zone: str,
    reached: str,
    dimension: str,
    repeat: str,
    note: str,
    force: bool,
    preview: bool,
    as_json: bool,
) -> None:
    """Say what an alert, or a window of series, was; says what that changed in the past.

    \b
    Examples:
      watchkeeper feedback give real --alert 12 --note 'the payment provider was down'
      watchkeeper feedback give false_alarm --alert 12 --alert 13 --alert 14
      watchkeeper feedback give event --alert 12 --reach metric --repeat yearly
      watchkeeper feedback give bad_data --series 3 --from 2026-11-20 --to 2026-11-21 --preview
    """
    from datetime import UTC, datetime

    from watchkeeper.domain.feedback import Answer
    from watchkeeper.domain.times import parse_instant
    from watchkeeper.watch.views import Reach

    if len(alerts) > 1:
        if series or start or end or dimension or repeat or reached != "named" or force:
            raise click.UsageError("of several alerts the answer is said of each as it is: give --note and no more")
        with where.ask(whole=True) as desk:
            _give_several(desk, Answer(answer), alerts, note, is_preview=preview, as_json=as_json)
        return
    alert = alerts[0] if alerts else None
    said: dict[str, Any] = {
        "alert": alert,
        "series": series,
        "note": note,
        "force": force,
        "reach": Reach(reached),
        "dimension": dimension,
        "repeat": repeat,
    }
    with where.ask(whole=True) as desk:
        clock = zone or (_clock_of(desk, alert, series) if start or end else "UTC")
        for name, text in (("start", start), ("end", end)):
            said[name] = datetime.fromtimestamp(parse_instant(text, clock), UTC) if text else None
        receipt = desk.preview(Answer(answer), **said) if preview else desk.answer(Answer(answer), **said)
    _tell(receipt, as_json)


def _give_several(
    desk: Client, answer: Answer, alerts: tuple[int, ...], note: str, *, is_preview: bool, as_json: bool
) -> None:
    """Say it of each; those on which it would cost a confirmed alert are left out and named."""
    if is_preview:
        for alert in alerts:
            _tell(desk.preview(answer, alert=alert, note=note), as_json)
        return
    said = desk.answer_several(answer, alerts, note=note)
    for receipt in said.receipts:
        _tell(receipt, as_json)
    if said.left:
        numbers = ", ".join(f"#{one}" for one in said.left)
        raise GuardError(
            f"nothing was said of {numbers}: a confirmed alert would be lost; say it of each alone, with --force, to "
            "accept that"
        )


def _clock_of(desk: Client, alert: int | None, series: tuple[int, ...]) -> str:
    """The zone of the metric that the answer speaks of."""
    if series:
        return clock_of_series(desk, series[0])
    return desk.alert(alert).alert.timezone if alert is not None else "UTC"


@command.command("undo")
@where_options
@click.argument("numbers", nargs=-1, required=True, type=int, metavar="NUMBER…")
@as_json_option
def undo(where: Where, numbers: tuple[int, ...], as_json: bool) -> None:
    """Take answers back by their numbers, the last first; taking an undo back brings its answer back."""
    with where.ask(whole=True) as desk:
        for number in reversed(numbers):
            _tell(desk.undo(number), as_json)


@command.command("show")
@where_options
@click.argument("number", type=int)
@as_json_option
def show(where: Where, number: int, as_json: bool) -> None:
    """Print the receipt of an answer or an undo, as it was told then."""
    with where.ask(whole=True) as desk:
        _tell(desk.receipt(number), as_json)


@command.command("log")
@where_options
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@as_json_option
def log(where: Where, limit: int, as_json: bool) -> None:
    """List what was said, the newest line first."""
    from itertools import islice

    with where.ask(whole=True) as desk:
        found = list(islice(desk.feedback(), limit))
    if as_json:
        print_records(found)
        return
    rows = [
        {
            "id": one.id,
            "at": f"{one.given_at:%Y-%m-%d %H:%M}",
            "by": one.by,
            "said": f"undo of {one.undoes}" if one.answer is None else one.answer.value,
            "alert": one.alert,
            "in force": "yes" if one.is_in_force else "no",
            "note": one.note or None,
        }
        for one in found
    ]
    print_rows(rows, as_json=False, nothing="Nobody said anything yet.")


def _tell(receipt: ReceiptRecord, as_json: bool) -> None:
    if as_json:
        print_records([receipt])
        return
    click.echo(receipt.sentence)
    if receipt.feedback.id:
        click.echo(f"(#{receipt.feedback.id}; watchkeeper feedback undo {receipt.feedback.id} takes it back)")
