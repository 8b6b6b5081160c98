"""`watchkeeper power`: what could be seen of a series before it is watched."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from watchkeeper.cli.progress import progress

if TYPE_CHECKING:
    from rich.table import Table

    from watchkeeper.detect.power import Power
    from watchkeeper.watch.power_file import SeriesPower


@click.command()
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.option("--series", metavar="NAME", help="Which series; by default the one with the most values.")
@click.option(
    "--false-alerts-per-month",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    metavar="N",
    help="How many false alerts a month the series may cost.",
)
@click.option("--plot", type=click.Path(path_type=Path), metavar="OUT", help="Draw it too, into a .png or an .svg.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Draws where changes are put in."
)
@click.option("--json", "as_json", is_flag=True, help="Print all of it as one JSON object.")
def command(
    source: Path, series: str | None, false_alerts_per_month: float, plot: Path | None, seed: int, as_json: bool
) -> None:
    """Put drops and rises into a series' own history, and say which would be seen, how soon, and at what cost.

    IN is a .parquet or .csv file as for `watchkeeper score`. Changes of growing size and length are put in at a hundred
    places, one at a time; seen is what opens an alert while the change lasts. Simple rules (static limits, same hour
    last week, a z-score over 14 days) face the same changes under the same budget of false alerts: where one does as
    well, it says so.

    \b
    Examples:
      watchkeeper power points.parquet
      watchkeeper power points.csv --series orders --false-alerts-per-month 0.5 --plot orders.png
      watchkeeper power points.parquet --series orders --json
    """
    from watchkeeper.watch.power_file import power_file

    with progress() as report:
        found = power_file(
            source, series=series, false_alerts_per_month=false_alerts_per_month, seed=seed, plot=plot, report=report
        )
    if as_json:
        click.echo(json.dumps(as_object(found)))
        return
    _print(found)
    if plot is not None:
        click.echo(f"Drawn into {plot}")


def as_object(found: SeriesPower) -> dict[str, Any]:
    """All of it for scripts; sizes are shares, or multiples of `band` where `in_bands`."""
    return {
        "series": found.series,
        "was_named": found.was_named,
        "of_series": found.of_series,
        "values": found.values,
        "sentences": list(found.sentences),
        **asdict(found.power),
    }


def _print(found: SeriesPower) -> None:
    from rich.console import Console

    from watchkeeper.watch.power_words import SIDES

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(width=160, highlight=False)
    power = found.power
    for line in found.sentences:
        console.print(line, markup=False)
    chosen = "" if found.was_named else f", the one with the most values of {found.of_series:,}"
    console.print(
        f"Series {found.series}{chosen}: {found.values:,} values, {power.months:.1f} months compared, "
        f"{power.places} places for each change.",
        style="dim",
        markup=False,
    )
    for direction in power.directions:
        console.print(f"\nShare of {SIDES[direction]}s that Watchkeeper sees, and the median delay", style="bold")
        console.print(_what_is_seen(power, direction))
    console.print("\nThe smallest change seen 9 times in 10", style="bold")
    console.print(_against_rules(power))


def _what_is_seen(power: Power, direction: int) -> Table:
    """Size by length: the share seen, and the median delay."""
    from rich.table import Table

    from watchkeeper.watch.power_words import SIDES, how_large, short_duration

    table = Table(box=None, pad_edge=False)
    table.add_column(f"{SIDES[direction]} of", justify="right")
    for length in power.lengths_s:
        table.add_column(f"lasting {short_duration(length)}", justify="right")
    mine = [one for one in power.own.found if one.direction == direction]
    rows = [[one for one in mine if one.size == size] for size in sorted({one.size for one in mine})]
    for place, row in enumerate(rows):
        is_first_seen = place + 1 == len(rows) or any(one.share for one in rows[place + 1])
        is_new = place == 0 or [one.share for one in row] != [one.share for one in rows[place - 1]]
        is_last_chance = place + 1 == len(rows) and not table.row_count
        if is_last_chance or (
            is_first_seen and is_new
        ):  # rows that repeat the one before, or see nothing before anything is, say nothing
            told = (
                "·" if one.delay_s is None else f"{100 * one.share:.0f} %, {short_duration(one.delay_s)}" for one in row
            )
            table.add_row(how_large(power, row[0].size), *told)
    return table


def _against_rules(power: Power) -> Table:
    """The smallest change seen nine times in ten, detector by detector."""
    from rich.table import Table

    from watchkeeper.watch.power_words import SIDES, detector_name, how_large, short_duration

    table = Table(box=None, pad_edge=False)
    table.add_column("", no_wrap=True)
    for direction in power.directions:
        for length in power.lengths_s:
            table.add_column(f"{SIDES[direction]} {short_duration(length)}", justify="right")
    table.add_column("alerts a month", justify="right")
    for one in (power.own, *power.rules):
        cells = (
            how_large(power, one.least_size(side, length)) for side in power.directions for length in power.lengths_s
        )
        name = detector_name(one.name).strip("“”")
        table.add_row(name, *cells, f"{one.alerts_per_month:.1f}", style="bold" if one is power.own else "")
    return table
