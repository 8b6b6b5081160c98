"""`watchkeeper schema`: the configuration file as JSON Schema."""

from __future__ import annotations

import json

import click


@click.command()
def command() -> None:
    """Print the JSON Schema of configuration files, with which editors complete and check them.

    \b
    Examples:
      watchkeeper schema > watchkeeper.schema.json
      # first line of the YAML file, for editors with the YAML language server:
      # yaml-language-server: $schema=watchkeeper.schema.json
    """
    from watchkeeper.domain.config_schema import config_schema

    click.echo(json.dumps(config_schema(), indent=2, ensure_ascii=False))
