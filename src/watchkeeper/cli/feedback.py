"""`watchkeeper feedback`: the log of what people said, as JSON Lines."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import TextIO

import click

from watchkeeper.cli.home import home_option


@click.group()
def command() -> None:
    """Export and import what people said: feedback as code.

    \b
    Examples:
      watchkeeper feedback export > feedback.jsonl
      watchkeeper feedback import feedback.jsonl
      watchkeeper feedback calendar launches.ics --metric orders --dry-run
    """


@command.command("export")
@home_option
def export(home: Path) -> None:
    """Print the whole log, one JSON object a line, the oldest first."""
    from watchkeeper.watch.service import Watchkeeper

    with Watchkeeper.open(home) as service:
        for line in service.export_feedback():
            click.echo(json.dumps(line, ensure_ascii=False))


@command.command("import")
@home_option
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--force", is_flag=True, help="Take it in even where alerts that people confirmed would be lost.")
def take_in(home: Path, file: TextIO, force: bool) -> None:
    """Append the lines of FILE (`-`: standard input) that are not in the log yet; all or none."""
    from watchkeeper.watch.service import Watchkeeper

    with Watchkeeper.open(home) as service:
        done = service.import_feedback(file, getattr(file, "name", "feedback"), getpass.getuser(), force=force)
    for name, count in done.unknown.items():
        click.echo(f"watchkeeper: series {name!r} is not known here ({count} times)", err=True)
    click.echo(f"{done.added} lines added, {done.present} were there already")


@command.command("calendar")
@home_option
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--metric", "names", multiple=True, required=True, help="The metric that knows these events; repeatable.")
@click.option("--dry-run", is_flag=True, help="Print the lines that would be added; change nothing.")
@click.option("--force", is_flag=True, help="Take them in even where alerts that people confirmed would be lost.")
def calendar(home: Path, file: TextIO, names: tuple[str, ...], dry_run: bool, force: bool) -> None:
    """Make the events of an iCalendar FILE known events of metrics, repetitions included.

    The same file again adds nothing. Each is undone as any answer.

    \b
    Examples:
      watchkeeper feedback calendar launches.ics --metric orders
      watchkeeper feedback calendar maintenance.ics --metric orders --metric errors --dry-run
    """
    from watchkeeper.watch.service import Watchkeeper

    place = getattr(file, "name", "calendar")
    with Watchkeeper.open(home) as service:
        lines = service.read_calendar(file.read(), names, place)
        if dry_run:
            for line in lines:
                click.echo(json.dumps(line, ensure_ascii=False))
            return
        done = service.import_feedback([json.dumps(line) for line in lines], place, getpass.getuser(), force=force)
    click.echo(f"{done.added} events added, {done.present} were there already")
