"""`watchkeeper remove`: something that is configured is taken away again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from watchkeeper.cli.reach import Where, print_records, where_options

if TYPE_CHECKING:
    from watchkeeper.client.records import RemovalRecord


@click.command()
@where_options
@click.argument("kind")
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Say what refers to it and what would go; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object.")
def command(where: Where, kind: str, name: str, dry_run: bool, as_json: bool) -> None:
    """Take away the KIND (source, metric, channel, team, route, segment, system, flag, runbook) of that NAME.

    It is refused while something refers to it, with the names of these. Points, alerts and answers of a metric stay,
    and are its own again when a configuration names it again; so do the logs of systems and flags.

    \b
    Examples:
      watchkeeper remove metric orders --dry-run
      watchkeeper remove route night
      watchkeeper remove channel ada --server https://watch.example.com --token "$TOKEN"
    """
    with where.ask(whole=not dry_run) as client:
        found = client.removal(kind, name) if dry_run else client.remove(kind, name)
    if as_json:
        print_records([found])
        return
    _say(found, dry_run)


def _say(found: RemovalRecord, dry_run: bool) -> None:
    if found.held_by:
        click.echo(f"{found.kind} {found.name} could not be removed: it is needed by {', '.join(found.held_by)}")
        return
    gone = ", ".join(f"{one.kind} {one.name}" for one in found.gone)
    click.echo(f"{'would remove' if dry_run else 'removed'} {gone}")
    for effect in found.effects:
        click.echo(f"  {effect}")
    click.echo("  A configuration that names it again brings it back.")
