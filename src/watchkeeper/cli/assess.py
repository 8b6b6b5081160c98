"""`watchkeeper assess`: is it worth building, and will it work with the data at hand?"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from watchkeeper.cli.home import home_option, open_ledger, who
from watchkeeper.cli.progress import progress
from watchkeeper.cli.reports import asker, check_outs, finish, out_option, read_data, read_record

if TYPE_CHECKING:
    from watchkeeper.assess.report import Report


@click.command()
@click.argument("source", metavar="ASSESSMENT.yaml", type=click.Path(path_type=Path))
@out_option
@click.option(
    "--keep", is_flag=True, help="Keep the report in the home, to be decided on: see `watchkeeper assessments`."
)
@click.option("--send", is_flag=True, help="Ask the services under `rent` too: rows leave the house. See `compare`.")
@home_option
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Draws rows and resamples.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole report as one JSON object.")
def command(source: Path, outs: tuple[Path, ...], keep: bool, send: bool, home: Path, seed: int, as_json: bool) -> None:
    """Say whether a prediction is worth building, and whether the data at hand can carry it.

    ASSESSMENT.yaml names the data (a .parquet or .csv file, relative to it), what one row is, the target, and
    optionally time, entity, the metric and level that are needed, and more: docs/assess.md lists all. Each part of the
    report has a verdict, its reasons and how sure it is. Before there is data, `expect` says what is thought of it.

    \b
    Examples:
      watchkeeper assess late.yaml
      watchkeeper assess late.yaml --out late.html --out late.md
      watchkeeper assess late.yaml --keep
      watchkeeper assess late.yaml --json
    """
    from watchkeeper.assess.run import assess

    check_outs(outs)
    record, text = read_record(source)
    with progress() as told:
        rows = read_data(record, source, home, told) if record.data or record.query else None
        report = assess(record, rows, now=int(time.time()), seed=seed, progress=told, ask=asker(told) if send else None)
    kept = _keep(home, report, text) if keep else None
    finish(report, outs, as_json=as_json)
    if kept is not None and not as_json:
        click.echo(f"Kept as assessment {kept}: watchkeeper assessments decide {kept} go --because '…'")


def _keep(home: Path, report: Report, record: str) -> int:
    from watchkeeper.watch.assessments import Assessments

    with open_ledger(home, is_made=True) as ledger:
        return Assessments(ledger, time.time).keep(report, record, who())
