"""`watchkeeper plan`: what applying configuration files would change."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from watchkeeper.cli.reach import Where, where_options

if TYPE_CHECKING:
    from watchkeeper.client.records import PlanStep
    from watchkeeper.domain.config import Config

WOULD_CHANGE = 10
"""Exit code where applying would change something; no error has it."""

files_argument = click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
prune_option = click.option("--prune", is_flag=True, help="What no FILE names is removed.")


@click.command()
@where_options
@files_argument
@prune_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def command(ctx: click.Context, where: Where, files: tuple[Path, ...], prune: bool, as_json: bool) -> None:
    """Say what `apply FILE...` would change; change nothing. URLs are never shown. Works while the server runs.

    Several files are read as one. Where `apply` would refuse them, so does this, and says everything that is wrong.

    Exit code 0: nothing would change; 10: something would.

    \b
    Examples:
      watchkeeper plan metrics.yaml
      watchkeeper plan metrics.yaml channels.yaml --prune
      watchkeeper plan metrics.yaml --json
    """
    texts = read_in(files)
    read_files(texts)
    (place, text), *others = texts.items()
    with where.ask(is_new=True) as client:
        steps = client.plan(text, place=place, more=dict(others), prune=prune).steps
    if as_json:
        for step in steps:
            settings = {one.name: {"before": one.before, "after": one.after} for one in step.settings}
            row = {"noun": step.noun, "name": step.name, "new": step.is_new, "removed": step.is_removed}
            click.echo(json.dumps(row | {"settings": settings}, ensure_ascii=False))
    say([] if as_json else steps)
    if steps:
        ctx.exit(WOULD_CHANGE)
    if not as_json:
        click.echo(f"{', '.join(texts)}: nothing would change")


def read_in(files: Sequence[Path]) -> dict[str, str]:
    """The text of each file, by its name."""
    return {str(file): file.read_text(encoding="utf-8") for file in files}


def read_files(texts: dict[str, str]) -> Config:
    """What files say together, read here so that a broken one is named before anything is asked. ConfigError."""
    from watchkeeper.domain.config import read_config

    return read_config([(text, place) for place, text in texts.items()]).config


def say(steps: Sequence[PlanStep]) -> None:
    """The steps of a plan, for people."""
    for step in steps:
        click.echo(f"{'add' if step.is_new else 'remove' if step.is_removed else 'change'} {step.noun} {step.name}")
        for one in step.settings:
            click.echo(f"  {one.name}: {_word(one.before)} -> {_word(one.after)}")


def _word(value: object) -> str:
    return value if value == "hidden" and isinstance(value, str) else json.dumps(value, ensure_ascii=False)
