"""`watchkeeper tokens`: keys for programs."""

from __future__ import annotations

import json

import click

from watchkeeper.cli.home import print_rows, told
from watchkeeper.cli.reach import Where, where_options
from watchkeeper.domain.access import Scope


@click.group()
def command() -> None:
    """Make, list and revoke API tokens. Works while the server runs; only hashes of tokens are stored.

    A token never may more than the role of its person allows at that moment.

    \b
    Examples:
      watchkeeper tokens make "Ada Byron" "pushes from the shop" --scope push --days 90
      watchkeeper tokens list
      watchkeeper tokens revoke 3
    """


@command.command()
@where_options
@click.argument("user")
@click.argument("label")
@click.option("--scope", "scopes", type=click.Choice([scope.value for scope in Scope]), multiple=True, required=True)
@click.option("--days", type=click.IntRange(1, 366), default=90, show_default=True, help="Good for so many days.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object.")
def make(where: Where, user: str, label: str, scopes: tuple[str, ...], days: int, as_json: bool) -> None:
    """Make a token for programs of USER; LABEL says what it is for. It is shown this once."""
    with where.ask() as client:
        made = client.make_token(user, label, [Scope(scope) for scope in scopes], days=days)
    number, expires = made.token.id, told(made.token.expires_at)
    if as_json:
        click.echo(json.dumps({"id": number, "token": made.secret, "expires": expires}))
    else:
        click.echo(f"Token {number}, good until {expires}; keep it now, it is not shown again:")
        click.echo(made.secret)


@command.command("list")
@where_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_(where: Where, as_json: bool) -> None:
    """List tokens, without their secrets."""
    with where.ask() as client:
        found = client.tokens()
    rows = [
        {
            "id": token.id,
            "user": token.user,
            "label": token.label,
            "scopes": " ".join(sorted(scope.value for scope in token.scopes)),
            "expires": told(token.expires_at),
            "last_used": told(token.last_used_at),
            "revoked": told(token.revoked_at),
        }
        for token in found
    ]
    print_rows(rows, as_json=as_json, nothing="No tokens.")


@command.command()
@where_options
@click.argument("token_id", type=int, metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="A JSON object.")
def revoke(where: Where, token_id: int, as_json: bool) -> None:
    """End the token ID now."""
    with where.ask() as client:
        is_new = not any(one.id == token_id and one.revoked_at is not None for one in client.tokens())
        client.revoke_token(token_id)
    if as_json:
        click.echo(json.dumps({"id": token_id, "is_revoked": True, "was_revoked": not is_new}))
        return
    click.echo(f"token {token_id} is revoked" if is_new else f"token {token_id} was revoked before")
