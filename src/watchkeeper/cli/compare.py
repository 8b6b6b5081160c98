"""`watchkeeper compare`: build or rent, on the same labelled history."""

from __future__ import annotations

import time
from pathlib import Path

import click

from watchkeeper.cli.home import home_option
from watchkeeper.cli.progress import progress
from watchkeeper.cli.reports import asker, check_outs, finish, out_option, read_data, read_record


@click.command()
@click.argument("source", metavar="ASSESSMENT.yaml", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Send nothing: say what would be sent to whom, and for how much.")
@click.option(
    "--at-most",
    type=click.IntRange(min=1),
    default=5000,
    show_default=True,
    metavar="N",
    help="How many rows (points) each service is sent at most: the newest.",
)
@out_option
@home_option
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Draws rows and resamples.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole report as one JSON object.")
def command(
    source: Path, dry_run: bool, at_most: int, outs: tuple[Path, ...], home: Path, seed: int, as_json: bool
) -> None:
    """Set what could be rented beside our own: quality, latency, cost, what leaves the house, feedback, leaving.

    ASSESSMENT.yaml is a record as for `watchkeeper assess`, with `rent`: services that are asked over HTTP, each with
    its address, its shape, its price and what leaving it takes. With `value`, rows are points of a metric and our
    detector is compared; without, the best model and the best rule for the target. docs/assess.md shows both.

    \b
    Examples:
      watchkeeper compare late.yaml --dry-run
      watchkeeper compare late.yaml --at-most 1000
      watchkeeper compare late.yaml --out rent.html --out rent.md
      watchkeeper compare late.yaml --json
    """
    from watchkeeper.assess.run import compare
    from watchkeeper.domain.errors import InputError

    check_outs(outs)
    record, _ = read_record(source)
    if record.expect is not None:
        raise InputError(f"{source}: nothing can be compared before there is data; give data or query")
    with progress() as told:
        rows = read_data(record, source, home, told)
        report = compare(
            record,
            rows,
            now=int(time.time()),
            seed=seed,
            progress=told,
            ask=None if dry_run else asker(told),
            at_most=at_most,
        )
    finish(report, outs, as_json=as_json)
