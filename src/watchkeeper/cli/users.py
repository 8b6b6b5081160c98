"""`watchkeeper users`: accounts and roles."""

from __future__ import annotations

import getpass
import json
import time
from pathlib import Path
from typing import Any

import click

from watchkeeper.cli.home import home_option, open_ledger, print_rows
from watchkeeper.domain.access import Role, User, pseudonym
from watchkeeper.domain.times import format_instant

ROLES = click.Choice([role.value for role in Role])
as_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


@click.group()
def command() -> None:
    """Make, list and erase accounts, and change roles. Works while the server runs.

    A viewer sees, a responder answers alerts too, an editor changes what is watched too, an admin manages people too.

    \b
    Examples:
      watchkeeper users add "Ada Byron" --role responder
      watchkeeper users list --json
      watchkeeper users role "Ada Byron" editor
      watchkeeper users erase "Ada Byron" --dry-run
    """


@command.command()
@home_option
@click.argument("name")
@click.option("--role", type=ROLES, default="viewer", show_default=True)
@as_json_option
def add(home: Path, name: str, role: str, as_json: bool) -> None:
    """Make an account for NAME."""
    from watchkeeper.watch.access import Access

    with open_ledger(home) as ledger:
        user = Access(ledger, time.time).add_user(name, Role(role), by=getpass.getuser())
    click.echo(json.dumps(_row(user)) if as_json else f"{user.name} is {user.role.value}")


@command.command("list")
@home_option
@as_json_option
def list_(home: Path, as_json: bool) -> None:
    """List accounts, erased ones too."""
    from watchkeeper.watch.access import Access

    with open_ledger(home) as ledger:
        found = Access(ledger, time.time).all_users()
    print_rows([_row(user) for user in found], as_json=as_json, nothing="No accounts.")


@command.command()
@home_option
@click.argument("name")
@click.argument("role", type=ROLES)
@as_json_option
def role(home: Path, name: str, role: str, as_json: bool) -> None:
    """Give NAME the role ROLE, in their tokens too, from their next request on."""
    from watchkeeper.watch.access import Access

    with open_ledger(home) as ledger:
        user = Access(ledger, time.time).set_role(name, Role(role), by=getpass.getuser())
    click.echo(json.dumps(_row(user)) if as_json else f"{user.name} is {user.role.value}")


@command.command()
@home_option
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Say what would be done; change nothing.")
@as_json_option
def erase(home: Path, name: str, dry_run: bool, as_json: bool) -> None:
    """Erase the account of NAME. Cannot be undone.

    Its tokens are deleted. Everything that the person said, did or owns stays, under a pseudonym, so that what was
    learned from it stays; notes that mention the name do so too. What works with the name (the address of a channel,
    a query) is named, to be changed by hand. Messages that were sent, files that were exported, and backups are not
    changed; nor is a configuration file, which would bring the name back.
    """
    from watchkeeper.watch.access import Access

    with open_ledger(home) as ledger:
        access = Access(ledger, time.time)
        user = access.user(name)
        left = access.still_named(user.name)
        signed = pseudonym(user.id) if dry_run else access.erase_user(name, by=getpass.getuser()).name
    if as_json:
        click.echo(json.dumps({"id": user.id, "signed": signed, "is_erased": not dry_run, "still_named": list(left)}))
        return
    click.echo(
        f"{user.name} would become {signed}" if dry_run else f"erased; what this person said and did is signed {signed}"
    )
    for place in left:
        click.echo(f"still named in {place}: it works with the name; change it, or take it away")


def _row(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "name": user.name,
        "role": user.role.value,
        "created": format_instant(user.created_at),
        "erased": None if user.erased_at is None else format_instant(user.erased_at),
    }
