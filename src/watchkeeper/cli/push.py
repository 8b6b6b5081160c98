"""`watchkeeper push`: send the points of a file to a pushed metric."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from watchkeeper.cli.home import told
from watchkeeper.cli.progress import progress
from watchkeeper.cli.reach import Where, where_options
from watchkeeper.domain.errors import AccessError, InputError, WatchkeeperError

if TYPE_CHECKING:
    from watchkeeper.client import Client
    from watchkeeper.sources.push_file import PushFile

ROWS = 20_000
SHOWN = 10
"""So many refused rows are named."""


@click.command()
@where_options
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--metric", required=True, help="The metric; its source is of kind `push`.")
@click.option(
    "--rows", type=click.IntRange(1, 200_000), default=ROWS, show_default=True, help="So many rows are sent at once."
)
@click.option("--patience", default="10m", show_default=True, help="How long a busy server is asked again.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent; send nothing.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object.")
def command(where: Where, file: Path, metric: str, rows: int, patience: str, dry_run: bool, as_json: bool) -> None:
    """Send the points of FILE to a metric. They are on the disk of the server, or of the stores, when it says so.

    FILE is .csv, .parquet, .json or .jsonl (one object a line, a list of them, or one object of columns). Its columns
    are `time` (when each period starts: ISO 8601, without an offset UTC, or a number since 1970), `value` (empty:
    missing), perhaps `cases` (of how many a rate is) and `group_size`; every other column is a dimension of the metric.

    A point that is sent again takes the place of the one before, so that a push that broke off is simply done again.
    Rows that are refused are named and the others kept; the exit code is 3 then. A token needs the right `push`.

    \b
    Examples:
      watchkeeper push orders.csv --metric orders --dry-run
      watchkeeper push orders.parquet --metric orders --server https://watch.example.com --token "$TOKEN"
    """
    from watchkeeper.domain.times import parse_duration
    from watchkeeper.sources.push_file import read_push_file

    patience_s = parse_duration(patience)
    found = read_push_file(file)
    with where.ask(whole=True) as client:
        if dry_run:
            _foretell(client, file, metric, found, rows, as_json)
            return
        done = _send(client, file, metric, found, rows, patience_s)
    if as_json:
        click.echo(json.dumps({"metric": metric, "rows": len(found.time), **done}, ensure_ascii=False))
    else:
        click.echo(f"{metric}: {done['accepted']:,} points are on disk, {done['withheld']:,} withheld")
        for one in done["refusals"]:
            click.echo(f"row {one['row']}: {one['why']}", err=True)
    if done["refused"]:
        raise InputError(f"{file}: {done['refused']:,} of {len(found.time):,} rows were refused; mend them, push again")


def _send(client: Client, file: Path, metric: str, found: PushFile, rows: int, patience_s: int) -> dict[str, Any]:
    """What became of the rows, the first of the file being 1."""
    accepted = withheld = refused = 0
    refusals: list[dict[str, Any]] = []
    with progress() as report:
        for first, piece in found.pieces(rows):
            report("pushing", first, len(found.time))
            try:
                taken = client.push(metric, **piece, patience_s=patience_s)
            except WatchkeeperError:
                if first:
                    click.echo(
                        f"{file}: of {len(found.time):,} rows the first {first:,} were sent; push the file again, what "
                        "is there already stays as it is",
                        err=True,
                    )
                raise
            accepted, withheld, refused = accepted + taken.accepted, withheld + taken.withheld, refused + taken.refused
            refusals += [{"row": first + one.row + 1, "why": one.why} for one in taken.refusals]
    return {"accepted": accepted, "withheld": withheld, "refused": refused, "refusals": refusals[:SHOWN]}


def _foretell(client: Client, file: Path, metric: str, found: PushFile, rows: int, as_json: bool) -> None:
    """Say what would be sent, and hold it against the metric where the caller may see it."""
    try:
        wanted = set(client.metric(metric).settings.dimensions)
    except AccessError:
        wanted = set(found.dimensions)
    if wanted != set(found.dimensions):
        wants, has = (", ".join(sorted(names)) or "none" for names in (wanted, found.dimensions))
        raise InputError(
            f"{file}: metric {metric} has the dimensions {wants}, the file {has}; every column but time, value, cases "
            "and group_size is one"
        )
    first, last = (told(datetime.fromtimestamp(int(edge), UTC)) for edge in (found.time.min(), found.time.max()))
    series = len(set(zip(*found.dimensions.values(), strict=True))) if found.dimensions else 1
    pushes = -(-len(found.time) // rows)
    if as_json:
        said = {"metric": metric, "rows": len(found.time), "series": series, "from": first, "to": last}
        click.echo(json.dumps({**said, "pushes": pushes}))
        return
    times = "at once" if pushes == 1 else f"in {pushes:,} pieces"
    click.echo(f"{metric}: {len(found.time):,} rows of {series:,} series, {first} to {last}, would be sent {times}")
