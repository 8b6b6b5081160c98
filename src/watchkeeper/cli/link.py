"""`watchkeeper link`: a new one-time sign-in link."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from watchkeeper.cli.home import home_option, open_ledger, who


@click.command()
@home_option
@click.option("--address", default="http://127.0.0.1:8321", show_default=True, help="Where the pages are served.")
@click.option("--user", default="", metavar="NAME", help="Sign in the account NAME; otherwise the owner, who may all.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object.")
def command(home: Path, address: str, user: str, as_json: bool) -> None:
    """Print a link that signs one person in, once, within a quarter of an hour. Works while the server runs.

    \b
    Examples:
      watchkeeper link
      watchkeeper link --user "Ada Byron"
    """
    from watchkeeper.watch.sign_in import SignIn

    with open_ledger(home) as ledger:
        made = SignIn(ledger, time.time).make_link(address, user, by=who())
    click.echo(json.dumps({"address": made}) if as_json else made)
