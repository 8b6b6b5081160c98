"""`watchkeeper audit`: who changed what."""

from __future__ import annotations

from itertools import islice

import click

from watchkeeper.cli.home import print_rows, told
from watchkeeper.cli.reach import Where, where_options


@click.command()
@where_options
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(where: Where, limit: int, as_json: bool) -> None:
    """Say who changed what, newest first. People are named by number in the details: see `watchkeeper users list`.

    \b
    Examples:
      watchkeeper audit
      watchkeeper audit --limit 1000 --json
      watchkeeper audit --server https://watch.example.com --token "$TOKEN"
    """
    with where.ask() as client:
        found = list(islice(client.audit(), limit))
    rows = [{"id": one.id, "at": told(one.at), "by": one.by, "what": one.what, "detail": one.detail} for one in found]
    print_rows(rows, as_json=as_json, nothing="Nothing was changed yet.")
