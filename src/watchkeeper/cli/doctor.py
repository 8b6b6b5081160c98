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
@click.option(
    "--oidc",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="WATCHKEEPER_OIDC",
    help="The file that `serve --oidc` reads: ask its provider too.",
)
@click.option("--json", "as_json", is_flag=True, help="One object a line, for scripts.")
def command(home: Path, oidc: Path | None, *, as_json: bool) -> None:
    """Check stores, disk, clocks, sources, channels, metrics and permissions, and say what to do. Changes nothing.

    Each metric is asked for its last period, 20 seconds a source; channels are looked at and not told anything.
    Ends with 0 where all works (warnings included) and with 13 where something does not.

    \b
    Examples:
      watchkeeper doctor --home /var/lib/watchkeeper
      watchkeeper doctor --oidc oidc.yaml
      watchkeeper doctor --json | jq 'select(.health != "well")'
    """
    import msgspec

    from watchkeeper.domain.oidc import parse_oidc
    from watchkeeper.watch.doctor import Health, examine

    found = examine(home, now=time.time())
    if oidc:
        from watchkeeper.server.oidc import examined

        found.append(examined(parse_oidc(oidc.read_text(encoding="utf-8"), str(oidc))))
    for one in found:
        if as_json:
            click.echo(msgspec.json.encode(one).decode())
        else:
            click.echo(f"{SIGN[one.health.value]} {one.what}: {one.words}")
            if one.mend:
                click.echo(f"    → {one.mend}")
    if any(one.health is Health.ILL for one in found):
        raise SystemExit(ILL)
