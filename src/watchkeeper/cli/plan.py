"""`watchkeeper plan`: what applying a configuration file would change."""

from __future__ import annotations

import json
from pathlib import Path

import click

from watchkeeper.cli.reach import Where, where_options

WOULD_CHANGE = 10
"""Exit code where applying would change something; no error has it."""


@click.command()
@where_options
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def command(ctx: click.Context, where: Where, file: Path, as_json: bool) -> None:
    """Say what `apply FILE` would change; change nothing. URLs are never shown. Works while the server runs.

    Exit code 0: nothing would change; 10: something would.

    \b
    Examples:
      watchkeeper plan metrics.yaml
      watchkeeper plan metrics.yaml --json
    """
    from watchkeeper.domain.config import parse_config
    from watchkeeper.watch.plan import check_readable

    text = file.read_text(encoding="utf-8")
    config = parse_config(text, str(file))
    check_readable(config)
    with where.ask() as client:
        steps = client.plan(text, place=str(file)).steps
    for step in steps:
        if as_json:
            settings = {one.name: {"before": one.before, "after": one.after} for one in step.settings}
            row = {"noun": step.noun, "name": step.name, "new": step.is_new, "settings": settings}
            click.echo(json.dumps(row, ensure_ascii=False))
            continue
        click.echo(f"{'add' if step.is_new else 'change'} {step.noun} {step.name}")
        for one in step.settings:
            click.echo(f"  {one.name}: {_word(one.before)} -> {_word(one.after)}")
    if steps:
        ctx.exit(WOULD_CHANGE)
    if not as_json:
        click.echo(f"{file}: nothing would change")


def _word(value: object) -> str:
    return value if value == "hidden" and isinstance(value, str) else json.dumps(value, ensure_ascii=False)
