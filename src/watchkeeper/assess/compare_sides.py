"""What is set side by side: one candidate's quality with its draws, its latency, and what it takes to use it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from watchkeeper.domain.rent import Answered, Outgoing, Rent

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Kind = Literal["build", "rule", "rent"]
Clock = Callable[[], float]
Ask = Callable[[Outgoing], Answered]
"""Sends what goes out to a rented service and reads what comes back."""

TIMED_CALLS = 20


@dataclass(frozen=True)
class Side:
    """One candidate. `error` is to be small; `draws` are its errors in the same resamples as those of the others.

    `calls_ms` are latencies of calls that carried `rows_a_call` rows in the middle; `more` are further
    numbers, in words.
    """

    name: str
    kind: Kind
    words: str
    error: float
    draws: Floats
    calls_ms: Floats
    rows_a_call: float
    more: dict[str, str] = field(default_factory=dict)
    rent: Rent | None = None

    def behind(self, other: Side) -> tuple[float, float, float]:
        """By how much its error is above the other's: the difference, and the paired 90 % interval."""
        apart = np.quantile(self.draws - other.draws, [0.05, 0.95])
        return self.error - other.error, float(apart[0]), float(apart[1])


@dataclass(frozen=True)
class Volume:
    """What operation would ask of a service in a month: rows, and per row the calls and the rows sent with them."""

    rows: float
    calls: float
    sent: float

    def cost(self, rent: Rent) -> float:
        """What the service would cost a month, in its currency."""
        return rent.price.a_month + trial_cost(rent, self.calls, self.sent)


@dataclass(frozen=True)
class Compared:
    """All sides on the same rows, what was to be sent to whom, and how it went."""

    metric: str
    less_is_better: bool
    rows: int
    how: str
    sides: tuple[Side, ...]
    outs: tuple[Outgoing, ...]
    answers: dict[str, Answered]
    volume: dict[str, Volume | None]
    withheld: tuple[str, ...]
    personal: tuple[str, ...]
    caveat: str = ""


def trial_cost(rent: Rent, calls: float, rows: float) -> float:
    """What so many calls with so many rows cost at the service's price."""
    return rent.price.amount / rent.price.per * (calls if rent.price.of == "calls" else rows)


def timed_calls(told: Callable[[Ints], object], rows: int, a_call: int, clock: Clock) -> Floats:
    """Milliseconds of some calls of `a_call` rows each."""
    taken = []
    for one in range(TIMED_CALLS):
        first = one * a_call % max(rows - a_call + 1, 1)
        places = np.arange(first, min(first + a_call, rows))
        begun = clock()
        told(places)
        taken.append(1000 * (clock() - begun))
    return np.array(taken)
