"""`watchkeeper users`: accounts and roles."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from watchkeeper.cli.home import print_rows, told
from watchkeeper.cli.reach import Where, where_options
from watchkeeper.domain.access import Role, pseudonym
from watchkeeper.domain.errors import NotFoundError

if TYPE_CHECKING:
    from watchkeeper.client import Client
    from watchkeeper.client.records import UserRecord

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
      watchkeeper users sign-out "Ada Byron"
      watchkeeper users erase "Ada Byron" --dry-run
    """


@command.command()
@where_options
@click.argument("name")
@click.option("--role", type=ROLES, default="viewer", show_default=True)
@as_json_option
def add(where: Where, name: str, role: str, as_json: bool) -> None:
    """Make an account for NAME."""
    with where.ask() as client:
        user = client.add_user(name, Role(role))
    click.echo(json.dumps(_row(user)) if as_json else f"{user.name} is {user.role.value}")


@command.command("list")
@where_options
@as_json_option
def list_(where: Where, as_json: bool) -> None:
    """List accounts, erased ones too."""
    with where.ask() as client:
        found = client.users()
    print_rows([_row(user) for user in found], as_json=as_json, nothing="No accounts.")


@command.command()
@where_options
@click.argument("name")
@click.argument("role", type=ROLES)
@as_json_option
def role(where: Where, name: str, role: str, as_json: bool) -> None:
    """Give NAME the role ROLE, in their tokens too, from their next request on."""
    with where.ask() as client:
        user = client.set_role(account_of(client, name).id, Role(role))
    click.echo(json.dumps(_row(user)) if as_json else f"{user.name} is {user.role.value}")


@command.command("sign-out")
@where_options
@click.argument("name")
@as_json_option
def sign_out(where: Where, name: str, as_json: bool) -> None:
    """End every session of NAME in browsers; tokens stay (`watchkeeper tokens revoke` ends those)."""
    with where.ask() as client:
        user = account_of(client, name)
        ended = client.sign_out(user.id)
    if as_json:
        click.echo(json.dumps({"id": user.id, "name": user.name, "sessions": ended}))
        return
    click.echo(f"{user.name} is signed out: {ended} {'session' if ended == 1 else 'sessions'} ended")


@command.command()
@where_options
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Say what would be done; change nothing.")
@as_json_option
def erase(where: Where, name: str, dry_run: bool, as_json: bool) -> None:
    """Erase the account of NAME. Cannot be undone.

    Its tokens are deleted. Everything that the person said, did or owns stays, under a pseudonym, so that what was
    learned from it stays; notes that mention the name do so too. What works with the name (the address of a channel,
    a query) is named, to be changed by hand. Messages that were sent, files that were exported, and backups are not
    changed; nor is a configuration file, which would bring the name back.
    """
    with where.ask() as client:
        user = account_of(client, name)
        left = client.erase_user(user.id, dry_run=dry_run).still_named
    signed = pseudonym(user.id)
    if as_json:
        click.echo(json.dumps({"id": user.id, "signed": signed, "is_erased": not dry_run, "still_named": list(left)}))
        return
    click.echo(
        f"{user.name} would become {signed}" if dry_run else f"erased; what this person said and did is signed {signed}"
    )
    for place in left:
        click.echo(f"still named in {place}: it works with the name; change it, or take it away")


def account_of(client: Client, name: str) -> UserRecord:
    """The account of that name, in any case of its letters; NotFoundError."""
    for one in client.users():
        if one.erased_at is None and one.name.casefold() == name.casefold():
            return one
    raise NotFoundError(f"no user {name!r}: `watchkeeper users list` shows all, `watchkeeper users add` makes one")


def _row(user: UserRecord) -> dict[str, Any]:
    return {
        "id": user.id,
        "name": user.name,
        "role": user.role.value,
        "created": told(user.created_at),
        "erased": told(user.erased_at),
    }
