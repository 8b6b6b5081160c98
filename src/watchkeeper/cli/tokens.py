"""`watchkeeper tokens`: keys for programs."""

from __future__ import annotations

import getpass
import json
import time
from pathlib import Path

import click

from watchkeeper.cli.home import home_option, open_ledger, print_rows
from watchkeeper.domain.access import Scope
from watchkeeper.domain.times import DAY, format_instant


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
@home_option
@click.argument("user")
@click.argument("label")
@click.option("--scope", "scopes", type=click.Choice([scope.value for scope in Scope]), multiple=True, required=True)
@click.option("--days", type=click.IntRange(1, 366), default=90, show_default=True, help="Good for so many days.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object.")
def make(home: Path, user: str, label: str, scopes: tuple[str, ...], days: int, as_json: bool) -> None:
    """Make a token for programs of USER; LABEL says what it is for. It is shown this once."""
    from watchkeeper.watch.access import Access

    given = [Scope(scope) for scope in scopes]
    with open_ledger(home) as ledger:
        secret, token = Access(ledger, time.time).make_token(
            user, label, given, lifetime_s=days * DAY, by=getpass.getuser()
        )
    if as_json:
        click.echo(json.dumps({"id": token.id, "token": secret, "expires": format_instant(token.expires_at)}))
    else:
        click.echo(
            f"Token {token.id}, good until {format_instant(token.expires_at)}; keep it now, it is not shown again:"
        )
        click.echo(secret)


@command.command("list")
@home_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_(home: Path, as_json: bool) -> None:
    """List tokens, without their secrets."""
    from watchkeeper.watch.access import Access

    with open_ledger(home) as ledger:
        found = Access(ledger, time.time).all_tokens()
    rows = [
        {
            "id": token.id,
            "user": name,
            "label": token.label,
            "scopes": " ".join(sorted(scope.value for scope in token.scopes)),
            "expires": format_instant(token.expires_at),
            "last_used": None if token.last_used_at is None else format_instant(token.last_used_at),
            "revoked": None if token.revoked_at is None else format_instant(token.revoked_at),
        }
        for token, name in found
    ]
    print_rows(rows, as_json=as_json, nothing="No tokens.")


@command.command()
@home_option
@click.argument("token_id", type=int, metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="A JSON object.")
def revoke(home: Path, token_id: int, as_json: bool) -> None:
    """End the token ID now."""
    from watchkeeper.watch.access import Access

    with open_ledger(home) as ledger:
        is_new = Access(ledger, time.time).revoke_token(token_id, by=getpass.getuser())
    if as_json:
        click.echo(json.dumps({"id": token_id, "is_revoked": True, "was_revoked": not is_new}))
        return
    click.echo(f"token {token_id} is revoked" if is_new else f"token {token_id} was revoked before")
