"""What an answer changed, as the box on top of the page that follows it."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import msgspec

from watchkeeper.domain.errors import NotFoundError
from watchkeeper.domain.feedback import Feedback
from watchkeeper.server.facade import Service
from watchkeeper.server.words import LABEL, plural
from watchkeeper.watch.views import Receipt


class ReceiptBox(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence, the numbers behind it, the line of the log to take back (an undo too can be), and (`yes`) the line
    whose price can be accepted.
    """

    title: str
    sentence: str
    facts: tuple[str, ...]
    undo: tuple[int, ...]
    undo_label: str
    yes: int | None = None


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
    return ReceiptBox(
        title=title,
        sentence=receipt.sentence,
        facts=tuple(facts),
        undo=(said.id,),
        undo_label=label,
        yes=None if receipt.price is None else said.id,
    )


def box_of(service: Service, numbers: str | None, left_out: str = "") -> ReceiptBox | None:
    """The box of the receipts that the address names, as `12` or `12,13`; None where there is none of them.

    `left_out` are the alerts on which nothing was said, because a confirmed alert would have been lost.
    """
    receipts = []
    for number in (numbers or "").split(","):
        with contextlib.suppress(NotFoundError, ValueError):
            receipts.append(service.receipt(int(number)))
    if not receipts and not left_out:
        return None
    note = "".join(
        f"Nothing was said on alert {number}, because an alert that people confirmed would no longer fire. "
        for number in left_out.split(",")[:5]
        if number.isdigit()
    )
    if not receipts:
        return ReceiptBox(title="Nothing was said", sentence=note.strip(), facts=(), undo=(), undo_label="")
    if len(receipts) == 1:
        box = receipt_box(receipts[0])
        return msgspec.structs.replace(box, sentence=f"{box.sentence} {note}".strip())
    return _box_of_many(receipts, note)


def _box_of_many(receipts: Sequence[Receipt], note: str) -> ReceiptBox:
    """One receipt for several answers, or for several that were taken back: what all of them together changed."""
    first, last = receipts[0], receipts[-1]
    before, after = first.before, last.after
    said = first.feedback.answer
    title = f"Noted: {LABEL[said]}, on {len(receipts)} alerts" if said else f"Taken back: {len(receipts)} answers"
    changed = f"{plural(before, 'alert')} before, {after:,} now" if before != after else "No other alert changes"
    facts = (f"{last.confirmed_kept:,} of {last.confirmed:,} confirmed still fire",) if last.confirmed else ()
    return ReceiptBox(
        title=title,
        sentence=f"{changed}. {note}".strip(),
        facts=facts,
        undo=tuple(one.feedback.id for one in receipts),
        undo_label="Undo all" if said else "Bring them back",
    )


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
