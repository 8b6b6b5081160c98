"""`watchkeeper assessments`: kept reports, decisions on them, and what was achieved. Works beside a running server."""

from __future__ import annotations

import click

from watchkeeper.cli.home import print_rows, told
from watchkeeper.cli.reach import Where, print_records, where_options

as_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


@click.group()
def command() -> None:
    """List kept assessments, decide on them, and note what was achieved.

    \b
    Examples:
      watchkeeper assess late.yaml --keep
      watchkeeper assessments list
      watchkeeper assessments decide 1 go --because 'it beats the rule, and support asks for it'
      watchkeeper assessments achieved 1 0.71
    """


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
