"""`watchkeeper backup`: both stores in one file, while the service runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from watchkeeper.cli.home import home_option

if TYPE_CHECKING:
    from watchkeeper.stores.backup import Manifest


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@home_option
@click.option("--json", "as_json", is_flag=True, help="Print what the backup holds as JSON.")
@click.option("--check", "only_check", is_flag=True, help="Make none: read the one in FILE through.")
def command(file: Path, home: Path, *, as_json: bool, only_check: bool) -> None:
    """Back up ledger and history into FILE, while the service runs or without it.

    FILE is there whole or not at all, and readable by you only: it holds what the ledger holds. Secrets that the
    configuration names by reference are not in it.

    \b
    Examples:
      watchkeeper backup /backups/watchkeeper-$(date +%F).zip --home /var/lib/watchkeeper
      watchkeeper backup --check /backups/watchkeeper-2026-11-26.zip
    """
    from watchkeeper.stores import backup as files
    from watchkeeper.watch import backups

    made = files.check(file) if only_check else backups.make(home, file)
    say(f"{file}: {'sound' if only_check else 'written'}", made, as_json=as_json)


def say(what: str, made: Manifest, *, as_json: bool) -> None:
    """Say what a backup holds, for people or for a script."""
    if as_json:
        click.echo(json.dumps({"made_at": made.made_at, "points": made.points, "tables": made.tables}))
        return
    tables = made.tables
    click.echo(
        f"{what}: {made.points:,} points, {tables.get('metric', 0):,} metrics, {tables.get('alert', 0):,} alerts,"
        f" {tables.get('feedback', 0):,} answers"
    )
