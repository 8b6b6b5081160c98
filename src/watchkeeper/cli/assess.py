"""`watchkeeper assess`: whether a data set can carry what somebody wants to predict from it."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command()
@click.argument("source", metavar="ASSESSMENT.yaml", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the findings as one JSON object.")
def command(source: Path, as_json: bool) -> None:
    """Say what stands in the way of predicting a column from a data file.

    ASSESSMENT.yaml names data (a .parquet or .csv file, relative to it), row (what one row is), target, and
    optionally time, entity, protected and known_after (lists of columns) and max_rows. Nothing is trained: rows,
    target, times, entities and empty or constant columns are looked at, the worst first.

    \b
    Examples:
      watchkeeper assess late.yaml
      watchkeeper assess late.yaml --json
    """
    from watchkeeper.assess.data import check_data, read_rows
    from watchkeeper.assess.record import parse_assessment
    from watchkeeper.domain.errors import InputError

    try:
        text = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{source}: cannot be read: {error}") from None
    record = parse_assessment(text, str(source))
    found = check_data(record, read_rows(source.parent / record.data, record.max_rows))
    can_go_on = all(finding.verdict != "stop" for finding in found)
    if as_json:
        findings = [{"verdict": each.verdict, "about": each.about, "words": each.words} for each in found]
        click.echo(json.dumps({"can_go_on": can_go_on, "findings": findings}))
        return
    click.echo(f"{source}: " + ("the data can be worked with" if can_go_on else "the data must be mended first"))
    for each in found:
        click.echo(f"  {each.verdict:<5} {each.about}: {each.words}")
