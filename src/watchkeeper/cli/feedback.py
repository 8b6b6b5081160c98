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
def take_in(home: Path, file: TextIO) -> None:
    """Append the lines of FILE (`-`: standard input) that are not in the log yet; all or none."""
    from watchkeeper.watch.service import Watchkeeper

    with Watchkeeper.open(home) as service:
        done = service.import_feedback(file, getattr(file, "name", "feedback"), getpass.getuser())
    for name, count in done.unknown.items():
        click.echo(f"watchkeeper: series {name!r} is not known here ({count} times)", err=True)
    click.echo(f"{done.added} lines added, {done.present} were there already")
