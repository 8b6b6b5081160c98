"""What pages and commands show of the runbooks of an alert, as plain records."""

from __future__ import annotations

import msgspec

from watchkeeper.domain.handling import Handling


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One item of a checklist with the values of now in place; `key` is the item as it is written, `ticked` by whom."""

    key: str
    text: str
    ticked: Handling | None


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """Markdown, or a checklist."""

    text: str = ""
    checks: tuple[Check, ...] = ()


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """The runbook of one noun: `title` says whose it is, `page` is where it can be read again, empty where nowhere."""

    title: str
    pieces: tuple[Piece, ...]
    page: str = ""


class Lesson(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody said after an incident that the runbook should have said."""

    said: Handling
    is_own: bool


class AlertRunbook(msgspec.Struct, frozen=True, kw_only=True):
    """All that is to be done about an alert: its parts, how many items are ticked, and what earlier incidents taught.

    `asks` is true once the incident is over and nobody has said yet what should be added.
    """

    parts: tuple[Part, ...]
    done: int
    asked: int
    lessons: tuple[Lesson, ...]
    asks: bool
