"""What pages and commands show of flags, as plain records."""

from __future__ import annotations

import msgspec

from watchkeeper.domain.flag import Flag, FlagChange, Override
from watchkeeper.domain.rollout import KeyMetric, Rollout
from watchkeeper.flags import GuardState, RolloutState


class FlagLine(msgspec.Struct, frozen=True, kw_only=True):
    """A flag as it stands: `serving` is a variant, or empty where rules and shares decide."""

    flag: Flag
    state: GuardState
    override: Override | None
    serving: str
    sentence: str


class KeyShown(msgspec.Struct, frozen=True, kw_only=True):
    """A key metric of a roll-out: variant minus the other after each period that ended at `ended` (seconds UTC).

    None where nothing was known. `unit` is that of the numbers; shares are in percentage points.
    """

    key: KeyMetric
    unit: str
    largest_harm: float
    ended: tuple[int, ...]
    estimate: tuple[float | None, ...]
    lower: tuple[float | None, ...]
    upper: tuple[float | None, ...]
    sentence: str


class PastMove(msgspec.Struct, frozen=True, kw_only=True):
    """What a roll-out did, or would have done, at a time (seconds UTC): in words, and its share in percent after it."""

    at: int
    what: str
    share: float


class RolloutShown(msgspec.Struct, frozen=True, kw_only=True):
    """A guarded roll-out whole: its plan, where it is, its key metrics, its steps so far, and what it asks, if it does.

    `rehearsed` is what it would have done on the past; empty while it has begun.
    """

    plan: Rollout
    against: str
    state: RolloutState
    share: float
    question: str
    keys: tuple[KeyShown, ...]
    moves: tuple[PastMove, ...]
    rehearsed: tuple[PastMove, ...]


class FlagPage(msgspec.Struct, frozen=True, kw_only=True):
    """One flag whole, with the newest entries of its log first."""

    line: FlagLine
    changes: tuple[FlagChange, ...]
    rollout: RolloutShown | None = None
