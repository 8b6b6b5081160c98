"""`watchkeeper score`: a file of points in, a file of scores out."""

from __future__ import annotations

import json
import math
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Literal, NoReturn

import click

from watchkeeper.cli.progress import progress


class _Budget(click.ParamType[float]):
    name = "number"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            number = float(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a number", param, ctx)
        if not 0 < number < math.inf:
            self.fail(f"{value} is not a number above 0", param, ctx)
        return number


@click.command()
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option(
    "--false-alerts-per-month",
    type=_Budget(),
    default="1",
    show_default=True,
    metavar="N",
    help="How many false alerts a month each series may cost.",
)
@click.option(
    "--direction",
    type=click.Choice(["both", "up", "down"]),
    default="both",
    show_default=True,
    help="Which way of leaving the band is of interest.",
)
@click.option("--feedback", type=click.Path(path_type=Path), metavar="F.jsonl", help="What people said; see above.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON object.")
def command(
    source: Path,
    target: Path,
    false_alerts_per_month: float,
    direction: Literal["both", "up", "down"],
    feedback: Path | None,
    as_json: bool,
) -> None:
    """Score every point of IN and write OUT; each is a .parquet or a .csv file.

    IN has the columns series, ts and value, others are ignored; with a column cases, a value is a share of so many
    cases, and its band the wider the fewer they are. OUT has series, ts, value, expected, lower, upper,
    score and alert, a row for each row of IN and in its order. Rows may stand in any order, times may repeat, values
    may be missing: what was odd is counted on standard error. A score rests on nothing after it; it is
    -log10(false alerts a month at this level), empty while the detector learns and where the value is missing.

    A series is any text or number. A time is a timestamp, a date, ISO text such as 2026-11-23T09:00:00Z (UTC without
    an offset), or a number since 1970: seconds, milliseconds, microseconds or nanoseconds, told by its size. The step
    of each series is found from its first 15 times.

    F.jsonl holds one JSON object a line: kind (real, false_alarm, missed, event, new_normal, bad_data or undo),
    series (a name, a list, or "*"), start, end, given_at (ISO times; the window is [start, end)), and optionally id,
    by, note; an undo has undoes, the id of an earlier line. An event may repeat (weekly, yearly, holidays:DE, on the
    clock of its zone): later occurrences are judged against what earlier ones did. "force": true on missed makes its
    like told even where it is so ordinary that this costs more than the budget. An answer counts from its given_at on.

    \b
    Examples:
      watchkeeper score points.parquet scores.parquet
      watchkeeper score points.csv scores.csv --false-alerts-per-month 0.5
      watchkeeper score points.parquet scores.parquet --feedback answers.jsonl --json
    """
    began = time.perf_counter()
    from watchkeeper.watch.score_file import score_file

    with _terminated_as_interrupted(), progress() as report:
        summary = score_file(
            source,
            target,
            false_alerts_per_month=false_alerts_per_month,
            direction=direction,
            feedback=feedback,
            report=report,
        )
    for line in summary.odd.lines():
        click.echo(f"watchkeeper: {source}: {line}", err=True)
    seconds = time.perf_counter() - began
    if as_json:
        told = {
            "in": str(source),
            "out": str(target),
            "rows": summary.rows,
            "series": summary.series,
            "false_alerts_per_month": false_alerts_per_month,
            "alerts": summary.alerts,
            "alert_points": summary.alert_points,
            "odd": summary.odd.counts(),
            "seconds": round(seconds, 3),
        }
        click.echo(json.dumps(told))
        return
    click.echo(
        f"{target}: {summary.rows:,} points of {summary.series:,} series scored, {summary.alerts:,} alerts "
        f"({summary.alert_points:,} points), in {seconds:.1f} s"
    )


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Let SIGTERM end the work as Ctrl-C does, so that nothing half-written stays."""

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # Not the main thread: signals are somebody else's.
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
