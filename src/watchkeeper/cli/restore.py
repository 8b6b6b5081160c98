"""`watchkeeper restore`: a backup becomes the stores of a new home."""

from __future__ import annotations

from pathlib import Path

import click

from watchkeeper.cli.backup import say
from watchkeeper.cli.home import home_option


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@home_option
@click.option("--json", "as_json", is_flag=True, help="Print what was restored as JSON.")
@click.option("--dry-run", is_flag=True, help="Read the backup through and restore nothing.")
def command(file: Path, home: Path, *, as_json: bool, dry_run: bool) -> None:
    """Restore FILE into a new home, or into new PostgreSQL databases that the environment names.

    A backup of files restores into PostgreSQL and the other way round. Stores in use are never overwritten.

    \b
    Examples:
      watchkeeper restore watchkeeper-2026-11-26.zip --home /var/lib/watchkeeper-new
      watchkeeper restore watchkeeper-2026-11-26.zip --dry-run
    """
    from watchkeeper.stores import backup as files
    from watchkeeper.watch import backups

    made = files.check(file) if dry_run else backups.restore(home, file)
    say(f"{file}: {'sound, nothing restored' if dry_run else f'restored into {home}'}", made, as_json=as_json)
