"""Asked for N false alerts a month, anomaly-free series get about N: the score means what it says."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from watchkeeper.detect import Points, SeriesSettings, ValueKind, decide, replay

SERIES, WEEKS, WARM_UP_WEEKS = 24, 26, 5
HOURS = WEEKS * 168
WAVE = 1 + 0.4 * np.sin(2 * np.pi * np.arange(HOURS) / 24)

Family = Callable[[np.random.Generator], np.ndarray]
FAMILIES: dict[str, tuple[Family, ValueKind]] = {
    "gauge": (lambda r: 50 * WAVE + 4 * r.normal(size=(SERIES, HOURS)), ValueKind.GAUGE),
    "plain noise": (lambda r: 100 + 5 * r.normal(size=(SERIES, HOURS)), ValueKind.GAUGE),
    "count": (lambda r: r.poisson(200 * WAVE, (SERIES, HOURS)), ValueKind.COUNT),
    "count near zero": (lambda r: r.poisson(0.7 * WAVE, (SERIES, HOURS)), ValueKind.COUNT),
    "rate": (lambda r: r.binomial(400, 0.05 * WAVE, (SERIES, HOURS)) / 400, ValueKind.RATE),
    "amount": (lambda r: 30 * WAVE * np.exp(0.4 * r.normal(size=(SERIES, HOURS))), ValueKind.SUM),
    "share": (lambda r: r.beta(20, 30, (SERIES, HOURS)), ValueKind.RATE),
}


def alerts_per_month(value: np.ndarray, kind: ValueKind, budget: float) -> float:
    count, size = value.shape
    time = 1_699_920_000 + 3600 * np.arange(size)
    points = Points(np.arange(count + 1) * size, np.tile(time, count), value.ravel())
    series = SeriesSettings.uniform(count, step=3600, kind=kind)
    _, judged = replay(points, series)
    alert = decide(judged, points, series, np.full(count, -np.log10(budget))).reshape(count, size)
    starts = alert[:, 1:] & ~alert[:, :-1]
    counted = starts[:, WARM_UP_WEEKS * 168 :]
    return float(counted.sum() / (counted.size / 730.5))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("budget", [1.0, 4.0])
def test_each_kind_of_value_gets_about_the_false_alerts_asked_for(family: str, budget: float) -> None:
    make, kind = FAMILIES[family]
    value = make(np.random.default_rng(11)).astype(float)
    assert budget / 2 <= alerts_per_month(value, kind, budget) <= budget * 2


def test_over_all_kinds_the_false_alerts_are_within_a_third() -> None:
    for budget in (0.5, 1.0, 2.0, 4.0):
        rng = np.random.default_rng(12)
        rates = [alerts_per_month(make(rng).astype(float), kind, budget) for make, kind in FAMILIES.values()]
        assert 0.66 * budget <= np.mean(rates) <= 1.5 * budget


def hourly_counts(rng: np.random.Generator, weeks: int, size: float, is_flat: bool) -> np.ndarray:
    hour = np.arange(weeks * 168)
    season = (1.3 + np.sin(2 * np.pi * (hour % 24 - 6) / 24)) * np.where(hour // 24 % 7 >= 5, 0.6, 1.0)
    return size * (np.ones(len(hour)) if is_flat else season)


@pytest.mark.parametrize(
    ("size", "drop", "hours", "is_flat", "share"),
    [(850, 0.2, 3, False, 0.95), (850, 0.12, 3, False, 0.75), (400, 0.25, 1, True, 0.7)],
)
def test_a_drop_on_a_tame_count_is_told(size: float, drop: float, hours: int, is_flat: bool, share: float) -> None:
    rng = np.random.default_rng(5)
    told = []
    for _ in range(40):
        at = (49 + int(rng.integers(0, 6))) * 24 + int(rng.integers(8, 20))
        rate = hourly_counts(rng, 8, size, is_flat)[: at + hours]
        rate[at:] *= 1 - drop
        points = Points(np.array([0, len(rate)]), 1_699_833_600 + 3600 * np.arange(len(rate)), rng.poisson(rate))
        series = SeriesSettings.uniform(1, step=3600, kind=ValueKind.COUNT)
        _, judged = replay(points, series)
        told.append(decide(judged, points, series, np.array([0.0]))[at:].any())
    assert np.mean(told) >= share


def wandering(rng: np.random.Generator, series: int, days: int) -> np.ndarray:
    """Autocorrelated noise: what a day brings is most of what the day before brought."""
    noise = np.zeros((series, days))
    for day in range(1, days):
        noise[:, day] = 0.7 * noise[:, day - 1] + rng.normal(size=series)
    return noise


WORKDAYS = np.where(np.arange(400) % 7 >= 5, 0.75, 1.0)
DAILY: dict[str, tuple[Family, ValueKind]] = {
    "count": (lambda r: r.poisson(300 * WORKDAYS, (60, 400)), ValueKind.COUNT),
    "small count": (lambda r: r.poisson(30 * WORKDAYS, (60, 400)), ValueKind.COUNT),
    "flat count": (lambda r: r.poisson(100, (60, 400)), ValueKind.COUNT),
    "amount": (lambda r: 1000 * WORKDAYS * np.exp(0.08 * r.normal(size=(60, 400))), ValueKind.SUM),
    "wandering amount": (lambda r: 1000 * WORKDAYS * np.exp(0.05 * wandering(r, 60, 400)), ValueKind.SUM),
}


def daily_alerts(value: np.ndarray, kind: ValueKind) -> np.ndarray:
    count, size = value.shape
    points = Points(np.arange(count + 1) * size, np.tile(1_699_833_600 + 86400 * np.arange(size), count), value.ravel())
    series = SeriesSettings.uniform(count, step=86400, kind=kind)
    _, judged = replay(points, series)
    return decide(judged, points, series, np.zeros(count)).reshape(count, size)


@pytest.mark.parametrize("family", DAILY)
def test_one_value_a_day_costs_about_the_false_alerts_asked_for(family: str) -> None:
    make, kind = DAILY[family]
    alert = daily_alerts(make(np.random.default_rng(3)).astype(float), kind)
    starts = (alert[:, 1:] & ~alert[:, :-1])[:, 100:]
    assert 0.5 <= starts.sum() / (starts.size / 30.4375) <= 2.0


@pytest.mark.parametrize("family", [name for name in DAILY if name != "small count"])
@pytest.mark.parametrize("day", [120, 380])
def test_after_an_incident_a_value_a_day_that_halves_is_still_seen(family: str, day: int) -> None:
    make, kind = DAILY[family]
    value = make(np.random.default_rng(3)).astype(float)[:, : day + 1]
    value[:, 60:62] *= 0.4
    value[:, day] *= 0.5
    assert daily_alerts(value, kind)[:, day].mean() >= 0.9
