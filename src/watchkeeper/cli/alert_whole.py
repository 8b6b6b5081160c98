"""`watchkeeper alerts show`, `chart` and `deeds`: one alert with everything known of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import click

from watchkeeper.cli.home import print_rows, told, write_picture
from watchkeeper.cli.reach import Where, print_records, where_options
from watchkeeper.domain.times import zone_info

if TYPE_CHECKING:
    from watchkeeper.client.records import AlertWhole, DeedRecord, FeedbackRecord, MemberRecord

alert_argument = click.argument("alert", type=int)


@click.command()
@where_options
@alert_argument
@click.option("--json", "as_json", is_flag=True, help="A JSON object, as the API gives it.")
def show(where: Where, alert: int, as_json: bool) -> None:
    """Print one alert whole: its series, what explains it, its history and whom it reached, what was said, its like.

    \b
    Examples:
      watchkeeper alerts show 12
      watchkeeper alerts show 12 --json
    """
    with where.ask(whole=True) as client:
        found = client.alert(alert)
    if as_json:
        print_records([found])
        return
    for line in _lines(found):
        click.echo(line)


@click.command()
@where_options
@alert_argument
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The .png to write.")
@click.option("--scheme", type=click.Choice(["light", "dark"]), default="light", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="A JSON object.")
def chart(where: Where, alert: int, out: Path, scheme: str, as_json: bool) -> None:
    """Draw an alert's most surprising series: value, expected value and band.

    \b
    Examples:
      watchkeeper alerts chart 12 --out alert.png
      watchkeeper alerts chart 12 --out alert.png --scheme dark
    """
    with where.ask(whole=True) as client:
        picture = client.chart(alert, scheme=cast("Literal['light', 'dark']", scheme))
    write_picture(out, picture)
    click.echo(json.dumps({"alert": alert, "file": str(out)}) if as_json else f"Drawn into {out}")


@click.command()
@where_options
@alert_argument
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def deeds(where: Where, alert: int, as_json: bool) -> None:
    """List what was done with an alert besides answering, the oldest line first, with the numbers that `undo` takes."""
    with where.ask() as client:
        found = client.deeds(alert)
    rows = [deed_as_json(one) if as_json else _deed_row(one) for one in found]
    print_rows(rows, as_json=as_json, nothing=f"Nothing was done with alert {alert}.")


def deed_as_json(line: DeedRecord) -> dict[str, Any]:
    """A line of the log of deeds for scripts."""
    return {
        "id": line.id,
        "alert": line.alert,
        "by": line.by,
        "at": told(line.at),
        "deed": line.deed.value if line.deed is not None else None,
        "owner": line.owner or None,
        "until": told(line.until),
        "text": line.text or None,
        "undoes": line.undoes,
    }


def _deed_row(line: DeedRecord) -> dict[str, Any]:
    done = line.deed.value if line.deed is not None else f"undo of {line.undoes}"
    more = [line.owner, f"until {told(line.until)}" if line.until else "", line.text]
    return {"id": line.id, "at": told(line.at), "by": line.by, "did": done, "more": "; ".join(filter(None, more))}


def _lines(found: AlertWhole) -> Iterator[str]:
    alert, zone = found.alert, zone_info(found.alert.timezone)
    yield f"#{alert.id} {alert.sentence}"
    owner = f"; {alert.owner}'s" if alert.owner else ""
    yield (
        f"{alert.status.value}, level {alert.level} of 5, {alert.start.astimezone(zone):%Y-%m-%d %H:%M} to "
        f"{alert.end.astimezone(zone):%Y-%m-%d %H:%M} ({alert.timezone}){owner}"
    )
    yield from filter(None, (found.why, found.explanation))
    if found.hindsight is not None:
        verdict = "it would be told" if found.hindsight.fires else "it would not be told"
        yield f"With today's knowledge {verdict} ({found.hindsight.since} lines were said since)."
    yield "Series"
    yield from (f"  {_member(one)}" for one in found.members)
    yield "History"
    for change in found.history:
        detail = f": {change.detail}" if change.detail else ""
        yield f"  {told(change.at)} {change.change.value}{detail}"
        yield from (f"    {one}" for one in change.deliveries)
    if found.answers:
        yield "Said"
        yield from (f"  {_answer(one)}" for one in found.answers)
    if found.similar:
        yield "Alike"
        for other in found.similar:
            answered = f" ({other.answer.value})" if other.answer is not None else ""
            yield f"  #{other.id} {told(other.start)} {other.sentence}{answered}"


def _member(one: MemberRecord) -> str:
    return f"{one.series}: {one.sentence} {told(one.start)} to {told(one.end)}"


def _answer(one: FeedbackRecord) -> str:
    said = one.answer.value if one.answer is not None else f"undo of {one.undoes}"
    note = f": {one.note}" if one.note else ""
    taken = "" if one.is_in_force else " (taken back)"
    return f"#{one.id} {told(one.given_at)} {one.by}: {said}{taken}{note}"
