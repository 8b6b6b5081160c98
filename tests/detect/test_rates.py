"""A rate of few cases may be anything; of many it may not: the band knows how many there are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import watchkeeper
from watchkeeper.detect import Points, SeriesSettings, ValueKind, decide, replay
from watchkeeper.domain.errors import InputError
from watchkeeper.watch.power_file import power_file

SERIES, DAYS = 30, 49
HOURS = 24 * DAYS
BEGIN = 1_699_833_600
USUAL = 0.05


def made(seed: int, *, share: float = USUAL) -> tuple[np.ndarray, np.ndarray]:
    """(rates, cases) of shops with thousands of visitors by day and a few at night."""
    rng = np.random.default_rng(seed)
    by_day = np.where((np.arange(HOURS) % 24 >= 8) & (np.arange(HOURS) % 24 < 22), 3000, 12)
    cases = 1 + rng.poisson(by_day, (SERIES, HOURS))
    return rng.binomial(cases, share) / cases, cases.astype(float)


def told(rate: np.ndarray, cases: np.ndarray | None, budget: float = 1.0) -> np.ndarray:
    count, size = rate.shape
    time = np.tile(BEGIN + 3600 * np.arange(size), count)
    points = Points(
        np.arange(count + 1) * size, time, rate.ravel(), cases=None if cases is None else cases[:, :size].ravel()
    )
    series = SeriesSettings.uniform(count, step=3600, kind=ValueKind.RATE)
    _, judged = replay(points, series)
    return decide(judged, points, series, np.full(count, -np.log10(budget))).reshape(count, size)


@pytest.mark.parametrize("budget", [1.0, 4.0])
def test_the_false_alerts_asked_for_are_kept_though_the_cases_swing(budget: float) -> None:
    rate, cases = made(1)
    alert = told(rate, cases, budget)
    opens = (alert[:, 1:] & ~alert[:, :-1])[:, 24 * 14 :]
    assert budget / 2.5 <= opens.sum() / (opens.size / 730.5) <= 2 * budget


def test_a_rise_by_day_is_told_and_the_same_rise_at_night_is_not() -> None:
    rate, cases = made(2)
    noon, night = 24 * 45 + 13, 24 * 45 + 3
    risen = rate.copy()
    risen[:, noon] = np.round(1.8 * USUAL * cases[:, noon]) / cases[:, noon]
    assert told(risen[:, : noon + 1], cases)[:, noon].mean() >= 0.95
    risen = rate.copy()
    risen[:, night] = np.ceil(1.8 * USUAL * cases[:, night]) / cases[:, night]
    assert told(risen[:, : night + 1], cases)[:, night].mean() <= 0.05


def test_a_period_of_far_fewer_cases_than_usual_has_a_wider_band() -> None:
    rate, cases = made(3)
    noon = 24 * 45 + 13
    one = SeriesSettings.uniform(1, step=3600, kind=ValueKind.RATE)
    widths = []
    for few in (3000.0, 100.0, 10.0):
        own = cases[0, : noon + 1].copy()
        own[noon] = few
        points = Points(np.array([0, noon + 1]), BEGIN + 3600 * np.arange(noon + 1), rate[0, : noon + 1], cases=own)
        _, judged = replay(points, one)
        widths.append(judged.upper[noon] - judged.expected[noon])
    assert widths[1] > 2 * widths[0]
    assert widths[2] > 2 * widths[1]


def test_cases_that_become_known_later_are_taken_up_without_a_break() -> None:
    """As when a metric's history was read before its source said of how many cases each rate is."""
    rng = np.random.default_rng(1)
    cases = 1.0 + rng.poisson(300, (12, 24 * 30))
    rate = rng.binomial(cases.astype(int), USUAL) / cases
    later = cases.copy()
    later[:, : 24 * 20] = np.nan
    known, taken_up = width(rate, cases), width(rate, later)
    for day in (20, 21, 25, 29):
        at = 24 * day + 13
        assert np.median(taken_up[:, at]) == pytest.approx(np.median(known[:, at]), rel=0.1), day
    assert told(rate, later)[:, 24 * 20 :].any(axis=1).mean() <= 0.5


def width(rate: np.ndarray, cases: np.ndarray) -> np.ndarray:
    """How far above what is expected the band reaches."""
    count, size = rate.shape
    time = np.tile(BEGIN + 3600 * np.arange(size), count)
    points = Points(np.arange(count + 1) * size, time, rate.ravel(), cases=cases.ravel())
    _, judged = replay(points, SeriesSettings.uniform(count, step=3600, kind=ValueKind.RATE))
    return (judged.upper - judged.expected).reshape(count, size)


def test_online_equals_replay_with_cases() -> None:
    rate, cases = made(4)
    rate, cases = rate[:18, :100], cases[:18, :100]
    rate[3, 50:60] = np.nan
    cases[3, 50:55], cases[3, 55:60] = 0.0, np.nan
    series = SeriesSettings.uniform(18, step=3600, kind=ValueKind.RATE)

    def part(first: int, end: int) -> Points:
        time = np.tile(BEGIN + 3600 * np.arange(first, end), 18)
        return Points(
            np.arange(19) * (end - first), time, rate[:, first:end].ravel(), cases=cases[:, first:end].ravel()
        )

    whole, judged = replay(part(0, 100), series)
    state, _ = replay(part(0, 37), series)
    state, later = replay(part(37, 100), series, state)
    assert state.to_bytes() == whole.to_bytes()
    np.testing.assert_array_equal(later.upper.reshape(18, -1), judged.upper.reshape(18, -1)[:, 37:])


def test_a_table_with_cases_is_scored_by_them_and_wrong_ones_are_refused() -> None:
    rate, cases = made(5)
    size = 24 * 40
    columns = {"series": ["a"] * size, "ts": BEGIN + 3600 * np.arange(size), "value": rate[0, :size]}
    with_cases = watchkeeper.score(pa.table({**columns, "cases": cases[0, :size]}))
    without = watchkeeper.score(pa.table(columns))
    night = np.arange(size) % 24 == 3

    def width(scored: pa.Table) -> float:
        return float(np.nanmean((scored["upper"].to_numpy() - scored["expected"].to_numpy())[night][20:]))

    assert width(with_cases) != width(without)
    with pytest.raises(InputError, match=r"row 3.*a share needs cases"):
        watchkeeper.score(pa.table({**columns, "cases": np.r_[5.0, 5.0, 0.0, cases[0, 3:size]]}))
    with pytest.raises(InputError, match=r"row 1.*share from 0 to 1"):
        watchkeeper.score(pa.table({**columns, "value": rate[0, :size] + 2.0, "cases": cases[0, :size]}))
    with pytest.raises(InputError, match="row 0 has a value of 0 cases"):
        Points(np.array([0, 1]), np.array([0]), np.array([0.5]), cases=np.zeros(1))


def test_power_is_that_of_the_detector_that_knows_the_cases(tmp_path: Path) -> None:
    rate, cases = made(6)
    size = 24 * 45
    columns = {"series": ["a"] * size, "ts": BEGIN + 3600 * np.arange(size), "value": rate[0, :size]}
    paths = [tmp_path / "with.parquet", tmp_path / "without.parquet"]
    pq.write_table(pa.table({**columns, "cases": cases[0, :size]}), paths[0])
    pq.write_table(pa.table(columns), paths[1])
    knowing, guessing = (power_file(path).power.own for path in paths)
    assert knowing.alerts_per_month < guessing.alerts_per_month
