"""`python -m benchmarks.flaps`: a guard over years of noisy hours, against a switch without memory. The bar: 0 flaps.

A flap is a trip within 6 hours of a return though no new incident began since. Accuracy is hourly, wanders (AR(1)
noise) around a healthy level, and has incidents of hours to days in which it hovers about the limit: the hardest case,
crossing it again and again.
"""

from __future__ import annotations

import argparse
from typing import NamedTuple

import numpy as np

from watchkeeper.domain.flag import Guard, Mode, Trip
from watchkeeper.domain.times import HOUR
from watchkeeper.flags import GuardState, Reason, Signals, Step, advance

HOURS = 365 * 24
LIMIT, HEALTHY = 0.70, 0.80
TRIP = Trip(metric="accuracy", below=LIMIT, points=2)


class Seen(NamedTuple):
    """What one year brought: trips, flaps, hours of incidents served by the model, healthy hours by the fallback."""

    trips: int
    flaps: int
    bad_hours: int
    idle_hours: int


def main() -> None:
    """Years of noise, once for each kind of switch."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.flaps", description=__doc__)
    parser.add_argument("--years", type=int, default=100)
    said = parser.parse_args()
    shadow = (Trip(metric="accuracy", above=LIMIT + 0.05, points=6),)
    guards = {
        "switch without memory": Guard(trips=(TRIP,), mode=Mode.ACT, hold_off="1s"),
        "guard, hold-off 6 h": Guard(trips=(TRIP,), mode=Mode.ACT, hold_off="6h"),
        "guard, 6 h and shadow comparison": Guard(trips=(TRIP,), mode=Mode.ACT, hold_off="6h", return_when=shadow),
    }
    print("| over a year | trips | flaps | hours of incidents on the model | healthy hours on the fallback |")
    print("| --- | --- | --- | --- | --- |")
    for name, guard in guards.items():
        seen = np.array([_year(guard, seed) for seed in range(said.years)])
        trips, flaps, bad, idle = seen.mean(axis=0)
        print(f"| {name} | {trips:.1f} | {flaps:.2f} (most {seen[:, 1].max()}) | {bad:.1f} | {idle:.1f} |")


def _year(guard: Guard, seed: int) -> Seen:
    value, is_incident = _accuracy(seed)
    begins = np.flatnonzero(np.diff(is_incident.astype(np.int8)) == 1) + 1
    state, returned, seen = GuardState(), -(10**9), [0, 0, 0, 0]
    for hour in range(6, HOURS):
        is_bad = bool((value[hour - 1 : hour + 1] < LIMIT).all())
        reasons = (Reason(words="accuracy"),) if is_bad else ()
        may_return = all(bool((value[hour - 5 : hour + 1] > each.above).all()) for each in guard.return_when)
        state, step = advance(guard, state, Signals(trips=reasons, may_return=may_return), hour * HOUR)
        if step is Step.TRIPPED:
            seen[0] += 1
            seen[1] += hour - returned <= 6 and not ((begins > returned) & (begins <= hour)).any()
        elif step is Step.RETURNED:
            returned = hour
        seen[2] += bool(is_incident[hour]) and not state.is_tripped
        seen[3] += not is_incident[hour] and state.is_tripped
    return Seen(*seen)


def _accuracy(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A year of hours, and which of them lie in one of eight incidents."""
    rng = np.random.default_rng(seed)
    noise = np.zeros(HOURS)
    shock = rng.normal(0, 0.015, HOURS)
    for hour in range(1, HOURS):
        noise[hour] = 0.6 * noise[hour - 1] + shock[hour]
    is_incident = np.zeros(HOURS, bool)
    for start in rng.integers(0, HOURS - 100, 8):
        is_incident[start : start + int(rng.integers(3, 72))] = True
    return np.where(is_incident, LIMIT - 0.005, HEALTHY) + noise, is_incident


if __name__ == "__main__":
    main()
