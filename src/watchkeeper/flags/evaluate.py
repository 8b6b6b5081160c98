"""Which variant a flag gives to whom: pure, fast, and the same answer for the same user every time."""

from __future__ import annotations

from collections.abc import Mapping, Set
from hashlib import blake2b
from itertools import accumulate

import msgspec

from watchkeeper.domain.flag import TARGETING_KEY, Flag, Json, Override, Segment, Shares, When

BUCKETS = 100_000
"""A share of 0.001 percent is the finest."""


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """All that evaluation reads, at one moment: flags by name, segments, which flags are tripped, overrides."""

    flags: Mapping[str, Flag] = {}
    segments: Mapping[str, Segment] = {}
    tripped: Mapping[str, str] = {}
    """Flag → why, for those that their guard holds at the fallback."""
    overrides: Mapping[str, Override] = {}
    shares: Mapping[str, float] = {}
    """Flag → the share in percent that its guarded roll-out gives the variant; flags whose roll-out only observes or
    has not begun are not there."""
    rolled_back: Set[str] = frozenset()
    """Flags whose guarded roll-out is over without success: everybody gets the other variant."""


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """What a flag gives: `reason` and `error` are OpenFeature's words; exactly one of them is set.

    A disabled flag has no value: the code's own default applies.
    """

    key: str
    variant: str = ""
    value: Json = None
    has_value: bool = False
    reason: str = ""
    cause: str = ""
    error: str = ""
    details: str = ""


def evaluate(board: Board, key: str, context: Mapping[str, Json], now: int) -> Evaluation:
    """The flag for the user that `context` describes, at `now` (seconds UTC).

    In this order: no such flag; disabled; an override that has not expired; tripped by its guard; rolled back; the
    first rule that fits; the guarded roll-out; the rollout; the default.
    """
    flag = board.flags.get(key)
    if flag is None:
        return Evaluation(
            key=key, error="FLAG_NOT_FOUND", details=f"no flag {key!r}: apply a configuration that has it"
        )
    if not flag.is_enabled:
        return Evaluation(key=key, reason="DISABLED", cause="disabled")
    override = board.overrides.get(key)
    if override is not None and now < override.until and override.variant in flag.variants:
        return _give(flag, override.variant, "STATIC", "override")
    if key in board.tripped:
        return _give(flag, flag.fallback, "STATIC", "tripped")
    if key in board.rolled_back:
        return _give(flag, flag.rolled_out_against, "STATIC", "rolled back")
    for rule in flag.rules:
        if holds(rule.when, context, board.segments):
            if rule.serve:
                return _give(flag, rule.serve, "TARGETING_MATCH", "rule")
            return _split(flag, rule.rollout, context, "rule")
    if key in board.shares and flag.guarded_rollout is not None:
        share = board.shares[key]
        if share >= 100:
            return _give(flag, flag.guarded_rollout.variant, "STATIC", "guarded rollout")
        shares = {flag.guarded_rollout.variant: share, flag.rolled_out_against: 100.0 - share}
        return _split(flag, shares, context, "guarded rollout")
    if flag.rollout:
        return _split(flag, flag.rollout, context, "rollout")
    return _give(flag, flag.default, "STATIC", "default")


def holds(when: When, context: Mapping[str, Json], segments: Mapping[str, Segment]) -> bool:
    """Whether all conditions hold; an attribute that the context lacks fulfils `exists: false` and negations only."""
    for attribute, condition in when.items():
        if attribute == "segment":
            names = condition if isinstance(condition, list) else [condition]
            if not any(name in segments and holds(segments[name].when, context, {}) for name in names):
                return False
        elif not _fulfils(condition, context.get(attribute)):
            return False
    return True


def bucket(flag: str, user: str) -> int:
    """A user's place in `[0, BUCKETS)`: evenly spread, independent between flags, and for ever the same."""
    digest = blake2b(f"{flag}\0{user}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % BUCKETS


def _fulfils(condition: Json, value: Json) -> bool:
    if isinstance(condition, dict):
        return all(_compare(operator, operand, value) for operator, operand in condition.items())
    if isinstance(condition, list):
        return any(_same(one, value) for one in condition)
    return _same(condition, value)


def _compare(operator: str, operand: Json, value: Json) -> bool:
    match operator:
        case "exists":
            return (value is not None) == bool(operand)
        case "is":
            return _same(operand, value)
        case "is_not":
            return not _same(operand, value)
        case "in":
            return any(_same(one, value) for one in operand)
        case "not_in":
            return not any(_same(one, value) for one in operand)
        case "starts_with":
            return isinstance(value, str) and value.startswith(operand)
        case "ends_with":
            return isinstance(value, str) and value.endswith(operand)
        case "contains":
            return (isinstance(value, str) and operand in value) or (isinstance(value, list) and operand in value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    match operator:
        case "above":
            return bool(value > operand)
        case "at_least":
            return bool(value >= operand)
        case "below":
            return bool(value < operand)
        case _:
            return bool(value <= operand)


def _same(one: Json, other: Json) -> bool:
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _split(flag: Flag, shares: Shares, context: Mapping[str, Json], cause: str) -> Evaluation:
    user = context.get(flag.bucket_by)
    if user is None or user == "":
        error = "TARGETING_KEY_MISSING" if flag.bucket_by == TARGETING_KEY else "INVALID_CONTEXT"
        details = f"flag {flag.name} is served to a share of users: the context needs {flag.bucket_by}"
        return Evaluation(key=flag.name, error=error, details=details)
    place, ends = bucket(flag.name, str(user)), accumulate(shares.values())
    # In the order written, so that widening the first share takes nobody out of it.
    variant = next(one for one, end in zip(shares, ends, strict=True) if place < round(end * BUCKETS / 100))
    return _give(flag, variant, "SPLIT", cause)


def _give(flag: Flag, variant: str, reason: str, cause: str) -> Evaluation:
    return Evaluation(
        key=flag.name, variant=variant, value=flag.variants[variant], has_value=True, reason=reason, cause=cause
    )
