"""`watchkeeper assessments`: kept reports, decisions on them, and what was achieved. Works beside a running server."""

from __future__ import annotations

import getpass
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from watchkeeper.cli.home import home_option, open_ledger, print_rows
from watchkeeper.cli.reach import print_records

if TYPE_CHECKING:
    from watchkeeper.watch.assessment_views import AssessmentPage
    from watchkeeper.watch.assessments import Assessments

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
@home_option
@as_json_option
def list_assessments(home: Path, as_json: bool) -> None:
    """List every assessment, the newest first, with what was foreseen and achieved."""
    from watchkeeper.domain.times import format_instant

    with _open(home) as kept:
        lines, track = kept.lines(), kept.track_record()
    rows = [
        {
            "id": line.id,
            "at": format_instant(line.at),
            "by": line.by,
            "name": line.name,
            "verdict": line.report.verdict,
            "decision": line.decision.choice if line.decision else None,
            "foreseen": round(line.foreseen.expected, 4) if line.foreseen else None,
            "achieved": line.achieved.level if line.achieved else None,
            "held": line.held,
        }
        for line in lines
    ]
    print_rows(rows, as_json=as_json, nothing="No assessments. Keep one with `watchkeeper assess FILE --keep`.")
    if rows and not as_json:
        click.echo(track.sentence)


@command.command()
@home_option
@click.argument("assessment_id", metavar="ID", type=int)
@as_json_option
def show(home: Path, assessment_id: int, as_json: bool) -> None:
    """Print a kept report as Markdown, with the decisions on it."""
    from watchkeeper.assess.markdown import to_markdown
    from watchkeeper.domain.times import format_instant

    with _open(home) as kept:
        page = kept.page(assessment_id)
    if as_json:
        _print(page)
        return
    click.echo(to_markdown(page.line.report))
    for one in page.decisions:
        click.echo(f"{format_instant(one.at)} {one.by}: {one.choice}, {one.reason}")


@command.command()
@home_option
@click.argument("assessment_id", metavar="ID", type=int)
@click.argument("choice", type=click.Choice(["go", "wait", "no"]))
@click.option("--because", required=True, metavar="WORDS", help="The reason, which stays with the decision.")
@as_json_option
def decide(home: Path, assessment_id: int, choice: str, because: str, as_json: bool) -> None:
    """Write down a decision. After “go” the system that follows is printed as configuration."""
    with _open(home) as kept:
        page = kept.decide(assessment_id, choice, because, getpass.getuser())
    if as_json:
        _print(page)
        return
    click.echo(f"Assessment {assessment_id}: {choice}.", err=bool(page.system))
    if page.system:
        click.echo(page.system, nl=False)


@command.command()
@home_option
@click.argument("assessment_id", metavar="ID", type=int)
@click.argument("level", type=float)
@as_json_option
def achieved(home: Path, assessment_id: int, level: float, as_json: bool) -> None:
    """Note the level of its metric that was reached in operation."""
    with _open(home) as kept:
        page = kept.note_achieved(assessment_id, level, getpass.getuser())
    if as_json:
        _print(page)
        return
    line = page.line
    if line.foreseen is None:
        click.echo(f"Assessment {assessment_id}: {level:g} noted; its report foresaw no level.")
        return
    told = "as foreseen" if line.held else "not as foreseen"
    band = f"{line.foreseen.lower:.3g} to {line.foreseen.upper:.3g}"
    click.echo(f"Assessment {assessment_id}: {line.foreseen.metric} {level:g} is {told} ({band}).")


def _print(page: AssessmentPage) -> None:
    from watchkeeper.server.api.assessments import assessment_whole

    print_records([assessment_whole(page)])


@contextmanager
def _open(home: Path) -> Iterator[Assessments]:
    from watchkeeper.watch.assessments import Assessments

    with open_ledger(home) as ledger:
        yield Assessments(ledger, time.time)
