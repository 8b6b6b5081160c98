"""What was done with an alert, as its page lists it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from watchkeeper.domain.handling import Deed, Handling, taken_back

_WORDS = {
    Deed.ACKNOWLEDGE: "Acknowledged",
    Deed.ASSIGN: "Given to",
    Deed.SNOOZE: "Snoozed until",
    Deed.COMMENT: "Comment",
    Deed.TICK: "Done",
    Deed.LEARN: "For the runbook",
}


class DeedLine(msgspec.Struct, frozen=True, kw_only=True):
    """One deed in words; `is_in_force` where it was not taken back."""

    handling: Handling
    label: str
    is_in_force: bool


def deed_lines(log: Sequence[Handling]) -> tuple[DeedLine, ...]:
    """The deeds, the newest first."""
    undone = taken_back(log)
    return tuple(
        DeedLine(
            handling=line,
            label="Given back" if line.deed is Deed.ASSIGN and not line.owner else _WORDS[line.deed],
            is_in_force=line.id not in undone,
        )
        for line in sorted(log, key=lambda line: -line.id)
        if line.deed is not None
    )
