"""`watchkeeper apply`: a configuration file becomes what is watched."""

from __future__ import annotations

import getpass
from pathlib import Path

import click

from watchkeeper.cli.home import home_option


@click.command()
@home_option
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Check the file and say what it holds; change nothing.")
def command(home: Path, file: Path, dry_run: bool) -> None:
    """Insert or update the sources, metrics and channels that FILE names.

    \b
    Examples:
      watchkeeper apply metrics.yaml --dry-run
      watchkeeper apply metrics.yaml && watchkeeper serve
    """
    from watchkeeper.domain.config import parse_config
    from watchkeeper.watch.plan import check_readable

    config = parse_config(file.read_text(encoding="utf-8"), str(file))
    check_readable(config)
    if not dry_run:
        from watchkeeper.watch.service import Watchkeeper

        with Watchkeeper.open(home) as service:
            service.apply(config, getpass.getuser())
    done = "would hold" if dry_run else "applied"
    click.echo(
        f"{file}: {done} {len(config.sources)} sources, {len(config.metrics)} metrics, {len(config.channels)} channels"
    )
