"""A feature flag with a fallback, who is served what, and what flips it."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from watchkeeper.domain.errors import ConfigError, InputError
from watchkeeper.domain.rollout import Mode as Mode
from watchkeeper.domain.rollout import Rollout
from watchkeeper.domain.times import parse_duration

_KEY = re.compile(r"^[A-Za-z0-9._-]{1,120}$")
TARGETING_KEY = "targetingKey"
"""The attribute of a context that names who asks (OpenFeature's name)."""

OPERATORS = (
    "is",
    "is_not",
    "in",
    "not_in",
    "starts_with",
    "ends_with",
    "contains",
    "above",
    "at_least",
    "below",
    "at_most",
    "exists",
)

Json = Any
When = dict[str, Json]
"""Attribute → a value it must equal, a list it must be in, or `{operator: operand}`; all must hold. The attribute
`segment` names segments, one of which must hold."""
Shares = dict[str, float]
"""Variant → its share in percent; together 100."""


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom it concerns, and what they get: one variant (`serve`) or a stable share of each (`rollout`)."""

    when: When
    serve: str = ""
    rollout: Shares = {}


class Trip(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What trips a guard: an open alert of a metric, or its newest values beyond a limit.

    `dimensions` narrows to series with these values. Without a limit an alert counts, if its severity is at least
    `severity` and (where `direction` says so) its peak is on that side. With `above` or `below`, the newest `points`
    values must all be beyond it.
    """

    metric: str
    dimensions: dict[str, str] = {}
    severity: float = 0.0
    direction: str = "both"
    above: float | None = None
    below: float | None = None
    points: int = 1

    def __post_init__(self) -> None:
        if self.direction not in ("both", "up", "down"):
            raise InputError(f"direction {self.direction!r}: use both, up or down")
        if self.above is not None and self.below is not None:
            raise InputError("give above or below, not both; two limits are two entries of trips")
        if self.points < 1:
            raise InputError("points must be at least 1")

    @property
    def has_limit(self) -> bool:
        """Whether values are compared with a limit, instead of asking for alerts."""
        return self.above is not None or self.below is not None

    @property
    def words(self) -> str:
        """`null-rate above 0.2 for 3 points`, `an alert on accuracy`."""
        place = f"{self.metric} ({', '.join(self.dimensions.values())})" if self.dimensions else self.metric
        if not self.has_limit:
            return f"an alert on {place}"
        side, limit = ("above", self.above) if self.above is not None else ("below", self.below)
        return f"{place} {side} {limit:g}" + (f" for {self.points} points" if self.points > 1 else "")


class Guard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Trips the flag to its fallback at once, and lets it return slowly.

    It returns once nothing has tripped it for `hold_off` (doubled for each return that did not last, at most
    sixteenfold), every entry of `return_when` holds (a shadow comparison: the newest values are beyond the limit),
    and, with `confirm_return`, a person says yes.
    """

    trips: tuple[Trip, ...]
    mode: Mode = Mode.OBSERVE
    hold_off: str = "6h"
    return_when: tuple[Trip, ...] = ()
    confirm_return: bool = False

    def __post_init__(self) -> None:
        if not self.trips:
            raise InputError("guard.trips names nothing: name at least one metric")
        parse_duration(self.hold_off)
        for one in self.return_when:
            if not one.has_limit:
                raise InputError(f"guard.return_when: {one.metric}: give above or below")

    @property
    def hold_off_s(self) -> int:
        """The hold-off in seconds."""
        return parse_duration(self.hold_off)


class Flag(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key, its variants (JSON values of one type), the one served by default, and the one to fall back to."""

    name: str
    variants: dict[str, Json]
    default: str
    fallback: str
    is_enabled: bool = True
    title: str = ""
    description: str = ""
    owner: str = ""
    runbook: str = ""
    rules: tuple[Rule, ...] = ()
    rollout: Shares = {}
    bucket_by: str = TARGETING_KEY
    guard: Guard | None = None
    guarded_rollout: Rollout | None = None

    def __post_init__(self) -> None:
        if not _KEY.match(self.name):
            raise ConfigError(f"flag name {self.name!r}: use 1 to 120 letters, digits, . _ -")
        if not self.variants:
            raise InputError("variants: name at least one, such as {model: true, basic: false}")
        kinds = {_json_type(value) for value in self.variants.values()}
        if len(kinds) > 1:
            raise InputError(f"variants: values are of several types ({', '.join(sorted(kinds))}); use one")
        for place, variant in (("default", self.default), ("fallback", self.fallback)):
            self._check_variant(place, variant)
        self._check_shares("rollout", self.rollout)
        for number, rule in enumerate(self.rules, 1):
            if bool(rule.serve) == bool(rule.rollout):
                raise InputError(f"rules[{number}]: give either serve or rollout")
            if rule.serve:
                self._check_variant(f"rules[{number}].serve", rule.serve)
            self._check_shares(f"rules[{number}].rollout", rule.rollout)
            check_when(f"rules[{number}].when", rule.when)
        if self.guarded_rollout is not None:
            self._check_rollout(self.guarded_rollout)

    @property
    def label(self) -> str:
        """What people see."""
        return self.title or self.name

    def _check_variant(self, place: str, variant: str) -> None:
        if variant not in self.variants:
            raise InputError(f"{place}: no variant {variant!r}; there are {', '.join(self.variants)}")

    @property
    def rolled_out_against(self) -> str:
        """The variant that those get whom the guarded roll-out has not reached."""
        plan = self.guarded_rollout
        return (plan.against if plan is not None else "") or self.fallback

    def _check_rollout(self, plan: Rollout) -> None:
        self._check_variant("guarded_rollout.variant", plan.variant)
        self._check_variant("guarded_rollout.against", self.rolled_out_against)
        if plan.variant == self.rolled_out_against:
            raise InputError(f"guarded_rollout: {plan.variant} is compared with itself; name another one under against")
        if self.rollout and plan.mode is not Mode.OBSERVE:
            raise InputError("guarded_rollout sets the shares itself; leave rollout out, or let it observe")

    def _check_shares(self, place: str, shares: Shares) -> None:
        for variant, share in shares.items():
            self._check_variant(place, variant)
            if not 0 <= share <= 100:
                raise InputError(f"{place}.{variant}: a share lies between 0 and 100 percent, not {share:g}")
        if shares and abs(sum(shares.values()) - 100) > 1e-9:
            raise InputError(f"{place}: shares add up to {sum(shares.values()):g} percent, not 100")


class Segment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A named group of users: who fulfils `when`."""

    name: str
    when: When

    def __post_init__(self) -> None:
        if not _KEY.match(self.name):
            raise ConfigError(f"segment name {self.name!r}: use 1 to 120 letters, digits, . _ -")
        check_when("when", self.when)
        if "segment" in self.when:
            raise InputError("when: a segment cannot name another segment; repeat its conditions")


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """A person's word: everybody gets `variant` until `until` (seconds UTC), whatever rules and guards say."""

    variant: str
    until: int
    by: str
    note: str = ""


class FlagChange(msgspec.Struct, frozen=True, kw_only=True):
    """`by` did `what` to a flag at the time `at` (seconds UTC)."""

    id: int
    flag: str
    at: int
    by: str
    what: str
    detail: str


def check_when(place: str, when: When) -> None:
    """InputError where a condition uses an operator that is not known or an operand of the wrong type."""
    for attribute, condition in when.items():
        if not isinstance(condition, dict):
            continue
        for operator, operand in condition.items():
            where = f"{place}.{attribute}.{operator}"
            if operator not in OPERATORS:
                raise InputError(f"{where}: no such operator; use {', '.join(OPERATORS)}")
            if operator in ("in", "not_in") and not isinstance(operand, list):
                raise InputError(f"{where}: give a list")
            if operator in ("above", "at_least", "below", "at_most") and _json_type(operand) != "number":
                raise InputError(f"{where}: give a number, not {operand!r}")
            if operator in ("starts_with", "ends_with", "contains") and not isinstance(operand, str):
                raise InputError(f"{where}: give a text, not {operand!r}")


def _json_type(value: Json) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, dict | list):
        return "object"
    raise InputError(f"variants: {value!r} is no boolean, number, text, list or mapping")
