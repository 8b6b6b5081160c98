"""`watchkeeper audit`: who changed what."""

from __future__ import annotations

import time
from pathlib import Path

import click

from watchkeeper.cli.home import home_option, open_ledger, print_rows
from watchkeeper.domain.times import format_instant


@click.command()
@home_option
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(home: Path, limit: int, as_json: bool) -> None:
    """Say who changed what, newest first. People are named by number in the details: see `watchkeeper users list`.

    \b
    Examples:
      watchkeeper audit
      watchkeeper audit --limit 1000 --json
    """
    from watchkeeper.watch.access import Access

    with open_ledger(home) as ledger:
        found = Access(ledger, time.time).changes(limit)
    rows = [
        {"id": entry.id, "at": format_instant(entry.at), "by": entry.by, "what": entry.what, "detail": entry.detail}
        for entry in found
    ]
    print_rows(rows, as_json=as_json, nothing="Nothing was changed yet.")
