"""What pages and commands show of flags, as plain records."""

from __future__ import annotations

import msgspec

from watchkeeper.domain.flag import Flag, FlagChange, Override
from watchkeeper.flags import GuardState


class FlagLine(msgspec.Struct, frozen=True, kw_only=True):
    """A flag as it stands: `serving` is a variant, or empty where rules and shares decide."""

    flag: Flag
    state: GuardState
    override: Override | None
    serving: str
    sentence: str


class FlagPage(msgspec.Struct, frozen=True, kw_only=True):
    """One flag whole, with the newest entries of its log first."""

    line: FlagLine
    changes: tuple[FlagChange, ...]
