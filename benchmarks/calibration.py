"""`python -m benchmarks.calibration`: false alerts on anomaly-free series, as a multiple of what was asked for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchmarks.pages import table
from watchkeeper.detect import Points, SeriesSettings, ValueKind, decide, replay

SERIES, WEEKS, SEEDS = 24, 26, 3
HOURS = WEEKS * 168
ASKED = (0.5, 1.0, 2.0, 4.0)
WARM_UP = 14 * 24
HOUR = np.arange(HOURS)
WAVE = 1 + 0.4 * np.sin(2 * np.pi * HOUR / 24)
WEEK = np.where(HOUR // 24 % 7 >= 5, 0.6, 1.0)
SHAPE = (SERIES, HOURS)
FAMILIES: dict[str, tuple[Callable[[np.random.Generator], NDArray[np.generic]], ValueKind]] = {
    "Gauss, day": (lambda r: 50 * WAVE + 4 * r.normal(size=SHAPE), ValueKind.GAUGE),
    "Gauss, day and week": (lambda r: 50 * WAVE * WEEK + 4 * r.normal(size=SHAPE), ValueKind.GAUGE),
    "Gauss, flat": (lambda r: 100 + 5 * r.normal(size=SHAPE), ValueKind.GAUGE),
    "Poisson 200, day": (lambda r: r.poisson(200 * WAVE, SHAPE), ValueKind.COUNT),
    "Poisson 200, day and week": (lambda r: r.poisson(200 * WAVE * WEEK, SHAPE), ValueKind.COUNT),
    "Poisson 0.7, day": (lambda r: r.poisson(0.7 * WAVE, SHAPE), ValueKind.COUNT),
    "Poisson 5, day": (lambda r: r.poisson(5 * WAVE, SHAPE), ValueKind.COUNT),
    "Poisson 400, flat": (lambda r: r.poisson(400, SHAPE), ValueKind.COUNT),
    "share of 400, day": (lambda r: r.binomial(400, 0.05 * WAVE, SHAPE) / 400, ValueKind.RATE),
    "log-normal, day": (lambda r: 30 * WAVE * np.exp(0.4 * r.normal(size=SHAPE)), ValueKind.SUM),
    "beta, flat": (lambda r: r.beta(20, 30, SHAPE), ValueKind.RATE),
    "t with 3 degrees, day": (lambda r: 50 * WAVE + 3 * r.standard_t(3, SHAPE), ValueKind.GAUGE),
    "t with 3 degrees, flat": (lambda r: 100 + 5 * r.standard_t(3, SHAPE), ValueKind.GAUGE),
}


def measure() -> str:
    """A table: families by what was asked for, and the mean of all."""
    found = {name: _of(make, kind) for name, (make, kind) in FAMILIES.items()}
    found["mean"] = np.mean(list(found.values()), axis=0)
    head = ("family", *(f"asked for {asked:g}" for asked in ASKED))
    return table(head, [(name, *(f"{one:.2f} ×" for one in each)) for name, each in found.items()])


def _of(make: Callable[[np.random.Generator], NDArray[np.generic]], kind: ValueKind) -> NDArray[np.float64]:
    times = np.zeros(len(ASKED))
    points_of = np.tile(1_699_920_000 + 3600 * HOUR, SERIES)
    series = SeriesSettings.uniform(SERIES, step=3600, kind=kind)
    for seed in range(SEEDS):
        value = make(np.random.default_rng(100 + seed)).astype(float)
        points = Points(np.arange(SERIES + 1) * HOURS, points_of, value.ravel())
        _, judged = replay(points, series)
        for place, asked in enumerate(ASKED):
            alert = decide(judged, points, series, np.full(SERIES, -np.log10(asked))).reshape(SHAPE)
            opens = (alert[:, 1:] & ~alert[:, :-1])[:, WARM_UP:]
            times[place] += opens.sum() / (opens.size / 730.5) / asked / SEEDS
    return times


if __name__ == "__main__":
    print(measure())
