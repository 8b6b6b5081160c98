"""`watchkeeper demo`: a year of real flights, end to end."""

from __future__ import annotations

import os
import time
from pathlib import Path

import click

from watchkeeper.cli.home import print_alert_rows
from watchkeeper.domain.times import format_instant, wall_clock

DEFAULT_HOME = Path(".demo")


@click.command()
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_HOME,
    show_default=True,
    help="Where the demo keeps its files.",
)
@click.option("--serve/--no-serve", default=None, help="Serve the pages afterwards; DEMO_SERVE=0 means --no-serve.")
@click.option("--port", type=click.IntRange(1, 65535), default=8321, show_default=True)
def command(home: Path, serve: bool | None, port: int) -> None:
    """Watch the 336,776 flights that left New York in 2013, then show what would have been told.

    The second run is quick and changes nothing that a person did. Remove the home directory to begin anew.

    \b
    Examples:
      watchkeeper demo
      DEMO_SERVE=0 watchkeeper demo
    """
    from watchkeeper.demo import late, replay, warehouse
    from watchkeeper.stores import places

    began = time.perf_counter()
    places.make(home)
    os.environ["WATCHKEEPER_DEMO_WAREHOUSE"] = f"duckdb:///{(home / 'warehouse.duckdb').resolve()}"
    os.environ["WATCHKEEPER_DEMO_LATE"] = f"duckdb:///{(home / replay.FEATURE_STORE).resolve()}"
    os.environ["WATCHKEEPER_DEMO_TOLD"] = str((home / "told.txt").resolve())
    if warehouse.build(home / "warehouse.duckdb"):
        click.echo(f"Loaded {warehouse.FLIGHTS:,} flights into {home / 'warehouse.duckdb'}", err=True)
    if late.build(home / replay.FEATURE_STORE, home / "warehouse.duckdb"):
        click.echo("Trained a model that says which departures will be late; from June on it answers", err=True)
    done, biggest, flips = replay.replay_year(home)
    for trouble in done.troubles:
        click.echo(f"watchkeeper: {trouble}", err=True)
    rows = [
        (one.alert.id, wall_clock(one.alert.start, one.timezone), one.alert.severity, one.series_count, one.sentence)
        for one in biggest
    ]
    print_alert_rows(rows, "The ten biggest alerts of 2013")
    for flip in flips:
        click.echo(f"{format_instant(flip.at)}  {flip.detail}")
    click.echo(
        f"{done.points:,} points, {done.opened} alerts opened, {done.sent} messages written to {home / 'told.txt'},"
        f" in {time.perf_counter() - began:.1f} s",
        err=True,
    )
    if serve if serve is not None else os.environ.get("DEMO_SERVE", "1") != "0":
        from watchkeeper.cli.serve import serve_home

        serve_home(home, "127.0.0.1", port)
