"""`watchkeeper retention`: how long things are kept, and what would go."""

from __future__ import annotations

import json

import click

from watchkeeper.cli.reach import Where, where_options


@click.command()
@where_options
@click.option("--apply", "is_meant", is_flag=True, help="Remove it now, instead of saying what would go.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object.")
def command(where: Where, is_meant: bool, as_json: bool) -> None:
    """Say how long points, alerts and the audit log are kept, and what is older. Removes nothing without --apply.

    The running service removes it by itself, once a day. `retention` in a configuration sets the ages. What an answer
    in force or an open alert rests on stays, and the log of answers is kept for good. It needs the stores to itself;
    beside a running server give its address.

    \b
    Examples:
      watchkeeper retention
      watchkeeper retention --json
      watchkeeper retention --apply
      watchkeeper retention --server https://watch.example.com --token "$TOKEN"
    """
    import msgspec

    from watchkeeper.watch.retention import Outlook

    with where.ask(whole=True) as client:
        said = client.apply_retention() if is_meant else client.retention()
    numbers = {name: getattr(said, name) for name in ("points", "alerts", "audit", "held_series", "held_alerts")}
    found = Outlook(retention=said.kept, **numbers)
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(found) | {"is_removed": is_meant}))
        return
    kept = found.retention
    click.echo(f"Kept: points {kept.points}, alerts {kept.alerts}, audit log {kept.audit}.")
    click.echo(f"{'Removed' if is_meant else 'Older, and would go'}: {found.words}.")
    if found.held_series or found.held_alerts:
        click.echo(
            f"Older, but kept: points of {found.held_series:,} series and {found.held_alerts:,} alerts, "
            "because an answer or an open alert rests on them."
        )
