"""What several verbs share: the home directory, who sits before it, and the table of alerts."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from watchkeeper.domain.alert import SEVERITIES
from watchkeeper.domain.errors import InputError
from watchkeeper.domain.times import format_instant

if TYPE_CHECKING:
    from watchkeeper.client.records import AlertRecord, ExplanationRecord, HindsightRecord
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


def who() -> str:
    """The name of the person who sits here; of an account without one, as containers have them, its number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def find_home(home: Path, *, is_made: bool = False) -> None:
    """InputError where there is no home, because a mistyped one would be answered for as an empty one.

    A verb that makes one (`is_made`) says so, on standard error.
    """
    from watchkeeper.stores import places

    if places.exist(home):
        return
    if not is_made:
        raise InputError(
            f"there is no home in {home}: name the one that is meant with --home; "
            "`watchkeeper apply` or `watchkeeper serve` makes one"
        )
    places.make(home)
    click.echo(f"watchkeeper: made a new home in {home}", err=True)


@contextmanager
def open_ledger(home: Path, *, is_made: bool = False) -> Iterator[Ledger]:
    """The ledger of a home; see `find_home`. It can be opened beside a running server."""
    from watchkeeper.stores import places
    from watchkeeper.stores.ledger import Ledger

    find_home(home, is_made=is_made)
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


def alert_as_json(
    alert: AlertRecord, explanation: ExplanationRecord, seen: HindsightRecord | None = None
) -> dict[str, Any]:
    """One alert for scripts, with the dimension values that explain it (an empty `where`: everything alike), and how
    it was judged when it was told and how today's knowledge judges it.
    """
    return {
        "id": alert.id,
        "status": alert.status.value,
        "start": told(alert.start),
        "end": told(alert.end),
        "severity": alert.severity,
        "series": alert.series_count,
        "metric": alert.metric,
        "dimensions": alert.dimensions,
        "sentence": alert.sentence,
        "owner": alert.owner or None,
        "severity_word": SEVERITIES[alert.level - 1],
        "tags": list(alert.tags),
        "acknowledged_by": alert.acknowledged_by or None,
        "snoozed_until": told(alert.snoozed_until),
        "answer": alert.answer.value if alert.answer else None,
        "still_fires": alert.still_fires,
        "hindsight": None if seen is None else msgspec.to_builtins(seen) | {"at": told(seen.at)},
        "explanation": explanation.sentence or None,
        "causes": [
            {"where": one.where, "share": _short(one.share), "factor": _short(one.factor)} for one in explanation.causes
        ],
    }


def _short(number: float | None) -> float | None:
    return None if number is None else round(number, 4)


def write_picture(place: Path, picture: bytes) -> None:
    """Write a PNG; InputError where that cannot be."""
    if place.suffix.lower() != ".png":
        raise InputError(f"{place}: a picture is written as .png; name it so")
    try:
        place.write_bytes(picture)
    except OSError as error:
        raise InputError(f"{place}: cannot be written: {error.strerror or error}") from None


def told(moment: datetime | None) -> str | None:
    """A time of a record as verbs print it: as all of ours, in UTC to the second."""
    return None if moment is None else format_instant(int(moment.timestamp()))
