"""What to do about alerts: Markdown with checklists, per metric, source, system, and kind of alert."""

from __future__ import annotations

import re

import msgspec

from watchkeeper.domain.alert import Cause, Member
from watchkeeper.domain.errors import ConfigError, InputError
from watchkeeper.domain.metric import Metric

KINDS = {
    "drop": "A fall",
    "rise": "A rise",
    "silence": "No data",
    "limit": "A limit that is broken",
}
"""The kinds of alerts that may have a runbook of their own, and what people call them."""
_TASK = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+\[[ xX]\]\s+(.+?)\s*$")


class Runbook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to do about every alert of one kind: `name` is the kind, `text` a link or Markdown."""

    name: str
    text: str

    def __post_init__(self) -> None:
        if self.name not in KINDS:
            raise ConfigError(f"no kind of alert is called {self.name!r}; there are {', '.join(KINDS)}")
        if not self.text.strip():
            raise InputError("text: it is empty; write what to do, or leave the kind out")


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a runbook: Markdown, or the `items` of a checklist."""

    text: str = ""
    items: tuple[str, ...] = ()


def kind_of(member: Member, metric: Metric) -> str:
    """Which of KINDS the member of an alert is."""
    if member.cause is Cause.SILENCE:
        return "silence"
    if metric.broken_limit(member.value) is not None:
        return "limit"
    return "rise" if member.is_up else "drop"


def blocks(text: str) -> tuple[Block, ...]:
    """A runbook cut into text and checklists: list items that begin with `[ ]`, as Markdown's task lists have them."""
    found: list[Block] = []
    for line in text.strip().splitlines():
        task = _TASK.match(line)
        last = found[-1] if found else None
        if task and last is not None and last.items:
            found[-1] = Block(items=(*last.items, task[1]))
        elif task:
            found.append(Block(items=(task[1],)))
        elif last is not None and not last.items:
            found[-1] = Block(text=f"{last.text}\n{line}")
        elif line.strip() or last is None:
            found.append(Block(text=line))
    return tuple(found)


def items(text: str) -> tuple[str, ...]:
    """Every item of its checklists, in order."""
    return tuple(item for block in blocks(text) for item in block.items)
