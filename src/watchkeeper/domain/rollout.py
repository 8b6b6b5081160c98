"""A guarded roll-out: a variant is given to more and more users while its key metrics show no harm."""

from __future__ import annotations

import enum

import msgspec

from watchkeeper.domain.errors import InputError
from watchkeeper.domain.times import parse_duration


class Mode(enum.Enum):
    """What a guard or a roll-out may do by itself."""

    OBSERVE = "observe"
    ASK = "ask"
    ACT = "act"


class KeyMetric(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a variant must not harm: the share of `successes` among `trials`, or a `mean`; each names a metric.

    Of the metric's dimensions `dimension` tells the variants apart. `better` says which way is good. Harm of at most
    `largest_harm` is accepted, in the unit of the metric, for a share as a share (0.01 is one percentage point).
    """

    largest_harm: float
    successes: str = ""
    trials: str = ""
    mean: str = ""
    better: str = "up"
    dimension: str = "variant"
    title: str = ""

    def __post_init__(self) -> None:
        if bool(self.successes) != bool(self.trials) or bool(self.successes) == bool(self.mean):
            raise InputError("a key metric is either successes with trials, or a mean; each names a metric")
        if self.better not in ("up", "down"):
            raise InputError(f"better {self.better!r}: use up or down")
        if self.largest_harm < 0:
            raise InputError("largest_harm cannot be negative; 0 means that no harm at all is accepted")

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that it is read from."""
        return (self.successes, self.trials) if self.successes else (self.mean,)

    @property
    def label(self) -> str:
        """What people see."""
        return self.title or (f"{self.successes} of {self.trials}" if self.successes else self.mean)


class Rollout(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Widens `variant` by `steps` (shares in percent) against `against` (default: the fallback of its flag).

    A step lasts `least_time` at least, and nothing is decided before either variant has `least_trials`. The chance that
    a variant without more harm than accepted is ever rolled back is `chance_of_error` at most, over all key metrics.
    """

    variant: str
    metrics: tuple[KeyMetric, ...]
    against: str = ""
    steps: tuple[float, ...] = (1.0, 5.0, 20.0, 50.0, 100.0)
    least_time: str = "1d"
    least_trials: int = 100
    mode: Mode = Mode.OBSERVE
    chance_of_error: float = 0.05

    def __post_init__(self) -> None:
        if not self.metrics:
            raise InputError("guarded_rollout.metrics names nothing: name at least one key metric")
        if not self.steps or any(not 0 < one <= 100 for one in self.steps):
            raise InputError("guarded_rollout.steps: shares lie above 0 and up to 100 percent")
        if any(later <= earlier for earlier, later in zip(self.steps, self.steps[1:], strict=False)):
            raise InputError("guarded_rollout.steps: each step is larger than the one before")
        if not 0 < self.chance_of_error < 1:
            raise InputError("guarded_rollout.chance_of_error lies between 0 and 1; 0.05 is once in twenty roll-outs")
        if self.least_trials < 0:
            raise InputError("guarded_rollout.least_trials cannot be negative")
        if parse_duration(self.least_time) <= 0:
            raise InputError("guarded_rollout.least_time must be above 0")

    @property
    def least_time_s(self) -> int:
        """How long a step lasts at least, in seconds."""
        return parse_duration(self.least_time)

    @property
    def alpha(self) -> float:
        """The chance of error of each key metric (Bonferroni)."""
        return self.chance_of_error / len(self.metrics)
