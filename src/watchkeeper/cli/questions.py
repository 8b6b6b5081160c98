"""`watchkeeper questions`: quiet windows that the watch was least sure of."""

from __future__ import annotations

import json

import click

from watchkeeper.cli.home import print_rows, told
from watchkeeper.cli.reach import Where, where_options


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
@where_options
@click.option("--all", "with_answered", is_flag=True, help="Those that have an answer too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def listed(where: Where, with_answered: bool, as_json: bool) -> None:
    """List the questions, the newest first."""
    with where.ask(whole=True) as client:
        found = client.questions(answered_too=with_answered)
    rows = [
        {
            "id": one.id,
            "metric": one.metric,
            "series": one.series,
            "from": told(one.start),
            "to": told(one.end),
            "decades_below_the_bar": round(-one.decades, 2),
            "reply": None if one.reply is None else one.reply.value,
            "by": one.by or None,
        }
        for one in found
    ]
    print_rows(rows, as_json=as_json, nothing="No question is open.")


@command.command("answer")
@where_options
@click.argument("question", type=int)
@click.argument("reply", type=click.Choice(["fine", "missed", "skip"]))
@click.option("--json", "as_json", is_flag=True, help="A JSON object.")
def answer(where: Where, question: int, reply: str, as_json: bool) -> None:
    """Say that a quiet window was fine, that it was missed, or skip it."""
    from watchkeeper.domain.question import Reply

    with where.ask(whole=True) as client:
        done = client.reply(question, Reply(reply))
    sentence = done.sentence or "Skipped."
    if as_json:
        row = {"question": question, "reply": reply, "feedback": done.question.feedback, "sentence": sentence}
        click.echo(json.dumps(row))
        return
    click.echo(sentence)
