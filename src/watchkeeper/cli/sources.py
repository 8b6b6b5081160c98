"""`watchkeeper sources`: where numbers come from, and what of them a metric can be made of."""

from __future__ import annotations

import click

from watchkeeper.cli.home import print_rows
from watchkeeper.cli.reach import Where, print_records, where_options

as_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line, as the API gives it.")


@click.group()
def command() -> None:
    """List sources, their tables, and what the columns of a table hold.

    \b
    Examples:
      watchkeeper sources list
      watchkeeper sources tables shop
      watchkeeper sources columns shop orders
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


@command.command()
@where_options
@click.argument("source")
@as_json_option
def tables(where: Where, source: str, as_json: bool) -> None:
    """List the tables of SOURCE that metrics can be made of."""
    with where.ask(whole=True) as client:
        found = client.tables(source)
    print_rows([{"table": one} for one in found], as_json=as_json, nothing=f"{source} has no tables.")


@command.command()
@where_options
@click.argument("source")
@click.argument("table")
@as_json_option
def columns(where: Where, source: str, table: str, as_json: bool) -> None:
    """List the columns of TABLE of SOURCE, and whether each holds times, numbers or text."""
    with where.ask(whole=True) as client:
        found = client.columns(source, table)
    rows = [{"name": one.name, "holds": one.holds, "type": one.type} for one in found]
    print_rows(rows, as_json=as_json, nothing=f"{table} has no columns.")
