"""`watchkeeper sources`: where numbers come from."""

from __future__ import annotations

import click

from watchkeeper.cli.home import print_rows
from watchkeeper.cli.reach import Where, print_records, where_options

as_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line, as the API gives it.")


@click.group()
def command() -> None:
    """List sources.

    \b
    Examples:
      watchkeeper sources list
    """


@command.command("list")
@where_options
@as_json_option
def list_(where: Where, as_json: bool) -> None:
    """List every source with its kind; addresses are never shown."""
    with where.ask(whole=True) as client:
        found = client.sources()
    if as_json:
        print_records(found)
        return
    rows = [{"source": one.name, "kind": one.kind} for one in found]
    print_rows(rows, as_json=False, nothing="No sources: `watchkeeper apply` makes them of a file.")
