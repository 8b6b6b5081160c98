"""What an answer changed, as the box on top of the page that follows it."""

from __future__ import annotations

import msgspec

from watchkeeper.domain.errors import NotFoundError
from watchkeeper.domain.feedback import Feedback
from watchkeeper.server.facade import Service
from watchkeeper.server.words import LABEL, plural
from watchkeeper.watch.views import Receipt


class ReceiptBox(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence, the numbers behind it, and the line of the log to take back (an undo too can be)."""

    title: str
    sentence: str
    facts: tuple[str, ...]
    undo: int
    undo_label: str


def receipt_box(receipt: Receipt) -> ReceiptBox:
    """The box of a receipt."""
    said = receipt.feedback
    title = f"Noted: {LABEL[said.answer]}" if said.answer else "Taken back"
    label = "Undo" if said.answer else "Bring it back"
    facts = []
    if receipt.before != receipt.after:
        facts.append(f"{plural(receipt.before, 'alert')} before, {receipt.after:,} now")
    if receipt.confirmed:
        facts.append(f"{receipt.confirmed_kept:,} of {receipt.confirmed:,} confirmed still fire")
    return ReceiptBox(title=title, sentence=receipt.sentence, facts=tuple(facts), undo=said.id, undo_label=label)


def box_of(service: Service, feedback_id: int | None) -> ReceiptBox | None:
    """The box of the receipt that the address names, if there is one."""
    if feedback_id is None:
        return None
    try:
        return receipt_box(service.receipt(feedback_id))
    except NotFoundError:
        return None


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the log of answers, as a page lists it."""

    feedback: Feedback
    label: str
    is_in_force: bool


def said_lines(log: tuple[Feedback, ...]) -> tuple[Said, ...]:
    """The answers, newest first, each with whether it was taken back.

    Newest first, because an undo that was itself taken back takes nothing back.
    """
    undone: set[int] = set()
    for line in sorted(log, key=lambda line: -line.id):
        if line.undoes is not None and line.id not in undone:
            undone.add(line.undoes)
    lines = [
        Said(feedback=line, label=LABEL[line.answer], is_in_force=line.id not in undone)
        for line in log
        if line.answer is not None
    ]
    return tuple(sorted(lines, key=lambda line: -line.feedback.id))
