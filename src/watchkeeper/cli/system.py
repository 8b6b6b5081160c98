"""`watchkeeper system`: how ML features fare, and what they lack for production. Works beside a running server."""

from __future__ import annotations

import json

import click

from watchkeeper.cli.home import print_rows, told
from watchkeeper.cli.reach import Where, where_options

MISSING = 13
"""Exit code where `check` found something missing; no error has it."""
as_json_option = click.option("--json", "as_json", is_flag=True, help="JSON for scripts.")


@click.group()
def command() -> None:
    """Say how ML features fare, what they lack for production, and their ML Test Score.

    \b
    Examples:
      watchkeeper system list
      watchkeeper system check ranking
      watchkeeper system check ranking --json
      watchkeeper system test-score ranking
      watchkeeper system test-score ranking --test reproducible --points 0.5 --note 'by hand, see the wiki'
    """


@command.command("list")
@where_options
@as_json_option
def list_systems(where: Where, as_json: bool) -> None:
    """List every system as it stands."""
    with where.ask() as client:
        lines = client.systems()
    rows = [
        {
            "system": line.name,
            "stage": line.stage.value,
            "owner": line.owner or None,
            "met": f"{line.met}/{line.asked}",
            "test score": line.test_score,
            "stands": line.sentence,
        }
        for line in lines
    ]
    print_rows(
        rows, as_json=as_json, nothing="No systems. Describe one under `systems` in a configuration and apply it."
    )


@command.command("check")
@where_options
@click.argument("name")
@as_json_option
@click.pass_context
def check_system(ctx: click.Context, where: Where, name: str, as_json: bool) -> None:
    """Say what is missing between prototype and production. Exit code 0: nothing; 13: something."""
    with where.ask() as client:
        items = client.system(name).check
    for item in items:
        if as_json:
            row = {"item": item.key, "met": item.is_met, "words": item.words, "mend": item.mend, "page": item.page}
            click.echo(json.dumps(row, ensure_ascii=False))
        else:
            click.echo(f"{'ok     ' if item.is_met else 'missing'}  {item.title}: {item.words}")
            if not item.is_met:
                click.echo(f"         {item.mend} ({item.page})")
    lacking = sum(not item.is_met for item in items)
    if not as_json:
        click.echo(f"{len(items) - lacking} of {len(items)} are there.")
    if lacking:
        ctx.exit(MISSING)


@command.command("test-score")
@where_options
@click.argument("name")
@click.option("--test", default="", help="Say how far one test is.")
@click.option("--points", type=click.Choice(["0", "0.5", "1"]), help="0.5: by hand and documented; 1: automated.")
@click.option("--note", default="", help="The evidence.")
@as_json_option
def test_score(where: Where, name: str, test: str, points: str | None, note: str, as_json: bool) -> None:
    """Print the ML Test Score (Breck and others, 2017), or say how far one test is.

    What Watchkeeper can see is filled in; a later word of a person counts instead.
    """
    from watchkeeper.domain.readiness import SECTIONS, Score

    if bool(test) != (points is not None):
        raise click.UsageError("give --test and --points together")
    with where.ask() as client:
        if test and points is not None:
            client.say_evidence(name, test, float(points), note=note)
        page = client.system(name)
    score, evidence = Score(at=0, sections=page.sections), {one.test: one for one in page.evidence}
    if as_json:
        tests = {
            one.test: {"points": one.points, "by": one.by, "at": told(one.at), "note": one.note}
            for one in page.evidence
        }
        click.echo(json.dumps({"final": score.final, "sections": score.sections, "tests": tests}, indent=2))
        return
    for section, asked in SECTIONS.items():
        click.echo(f"{section}: {score.sections[section]:g} of {len(asked)}")
        for key, words in asked.items():
            found = evidence.get(key)
            said = f"{found.by}: {found.note}" if found and found.note else found.by if found else "nobody said"
            click.echo(f"  {found.points if found else 0:g}  {key}: {words} ({said})")
    click.echo(f"ML Test Score {score.final:g}: {score.meaning}")
