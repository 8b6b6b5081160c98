"""`watchkeeper config`: what is configured, as a file."""

from __future__ import annotations

import json
from pathlib import Path

import click

from watchkeeper.cli.home import home_option, open_ledger
from watchkeeper.cli.reach import client_of, server_options


@click.group()
def command() -> None:
    """Print what is configured, whatever changed it: files, pages or the API.

    \b
    Example:
      watchkeeper config export > metrics.yaml
    """


@command.command()
@home_option
@server_options
@click.option("--json", "as_json", is_flag=True, help="A JSON object instead of YAML.")
def export(home: Path, server: str, token: str, as_json: bool) -> None:
    """Print a file that `apply` reads. A URL that may hold a secret becomes a reference such as ${SHOP_URL}."""
    import yaml

    from watchkeeper.domain.config_export import dump_config
    from watchkeeper.watch.plan import standing

    if server:
        with client_of(server, token) as client:
            text = client.config()
    else:
        with open_ledger(home) as ledger:
            text = dump_config(standing(ledger))
    click.echo(json.dumps(yaml.safe_load(text), ensure_ascii=False) if as_json else text, nl=as_json)
