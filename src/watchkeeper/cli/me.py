"""`watchkeeper me`: who calls, and what they may."""

from __future__ import annotations

import click

from watchkeeper.cli.reach import Where, print_records, where_options


@click.command()
@where_options
@click.option("--json", "as_json", is_flag=True, help="A JSON object, as the API gives it.")
def command(where: Where, as_json: bool) -> None:
    """Say who a server takes you for, by the token, and what you may there. Over the stores you may all.

    \b
    Examples:
      watchkeeper me --server https://watch.example.com --token "$TOKEN"
    """
    with where.ask() as client:
        found = client.me()
    if as_json:
        print_records([found])
        return
    click.echo(f"{found.name}: {', '.join(one.value for one in found.scopes)}")
