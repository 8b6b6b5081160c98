"""`watchkeeper link`: a new one-time sign-in link."""

from __future__ import annotations

import time
from pathlib import Path

import click

from watchkeeper.cli.home import home_option


@click.command()
@home_option
@click.option("--address", default="http://127.0.0.1:8321", show_default=True, help="Where the pages are served.")
def command(home: Path, address: str) -> None:
    """Print a link that signs one person in, once, within a quarter of an hour. Works while the server runs."""
    from watchkeeper.stores.ledger import Ledger
    from watchkeeper.watch.service import sign_in_link

    ledger = Ledger.open(f"sqlite:///{home / 'ledger.db'}")
    try:
        click.echo(sign_in_link(ledger, address, int(time.time())))
    finally:
        ledger.close()
