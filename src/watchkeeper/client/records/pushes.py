"""Pushes: points that a program sends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec


class PushDraft(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Points of one pushed metric, a row each: columns of one length.

    `time` is when each period starts (seconds since 1970, or a time with its offset), `value` what it was (None:
    missing), a dimension one text for all rows or one a row, `cases` of how many a rate is, `group_size` how many
    people are behind each row.
    """

    metric: str
    time: Sequence[int | datetime]
    value: Sequence[float | None]
    dimensions: dict[str, str | Sequence[str | None]] = {}
    cases: Sequence[float | None] | None = None
    group_size: Sequence[float | None] | None = None


class Refusal(msgspec.Struct, frozen=True):
    """A row that was not taken (the first is 0), and why."""

    row: int
    why: str


class PushRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the rows: how many are on the server's disk, withheld because their group is small, refused."""

    accepted: int
    withheld: int = 0
    refused: int = 0
    refusals: tuple[Refusal, ...] = ()
