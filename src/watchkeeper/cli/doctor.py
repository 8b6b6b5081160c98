"""`watchkeeper doctor`: what a setup lacks, and what to do."""

from __future__ import annotations

import time
from pathlib import Path

import click

from watchkeeper.cli.home import home_option

ILL = 13
"""Exit code where something does not work."""
SIGN = {"well": "✓", "warning": "!", "ill": "✗"}


@click.command()
@home_option
@click.option("--json", "as_json", is_flag=True, help="One object a line, for scripts.")
def command(home: Path, *, as_json: bool) -> None:
    """Check stores, disk, clocks, sources, channels, metrics and permissions, and say what to do. Changes nothing.

    Ends with 0 where all works (warnings included) and with 13 where something does not.

    \b
    Examples:
      watchkeeper doctor --home /var/lib/watchkeeper
      watchkeeper doctor --json | jq 'select(.health != "well")'
    """
    import msgspec

    from watchkeeper.watch.doctor import Health, examine

    found = examine(home, now=time.time())
    for one in found:
        if as_json:
            click.echo(msgspec.json.encode(one).decode())
        else:
            click.echo(f"{SIGN[one.health.value]} {one.what}: {one.words}")
            if one.mend:
                click.echo(f"    → {one.mend}")
    if any(one.health is Health.ILL for one in found):
        raise SystemExit(ILL)
