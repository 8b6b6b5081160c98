"""`watchkeeper series`: the series of a metric, and their judged points."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from watchkeeper.cli.home import print_rows
from watchkeeper.cli.reach import Where, clock_of_series, print_records, where_options
from watchkeeper.domain.times import parse_instant

if TYPE_CHECKING:
    from watchkeeper.client.records import PointRecord

as_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line, as the API gives it.")


@click.group()
def command() -> None:
    """List the series of a metric, and print their points with what was expected, the band and the score.

    \b
    Examples:
      watchkeeper series list orders
      watchkeeper series points 1 --from 2026-11-20 --json
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
        clock = zone or (clock_of_series(reached, series) if start or end else "UTC")
        first, last = (datetime.fromtimestamp(parse_instant(one, clock), UTC) if one else None for one in (start, end))
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


def _state(point: PointRecord) -> str:
    if point.is_withheld:
        return "withheld"
    return "alert" if point.is_alert else "learning" if point.is_learning else ""


def _short(number: float | None) -> str | None:
    if number is None:
        return None
    return f"{number:.4g}" if abs(number) < 10_000 else f"{number:.0f}"
