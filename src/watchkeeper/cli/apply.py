"""`watchkeeper apply`: a configuration file becomes what is watched."""

from __future__ import annotations

import json
from pathlib import Path

import click

from watchkeeper.cli.reach import Where, where_options


@click.command()
@where_options
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Check the file and say what it holds; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object.")
def command(where: Where, file: Path, dry_run: bool, as_json: bool) -> None:
    """Insert or update the sources, metrics and channels that FILE names.

    \b
    Examples:
      watchkeeper apply metrics.yaml --dry-run
      watchkeeper apply metrics.yaml && watchkeeper serve
      watchkeeper apply metrics.yaml --server https://watch.example.com --token "$TOKEN"
    """
    from watchkeeper.domain.config import parse_config
    from watchkeeper.watch.plan import check_readable

    text = file.read_text(encoding="utf-8")
    config = parse_config(text, str(file))
    check_readable(config)
    if not dry_run:
        with where.ask(whole=True) as client:
            client.apply(text, place=str(file))
    held = {"sources": len(config.sources), "metrics": len(config.metrics), "channels": len(config.channels)}
    if as_json:
        click.echo(json.dumps({"file": str(file), "is_applied": not dry_run, **held}))
        return
    done = "would hold" if dry_run else "applied"
    click.echo(f"{file}: {done} {', '.join(f'{count} {noun}' for noun, count in held.items())}")
