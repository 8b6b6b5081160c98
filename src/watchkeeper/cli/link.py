"""`watchkeeper link`: a new one-time sign-in link."""

from __future__ import annotations

import json
import time

import click

from watchkeeper.cli.home import open_ledger, who
from watchkeeper.cli.reach import Where, where_options


@click.command()
@where_options
@click.option(
    "--address",
    default="http://127.0.0.1:8321",
    show_default=True,
    help="Where the pages are served; a server names its own.",
)
@click.option("--user", default="", metavar="NAME", help="Sign in the account NAME; otherwise the owner, who may all.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object.")
def command(where: Where, address: str, user: str, as_json: bool) -> None:
    """Print a link that signs one person in, once, within a quarter of an hour. Works while the server runs.

    The owner is whoever may use the machine of the stores, so that a server makes links for accounts alone, and for
    admins.

    \b
    Examples:
      watchkeeper link
      watchkeeper link --user "Ada Byron"
      watchkeeper link --user "Ada Byron" --server https://watch.example.com --token "$TOKEN"
    """
    made = _of_server(where, user) if where.server else _of_stores(where, address, user)
    click.echo(json.dumps({"address": made}) if as_json else made)


def _of_server(where: Where, user: str) -> str:
    from watchkeeper.cli.users import account_of

    if not user:
        raise click.UsageError(
            "the owner signs in on the machine of the stores, without --server or WATCHKEEPER_SERVER; for an account "
            "of a server name it: --user"
        )
    with where.ask() as client:
        return client.sign_in_link(account_of(client, user).id)


def _of_stores(where: Where, address: str, user: str) -> str:
    from watchkeeper.watch.sign_in import SignIn

    with open_ledger(where.home) as ledger:
        return SignIn(ledger, time.time).make_link(address, user, by=who())
