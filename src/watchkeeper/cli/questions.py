"""`watchkeeper questions`: quiet windows that the watch was least sure of."""

from __future__ import annotations

import getpass
import json
from pathlib import Path

import click

from watchkeeper.cli.home import home_option, print_rows
from watchkeeper.domain.times import format_instant


@click.group()
def command() -> None:
    """List and answer what the watch asks about quiet windows, so that misses are measured.

    \b
    Examples:
      watchkeeper questions list
      watchkeeper questions answer 3 fine
      watchkeeper questions answer 4 missed
    """


@command.command("list")
@home_option
@click.option("--all", "with_answered", is_flag=True, help="Those that have an answer too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def listed(home: Path, with_answered: bool, as_json: bool) -> None:
    """List the questions, the newest first."""
    from watchkeeper.watch.service import Watchkeeper

    with Watchkeeper.open(home) as service:
        found = service.questions.listed(is_open=not with_answered)
    rows = [
        {
            "id": one.id,
            "metric": one.metric,
            "series": one.series,
            "from": format_instant(one.start),
            "to": format_instant(one.end),
            "decades_below_the_bar": round(-one.decades, 2),
            "reply": None if one.reply is None else one.reply.value,
            "by": one.by or None,
        }
        for one in found
    ]
    print_rows(rows, as_json=as_json, nothing="No question is open.")


@command.command("answer")
@home_option
@click.argument("question", type=int)
@click.argument("reply", type=click.Choice(["fine", "missed", "skip"]))
@click.option("--json", "as_json", is_flag=True, help="A JSON object.")
def answer(home: Path, question: int, reply: str, as_json: bool) -> None:
    """Say that a quiet window was fine, that it was missed, or skip it."""
    from watchkeeper.domain.question import Reply
    from watchkeeper.watch.service import Watchkeeper

    with Watchkeeper.open(home) as service:
        receipt = service.questions.reply(question, Reply(reply), getpass.getuser())
    sentence = "Skipped." if receipt is None else receipt.sentence
    if as_json:
        number = None if receipt is None else receipt.feedback.id
        click.echo(json.dumps({"question": question, "reply": reply, "feedback": number, "sentence": sentence}))
        return
    click.echo(sentence)
