"""`watchkeeper audit`: who changed what."""

from __future__ import annotations

import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from watchkeeper.cli.home import home_option, open_ledger, print_rows
from watchkeeper.cli.reach import client_of, server_options
from watchkeeper.domain.times import format_instant

if TYPE_CHECKING:
    from watchkeeper.client.records import AuditRecord
    from watchkeeper.stores.ledger.audit import Entry


@click.command()
@home_option
@server_options
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(home: Path, server: str, token: str, limit: int, as_json: bool) -> None:
    """Say who changed what, newest first. People are named by number in the details: see `watchkeeper users list`.

    \b
    Examples:
      watchkeeper audit
      watchkeeper audit --limit 1000 --json
      watchkeeper audit --server https://watch.example.com --token "$TOKEN"
    """
    from watchkeeper.watch.access import Access

    if server:
        with client_of(server, token) as client:
            rows = [_row(one, int(one.at.timestamp())) for one in islice(client.audit(), limit)]
    else:
        with open_ledger(home) as ledger:
            rows = [_row(one, one.at) for one in Access(ledger, time.time).changes(limit)]
    print_rows(rows, as_json=as_json, nothing="Nothing was changed yet.")


def _row(entry: Entry | AuditRecord, at: int) -> dict[str, Any]:
    return {"id": entry.id, "at": format_instant(at), "by": entry.by, "what": entry.what, "detail": entry.detail}
