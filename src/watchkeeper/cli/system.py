"""`watchkeeper system`: how ML features fare, and what they lack for production. Works beside a running server."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from watchkeeper.cli.home import home_option, open_ledger, print_rows

if TYPE_CHECKING:
    from watchkeeper.watch.systems import Systems

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
@home_option
@as_json_option
def list_systems(home: Path, as_json: bool) -> None:
    """List every system as it stands."""
    with _open(home) as systems:
        lines = systems.lines()
    rows = [
        {
            "system": line.system.name,
            "stage": line.system.stage.value,
            "owner": line.system.owner or None,
            "met": f"{line.met}/{line.asked}",
            "test score": line.score,
            "stands": line.sentence,
        }
        for line in lines
    ]
    print_rows(
        rows, as_json=as_json, nothing="No systems. Describe one under `systems` in a configuration and apply it."
    )


@command.command("check")
@home_option
@click.argument("name")
@as_json_option
@click.pass_context
def check_system(ctx: click.Context, home: Path, name: str, as_json: bool) -> None:
    """Say what is missing between prototype and production. Exit code 0: nothing; 13: something."""
    with _open(home) as systems:
        items = systems.missing(name)
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
@home_option
@click.argument("name")
@click.option("--test", default="", help="Say how far one test is.")
@click.option("--points", type=click.Choice(["0", "0.5", "1"]), help="0.5: by hand and documented; 1: automated.")
@click.option("--note", default="", help="The evidence.")
@as_json_option
def test_score(home: Path, name: str, test: str, points: str | None, note: str, as_json: bool) -> None:
    """Print the ML Test Score (Breck and others, 2017), or say how far one test is.

    What Watchkeeper can see is filled in; a later word of a person counts instead.
    """
    from watchkeeper.domain.readiness import SECTIONS

    if bool(test) != (points is not None):
        raise click.UsageError("give --test and --points together")
    with _open(home) as systems:
        if test and points is not None:
            systems.say(name, test, float(points), getpass.getuser(), note)
        page = systems.page(name)
    if as_json:
        tests = {
            one.test: {"points": one.points, "by": one.by, "at": one.at, "note": one.note}
            for one in page.evidence.values()
        }
        click.echo(json.dumps({"final": page.score.final, "sections": page.score.sections, "tests": tests}, indent=2))
        return
    for section, asked in SECTIONS.items():
        click.echo(f"{section}: {page.score.sections[section]:g} of {len(asked)}")
        for key, words in asked.items():
            found = page.evidence.get(key)
            said = f"{found.by}: {found.note}" if found and found.note else found.by if found else "nobody said"
            click.echo(f"  {found.points if found else 0:g}  {key}: {words} ({said})")
    click.echo(f"ML Test Score {page.score.final:g}: {page.score.meaning}")


@contextmanager
def _open(home: Path) -> Iterator[Systems]:
    import time

    from watchkeeper.watch.systems import Systems

    with open_ledger(home) as ledger:
        yield Systems(ledger, time.time)
