"""`watchkeeper assess`: is it worth building, and will it work with the data at hand?"""

from __future__ import annotations

import getpass
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from watchkeeper.cli.home import home_option, open_ledger
from watchkeeper.cli.progress import progress

if TYPE_CHECKING:
    from watchkeeper.assess.report import Report

SUFFIXES = (".html", ".md", ".json")


@click.command()
@click.argument("source", metavar="ASSESSMENT.yaml", type=click.Path(path_type=Path))
@click.option(
    "--out",
    "outs",
    type=click.Path(dir_okay=False, path_type=Path),
    multiple=True,
    metavar="FILE",
    help="Write the report too: .html (one file, plots within), .md or .json. May be given more than once.",
)
@click.option(
    "--keep", is_flag=True, help="Keep the report in the home, to be decided on: see `watchkeeper assessments`."
)
@home_option
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Draws rows and resamples.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole report as one JSON object.")
def command(source: Path, outs: tuple[Path, ...], keep: bool, home: Path, seed: int, as_json: bool) -> None:
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
    from watchkeeper.assess.data import read_rows
    from watchkeeper.assess.markdown import to_json
    from watchkeeper.assess.record import parse_assessment
    from watchkeeper.assess.run import assess
    from watchkeeper.domain.errors import InputError

    for out in outs:
        if out.suffix.lower() not in SUFFIXES:
            raise InputError(f"{out}: reports end in {', '.join(SUFFIXES)}; name it so")
    try:
        text = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{source}: cannot be read: {error}") from None
    record = parse_assessment(text, str(source))
    with progress() as told:
        rows = None
        if record.data or record.query:
            told("reading", 0, 1)
            if record.data:
                rows = read_rows(source.parent / record.data, record.max_rows)
            else:
                from watchkeeper.watch.assessments import ask_rows

                with open_ledger(home) as ledger:
                    rows = ask_rows(ledger, record)
            told("reading", 1, 1)
        report = assess(record, rows, now=int(time.time()), seed=seed, progress=told)
    for out in outs:
        _write(out, report)
    kept = _keep(home, report, text) if keep else None
    if as_json:
        click.echo(to_json(report))
        return
    _print(report)
    for out in outs:
        click.echo(f"Written into {out}")
    if kept is not None:
        click.echo(f"Kept as assessment {kept}: watchkeeper assessments decide {kept} go --because '…'")


def _keep(home: Path, report: Report, record: str) -> int:
    from watchkeeper.watch.assessments import Assessments

    with open_ledger(home) as ledger:
        return Assessments(ledger, time.time).keep(report, record, getpass.getuser())


def _write(path: Path, report: Report) -> None:
    from watchkeeper.assess.markdown import to_json, to_markdown
    from watchkeeper.domain.errors import InputError
    from watchkeeper.server.report_file import to_html

    text = {".html": to_html, ".md": to_markdown, ".json": to_json}[path.suffix.lower()](report)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None


def _print(report: Report) -> None:
    from watchkeeper.assess.report import VERDICT_WORDS

    click.echo(f"{report.name}: {VERDICT_WORDS[report.verdict]}. {report.summary}")
    for note in report.notes:
        click.echo(f"  {note}")
    for part in report.parts:
        click.echo(f"\n{part.title}: {VERDICT_WORDS[part.verdict]}. {part.headline}")
        for reason in part.reasons:
            click.echo(f"  - {reason}")
