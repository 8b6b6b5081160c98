"""What several verbs share: the home directory, and the table of alerts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from watchkeeper.domain.alert import SEVERITIES, severity_level
from watchkeeper.domain.times import wall_clock
from watchkeeper.watch.hindsight_views import Hindsight
from watchkeeper.watch.views import AlertLine, Explanation

if TYPE_CHECKING:
    from watchkeeper.stores.ledger import Ledger


def home_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--home DIR`, or WATCHKEEPER_HOME."""
    return click.option(
        "--home",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path(".watchkeeper"),
        envvar="WATCHKEEPER_HOME",
        show_default=True,
        show_envvar=True,
        help="Directory of the stores.",
    )(command)


@contextmanager
def open_ledger(home: Path) -> Iterator[Ledger]:
    """The ledger of a home, made where there is none. It can be opened beside a running server."""
    from watchkeeper.stores import places
    from watchkeeper.stores.ledger import Ledger

    home.mkdir(parents=True, exist_ok=True)
    with Ledger.open(places.ledger_url(home)) as ledger:
        yield ledger


def print_rows(rows: Sequence[dict[str, Any]], *, as_json: bool, nothing: str) -> None:
    """Rows for a script (a JSON object a line) or for people (a table; `nothing` where there is no row)."""
    import json

    if as_json:
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False))
        return
    if not rows:
        click.echo(nothing)
        return
    lines = [tuple(rows[0]), *(tuple("–" if value is None else str(value) for value in row.values()) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def print_alerts(lines: Sequence[AlertLine], title: str) -> None:
    """A table for people: when, how much, what."""
    rows = [
        (one.alert.id, wall_clock(one.alert.start, one.timezone), one.alert.severity, one.series_count, one.sentence)
        for one in lines
    ]
    print_alert_rows(rows, title)


def print_alert_rows(rows: Sequence[tuple[int, datetime, float, int, str]], title: str) -> None:
    """The same of numbers, beginnings, severities, counts of series and sentences."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("#", justify="right", style="dim")
    table.add_column("from", no_wrap=True)
    table.add_column("size", justify="right")
    table.add_column("series", justify="right")
    table.add_column("what")
    for number, began, size, count, sentence in rows:
        table.add_row(str(number), f"{began:%Y-%m-%d %H:%M}", f"{size:.1f}", str(count), sentence)
    console = Console(soft_wrap=False)
    if not console.is_terminal:
        console = Console(width=160)
    console.print(table)


def alert_as_json(line: AlertLine, explanation: Explanation, seen: Hindsight | None = None) -> dict[str, Any]:
    """One alert for scripts, with the dimension values that explain it (an empty `where`: everything alike), and how
    it was judged when it was told and how today's knowledge judges it.
    """
    alert = line.alert
    return {
        "id": alert.id,
        "status": alert.status.value,
        "start": alert.start,
        "end": alert.end,
        "severity": round(alert.severity, 3),
        "series": line.series_count,
        "metric": line.peak_metric.name,
        "dimensions": dict(zip(line.peak_metric.dimensions, line.peak_series.values, strict=True)),
        "sentence": line.sentence,
        "owner": line.owner or None,
        "severity_word": SEVERITIES[severity_level(alert.severity) - 1],
        "tags": list(line.peak_metric.tags),
        "acknowledged_by": line.care.acknowledged.by if line.care.acknowledged else None,
        "snoozed_until": line.care.snoozed.until if line.is_snoozed and line.care.snoozed else None,
        "answer": line.answer.answer.value if line.answer and line.answer.answer else None,
        "still_fires": line.still_fires,
        "hindsight": None if seen is None else msgspec.to_builtins(seen),
        "explanation": explanation.sentence or None,
        "causes": [
            {"where": dict(cause.where), "share": round(cause.share, 4), "factor": round(cause.factor, 4)}
            for cause in explanation.causes
        ],
    }
