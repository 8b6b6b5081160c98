"""Flags: what each serves and why, and guarded roll-outs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from watchkeeper.client.records.common import Note


class OverrideRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A person's word over rules and guards, until it expires."""

    variant: str
    until: datetime
    by: str
    note: str


class FlagRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A flag as it stands: `serving` is what everybody gets, empty where rules and shares decide.

    `standing` is its guard's: idle, asked_to_trip, tripped, asked_to_return.
    """

    name: str
    title: str
    description: str
    owner: str
    is_enabled: bool
    variants: dict[str, Any]
    default: str
    fallback: str
    serving: str
    sentence: str
    has_guard: bool
    standing: str
    cause: str
    override: OverrideRecord | None


class FlagList(msgspec.Struct, frozen=True, kw_only=True):
    """Every flag, by name."""

    items: list[FlagRecord]
    next: str | None = None


class FlagChangeRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a flag's log."""

    id: int
    at: datetime
    by: str
    what: str
    detail: str


class FlagWhole(msgspec.Struct, frozen=True, kw_only=True):
    """One flag with the newest entries of its log, newest first."""

    flag: FlagRecord
    changes: list[FlagChangeRecord]


class OverrideDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everybody gets `variant` for `lasting` (`30m`, `8h`, `2d`; 30 days at most)."""

    variant: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
    lasting: Annotated[str, msgspec.Meta(max_length=20)] = "1h"
    note: Note = ""


class GuardAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Yes or no to what a flag's guard asks."""

    is_yes: bool


class RolloutAct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person does with a guarded roll-out; `resume` begins anew what is over."""

    act: Literal["pause", "resume", "abort"]


class RolloutKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key metric of a roll-out: variant minus the other, with an interval that holds at every look; null: unknown."""

    label: str
    unit: str
    better: str
    largest_harm: float
    sentence: str
    at: list[datetime]
    estimate: list[float | None]
    lower: list[float | None]
    upper: list[float | None]


class RolloutMove(msgspec.Struct, frozen=True, kw_only=True):
    """What a roll-out did or would have done, and its share in percent after it."""

    at: datetime
    what: str
    share: float


class RolloutRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A guarded roll-out as it stands; `question` is what it asks, empty where nothing."""

    flag: str
    variant: str
    against: str
    mode: str
    course: str
    share: float
    steps: list[float]
    question: str
    keys: list[RolloutKey]
    moves: list[RolloutMove]


class RolloutPreview(msgspec.Struct, frozen=True, kw_only=True):
    """What a guarded roll-out would have done on the past."""

    flag: str
    moves: list[RolloutMove]


class NoteRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why."""

    note: Note = ""


class ContextDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user whom a flag is asked for: `targetingKey` and what its rules look at."""

    context: dict[str, Any] = {}


class EvaluationRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What a user would be served; `reason` (or the error) in OpenFeature's words, `cause` in ours.

    `variant` is empty where there is an error.
    """

    key: str
    variant: str
    value: Any
    reason: str
    cause: str
