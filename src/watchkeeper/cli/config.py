"""`watchkeeper config`: what is configured, as a file."""

from __future__ import annotations

import json

import click

from watchkeeper.cli.reach import Where, where_options


@click.group()
def command() -> None:
    """Print what is configured, whatever changed it: files, pages or the API.

    \b
    Example:
      watchkeeper config export > metrics.yaml
    """


@command.command()
@where_options
@click.option("--json", "as_json", is_flag=True, help="A JSON object instead of YAML.")
def export(where: Where, as_json: bool) -> None:
    """Print a file that `apply` reads. A URL that may hold a secret becomes a reference such as ${SHOP_URL}."""
    import yaml

    with where.ask() as client:
        text = client.config()
    click.echo(json.dumps(yaml.safe_load(text), ensure_ascii=False) if as_json else text, nl=as_json)
