"""`watchkeeper series`: the series of a metric, and their judged points."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import click

from watchkeeper.cli.home import print_rows, told, write_picture
from watchkeeper.cli.reach import Where, clock_of_series, print_records, where_options
from watchkeeper.domain.times import format_duration, parse_instant

if TYPE_CHECKING:
    from watchkeeper.client import Client
    from watchkeeper.client.records import PointRecord

as_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line, as the API gives it.")


@click.group()
def command() -> None:
    """List the series of a metric, print their points with what was expected, the band and the score, and say how
    their data fares and which changes of them would be seen.

    \b
    Examples:
      watchkeeper series list orders
      watchkeeper series points 1 --from 2026-11-20 --json
      watchkeeper series chart 1 --from 2026-11-20 --out orders.png
      watchkeeper series health 1
      watchkeeper series power 1 --plot orders.png
      watchkeeper series points 1 --server https://watch.example.com --token "$TOKEN"
    """


@command.command("list")
@where_options
@click.argument("metric")
@as_json_option
def list_series(where: Where, metric: str, as_json: bool) -> None:
    """List the series of METRIC with their numbers."""
    with where.ask(whole=True) as reached:
        if as_json:
            print_records(reached.series(metric))
            return
        rows = [{"id": one.id, **one.dimensions} for one in reached.series(metric)]
    print_rows(rows, as_json=False, nothing=f"{metric} has no series yet: nothing was read.")


@command.command()
@where_options
@click.argument("series", type=int)
@click.option("--from", "start", default="", help="From when on: 2026-11-20, 2026-11-20T09:00.")
@click.option("--to", "end", default="", help="Before when.")
@click.option("--zone", default="", help="The clock of --from and --to; left out, the metric's.")
@as_json_option
def points(where: Where, series: int, start: str, end: str, zone: str, as_json: bool) -> None:
    """Print the judged points of SERIES (a number that `series list` gives), the oldest first."""
    with where.ask(whole=True) as reached:
        first, last = _window(reached, series, start, end, zone)
        found = reached.points(series, start=first, end=last)
        if as_json:
            print_records(found)
            return
        rows = [
            {
                "time": f"{one.time:%Y-%m-%dT%H:%MZ}",
                "value": one.value,
                "expected": _short(one.expected),
                "lower": _short(one.lower),
                "upper": _short(one.upper),
                "score": _short(one.score),
                "state": _state(one),
            }
            for one in found
        ]
    print_rows(rows, as_json=False, nothing="No points there.")


@command.command()
@where_options
@click.argument("series", type=int)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The .png to write.")
@click.option("--from", "start", default="", help="From when on; left out, its newest weeks.")
@click.option("--to", "end", default="", help="Before when.")
@click.option("--zone", default="", help="The clock of --from and --to; left out, the metric's.")
@click.option("--scheme", type=click.Choice(["light", "dark"]), default="light", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="A JSON object.")
def chart(where: Where, series: int, out: Path, start: str, end: str, zone: str, scheme: str, as_json: bool) -> None:
    """Draw a window of SERIES: values, what was expected, the band and the alerts."""
    with where.ask(whole=True) as reached:
        first, last = _window(reached, series, start, end, zone)
        picture = reached.series_chart(series, start=first, end=last, scheme=cast("Literal['light', 'dark']", scheme))
    write_picture(out, picture)
    click.echo(json.dumps({"series": series, "file": str(out)}) if as_json else f"Drawn into {out}")


@command.command()
@where_options
@click.argument("series", type=int)
@click.option("--json", "as_json", is_flag=True, help="A JSON object, as the API gives it.")
def health(where: Where, series: int, as_json: bool) -> None:
    """Say how fresh the data of SERIES is, what of its newest 30 days is missing, and what came late."""
    with where.ask(whole=True) as reached:
        found = reached.health(series)
    if as_json:
        print_records([found])
        return
    one = found.health
    if one is None:
        click.echo(f"Series {series} has no value yet.")
        return
    overdue = f", {one.overdue:,} periods overdue" if one.overdue else ""
    click.echo(f"newest: {told(one.newest)}{overdue}")
    gaps = "".join(f"; {told(gap.start)} to {told(gap.end)}" for gap in one.gaps)
    click.echo(f"missing: {one.missing:,} of {one.periods:,} periods in {one.days} days, {one.gap_count:,} gaps{gaps}")
    click.echo(f"late: {one.late:,}" + (f", by {format_duration(one.latest_s)} at most" if one.late else ""))
    click.echo(f"withheld: {one.withheld:,}; read again each time: {one.overlap:,} periods")


@command.command()
@where_options
@click.argument("series", type=int)
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Draw it too, into this .png.")
@click.option("--scheme", type=click.Choice(["light", "dark"]), default="light", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="A JSON object, as the API gives it.")
def power(where: Where, series: int, plot: Path | None, scheme: str, as_json: bool) -> None:
    """Say which changes of SERIES would be seen and how soon, tried on its own history; it takes seconds.

    `watchkeeper power` says it of a file, with more numbers.
    """
    with where.ask(whole=True) as reached:
        found = reached.power(series)
        if plot is not None:
            write_picture(plot, reached.power_plot(series, scheme=cast("Literal['light', 'dark']", scheme)))
    if as_json:
        print_records([found])
        return
    for sentence in found.sentences:
        click.echo(sentence)
    if plot is not None:
        click.echo(f"Drawn into {plot}")


def _window(reached: Client, series: int, start: str, end: str, zone: str) -> tuple[datetime | None, datetime | None]:
    """Both ends on the clock of `zone`, or of the metric."""
    clock = zone or (clock_of_series(reached, series) if start or end else "UTC")
    first, last = (datetime.fromtimestamp(parse_instant(one, clock), UTC) if one else None for one in (start, end))
    return first, last


def _state(point: PointRecord) -> str:
    if point.is_withheld:
        return "withheld"
    return "alert" if point.is_alert else "learning" if point.is_learning else ""


def _short(number: float | None) -> str | None:
    if number is None:
        return None
    return f"{number:.4g}" if abs(number) < 10_000 else f"{number:.0f}"
