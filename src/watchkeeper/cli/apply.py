"""`watchkeeper apply`: configuration files become what is watched."""

from __future__ import annotations

import json
from pathlib import Path

import click

from watchkeeper.cli.plan import files_argument, prune_option, read_files, read_in, say
from watchkeeper.cli.reach import Where, where_options


@click.command()
@where_options
@files_argument
@prune_option
@click.option("--dry-run", is_flag=True, help="Check the files and say what they would change; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object.")
def command(where: Where, files: tuple[Path, ...], prune: bool, dry_run: bool, as_json: bool) -> None:
    """Insert or update what the FILEs name: sources, metrics, channels, teams, routes, flags, systems …

    What they do not name stays; with --prune it is removed. Points, alerts and answers of a metric that is removed
    stay, and are its own again when a configuration names it again.

    \b
    Examples:
      watchkeeper apply metrics.yaml --dry-run
      watchkeeper apply metrics.yaml && watchkeeper serve
      watchkeeper apply metrics.yaml channels.yaml --prune
      watchkeeper apply metrics.yaml --server https://watch.example.com --token "$TOKEN"
    """
    texts = read_in(files)
    config = read_files(texts)
    (place, text), *others = texts.items()
    more = dict(others)
    if dry_run:
        with where.ask(is_new=True) as client:
            steps = client.plan(text, place=place, more=more, prune=prune).steps
    else:
        with where.ask(whole=True, is_made=True) as client:
            steps = client.apply(text, place=place, more=more, prune=prune).steps
    removed = [f"{step.noun} {step.name}" for step in steps if step.is_removed]
    sections = {key: getattr(config, key) for key in config.__struct_fields__ if key != "retention"}
    held = {key: len(section) for key, section in sections.items()}
    named = ", ".join(texts)
    if as_json:
        click.echo(json.dumps({"file": named, "is_applied": not dry_run, **held, "removed": removed}))
        return
    done = "would hold" if dry_run else "applied"
    counts = [f"{count} {noun if count != 1 else noun[:-1]}" for noun, count in held.items() if count]
    click.echo(f"{named}: {done} {', '.join(counts) or 'nothing but settings'}")
    if dry_run:
        say(steps)
    elif removed:
        click.echo(f"removed {', '.join(removed)}")
