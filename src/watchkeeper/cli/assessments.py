"""`watchkeeper assessments`: kept reports, decisions on them, and what was achieved. Works beside a running server."""

from __future__ import annotations

import time
from pathlib import Path

import click

from watchkeeper.cli.home import print_rows, told
from watchkeeper.cli.progress import progress
from watchkeeper.cli.reach import Where, print_records, where_options
from watchkeeper.cli.reports import read_record
from watchkeeper.domain.errors import InputError

ASKED_EVERY_S = 0.5
"""How often it is asked how far an assessment is."""
as_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


@click.group()
def command() -> None:
    """Run assessments where the sources are, list kept ones, decide on them, and note what was achieved.

    \b
    Examples:
      watchkeeper assess late.yaml --keep
      watchkeeper assessments run late.yaml
      watchkeeper assessments list
      watchkeeper assessments decide 1 go --because 'it beats the rule, and support asks for it'
      watchkeeper assessments achieved 1 0.71
    """


@command.command()
@where_options
@click.argument("source", metavar="ASSESSMENT.yaml", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="A JSON object, as the API gives it.")
def run(where: Where, source: Path, as_json: bool) -> None:
    """Assess an idea where the sources are, on the rows that the record's `query` gives, and keep the report.

    It says how far it is, and ends with 3 and the reason where there is no report. A record with `data`, a file, is
    assessed by `watchkeeper assess` on the machine that has it. Once begun, a server goes on by itself.

    \b
    Examples:
      watchkeeper assessments run late.yaml --server https://watch.example.com --token "$TOKEN"
    """
    import yaml

    _, text = read_record(source)
    with where.ask() as client, progress() as report:
        job = client.start_assessment(yaml.safe_load(text))
        while job.made is None and not job.trouble:
            report(job.stage, job.done, job.total)
            time.sleep(ASKED_EVERY_S)
            job = client.assessment_job(job.id)
        if job.made is None:
            raise InputError(f"{source}: {job.trouble}")
        line = client.assessment(job.made).assessment
    if as_json:
        print_records([line])
        return
    click.echo(f"Assessment {line.id}: {line.summary}")
    click.echo(f"watchkeeper assessments decide {line.id} go --because '…'")


@command.command("list")
@where_options
@as_json_option
def list_assessments(where: Where, as_json: bool) -> None:
    """List every assessment, the newest first, with what was foreseen and achieved."""
    with where.ask() as client:
        lines, track = client.assessments(), client.track_record()
    rows = [
        {
            "id": line.id,
            "at": told(line.at),
            "by": line.by,
            "name": line.name,
            "verdict": line.verdict,
            "decision": line.decision,
            "foreseen": None if line.expected is None else round(line.expected, 4),
            "achieved": line.achieved,
            "held": line.held,
        }
        for line in lines
    ]
    print_rows(rows, as_json=as_json, nothing="No assessments. Keep one with `watchkeeper assess FILE --keep`.")
    if rows and not as_json:
        click.echo(track)


@command.command()
@where_options
@click.argument("assessment_id", metavar="ID", type=int)
@as_json_option
def show(where: Where, assessment_id: int, as_json: bool) -> None:
    """Print a kept report as Markdown, with the decisions on it."""
    import msgspec

    from watchkeeper.assess.markdown import to_markdown
    from watchkeeper.assess.report import Report

    with where.ask() as client:
        page = client.assessment(assessment_id)
    if as_json:
        print_records([page])
        return
    click.echo(to_markdown(msgspec.convert(page.report, Report)))
    for one in page.decisions:
        click.echo(f"{told(one.at)} {one.by}: {one.choice}, {one.reason}")


@command.command()
@where_options
@click.argument("assessment_id", metavar="ID", type=int)
@click.argument("choice", type=click.Choice(["go", "wait", "no"]))
@click.option("--because", required=True, metavar="WORDS", help="The reason, which stays with the decision.")
@as_json_option
def decide(where: Where, assessment_id: int, choice: str, because: str, as_json: bool) -> None:
    """Write down a decision. After “go” the system that follows is printed as configuration."""
    with where.ask() as client:
        page = client.decide(assessment_id, choice, reason=because)
    if as_json:
        print_records([page])
        return
    click.echo(f"Assessment {assessment_id}: {choice}.", err=bool(page.system))
    if page.system:
        click.echo(page.system, nl=False)


@command.command()
@where_options
@click.argument("assessment_id", metavar="ID", type=int)
@click.argument("level", type=float)
@as_json_option
def achieved(where: Where, assessment_id: int, level: float, as_json: bool) -> None:
    """Note the level of its metric that was reached in operation."""
    with where.ask() as client:
        page = client.note_achieved(assessment_id, level)
    if as_json:
        print_records([page])
        return
    line = page.assessment
    if line.expected is None:
        click.echo(f"Assessment {assessment_id}: {level:g} noted; its report foresaw no level.")
        return
    told = "as foreseen" if line.held else "not as foreseen"
    band = f"{line.lower:.3g} to {line.upper:.3g}"
    click.echo(f"Assessment {assessment_id}: {line.metric} {level:g} is {told} ({band}).")
