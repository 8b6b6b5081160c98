"""What a person relies on: planted incidents are found once, do not teach, and silence is not a drop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import histories, hourly, noisy_days

from watchkeeper.detect import Judged, Mark, Phase, Points, SeriesSettings, decide, replay, told_score

HOURLY = SeriesSettings.uniform(1, step=3600)
BAR = np.array([0.0])


def run_starts(alert: np.ndarray) -> np.ndarray:
    return np.flatnonzero(alert & ~np.r_[False, alert[:-1]])


@pytest.fixture(params=range(3))
def value(request: pytest.FixtureRequest) -> np.ndarray:
    return noisy_days(np.random.default_rng(request.param), 24 * 7 * 10)


@pytest.mark.parametrize("size", [40.0, -40.0])
def test_a_spike_is_found_where_it_is_and_teaches_nothing(value: np.ndarray, size: float) -> None:
    spiked = value.copy()
    spiked[1200] += size
    _, clean = replay(hourly(value), HOURLY)
    _, judged = replay(hourly(spiked), HOURLY)
    assert judged.score[1200] > 1.0
    np.testing.assert_allclose(judged.expected[1201:1230], clean.expected[1201:1230], atol=2.0)
    np.testing.assert_allclose(judged.upper[1201:1230], clean.upper[1201:1230], rtol=0.1)


def test_a_shift_is_one_alert_that_ends_by_itself_and_settles(value: np.ndarray) -> None:
    value[1000:] += 60
    points = hourly(value)
    _, judged = replay(points, HOURLY)
    alert = decide(judged, points, HOURLY, BAR)
    assert alert[1000]
    assert len(run_starts(alert[990:1100])) == 1
    assert alert[1030:1200].sum() <= 4  # the chance of a false alert remains; a shift that still alarms would give 170
    settling = np.flatnonzero(judged.phase == Phase.SETTLING)
    assert settling.size
    assert 1000 < settling[0] <= 1048
    assert abs(judged.expected[1100:1200] - value[1100:1200]).mean() < 10
    width = judged.upper - judged.lower
    assert width[settling[0] + 1] > width[999]


def test_a_restart_forgets_the_level_and_keeps_the_season(value: np.ndarray) -> None:
    value[1000:] += 500
    points = hourly(value)
    mark = np.zeros(len(value), np.uint8)
    mark[1000] = Mark.RESTART
    _, judged = replay(Points(points.start, points.time, points.value, mark=mark), HOURLY)
    assert (judged.phase[1001:1010] == Phase.SETTLING).all()
    assert (judged.score[1001:1100] < 1.0).all()
    assert abs(judged.expected[1002:1100] - value[1002:1100]).mean() < 10


def test_an_excluded_point_is_judged_and_teaches_nothing(value: np.ndarray) -> None:
    value[1200:1210] += 15
    points = hourly(value)
    mark = np.zeros(len(value), np.uint8)
    mark[1200:1210] = Mark.EXCLUDED
    other = points.value.copy()
    other[1200:1210] = -999.0
    _, one = replay(Points(points.start, points.time, points.value, mark=mark), HOURLY)
    _, two = replay(Points(points.start, points.time, other, mark=mark), HOURLY)
    assert np.isfinite(one.score[1200:1210]).all()
    np.testing.assert_array_equal(one.score[1210:], two.score[1210:])
    np.testing.assert_array_equal(one.expected[1200:], two.expected[1200:])


def test_a_series_that_goes_quiet_raises_silence_not_a_drop_and_does_not_forget(value: np.ndarray) -> None:
    quiet = value.copy()
    quiet[1200:1368] = np.nan
    _, judged = replay(hourly(quiet), HOURLY)
    _, clean = replay(hourly(value), HOURLY)
    assert judged.silence[1205] > 1.0
    assert (np.diff(judged.silence[1200:1240]) >= 0).all()
    assert np.isnan(judged.score[1200:1368]).all()
    np.testing.assert_allclose(judged.expected[1369:1400], clean.expected[1369:1400], atol=6)
    assert (judged.score[1368:1420] < 2).all()


def test_a_gap_widens_the_band_for_as_long_as_it_lasted_and_a_usual_night_does_not(value: np.ndarray) -> None:
    def width(series: np.ndarray) -> np.ndarray:
        _, judged = replay(hourly(series), HOURLY)
        return judged.upper - judged.lower

    gone = value.copy()
    gone[1200:1212] = np.nan
    wider = width(gone) / width(value)
    np.testing.assert_allclose(wider[1000:1200], 1.0)
    assert (np.diff(wider[1201:1211]) > 0).all()
    assert wider[1211] > 1.3
    assert wider[1212] > 1.3
    assert wider[1212] > wider[1218] > 1.05
    assert abs(wider[1225] - 1.0) < 0.05
    night = np.arange(len(value)) % 24 < 8
    shop = np.where(night, np.nan, value)
    _, judged = replay(hourly(shop), HOURLY)
    assert (judged.phase[1000:][~night[1000:]] == Phase.WATCHING).all()


def test_the_usual_night_is_no_silence(value: np.ndarray) -> None:
    night = np.arange(len(value)) % 24 < 8
    shop = np.where(night, np.nan, value)
    _, judged = replay(hourly(shop), HOURLY)
    assert np.nanmax(judged.silence[24 * 14 :]) < 0
    shop[24 * 60 + 8 : 24 * 60 + 16] = np.nan
    _, judged = replay(hourly(shop), HOURLY)
    assert judged.silence[24 * 60 + 15] > 1.0


@pytest.mark.parametrize("constant", [0.0, 45.0, -1e12])
def test_a_constant_raises_nothing_until_it_changes(constant: float) -> None:
    value = np.full(1000, constant)
    value[900] = constant + 5 + abs(constant)
    points = hourly(value)
    _, judged = replay(points, HOURLY)
    alert = decide(judged, points, HOURLY, BAR)
    assert alert[900]
    assert not alert[:900].any()
    np.testing.assert_allclose(judged.expected[30:900], constant, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(judged.expected[900:], constant, rtol=1e-3, atol=1e-9)


def judged_like(score: list[float], expected: float = 10.0, band: float = 5.0) -> Judged:
    n = len(score)
    column = np.full(n, expected)
    return Judged(column, column - band, column + band, np.array(score), np.ones(n, np.uint8), np.full(n, np.nan))


def test_a_run_opens_at_the_bar_and_stays_open_until_a_value_is_back_inside() -> None:
    judged = judged_like([-2, 0.5, -2, np.nan, -2, -2, -2, 0.0])
    points = hourly(np.array([20, 20, 20, np.nan, 20, 12, 20, 20.0]))
    assert decide(judged, points, HOURLY, BAR).tolist() == [False, True, True, True, True, False, False, True]
    # Twice as far from what was expected as the band is worth 2.3 log10(2), however little news it is.
    assert told_score(judged, points)[1] == pytest.approx(2.3 * np.log10(2.0))
    assert decide(judged, points, HOURLY, np.full(8, 0.68)).tolist()[1]
    assert decide(judged, points, HOURLY, np.full(8, 0.7)).tolist() == [False] * 8
    opened = decide(judged, points, HOURLY, BAR, was_open=np.array([True]))
    assert opened.tolist() == [True, True, True, True, True, False, False, True]


@pytest.mark.parametrize(
    ("direction", "value", "min_absolute", "min_relative", "is_alert"),
    [
        (1, 20, 0, 0, True),
        (1, 5, 0, 0, False),
        (-1, 5, 0, 0, True),
        (0, 5, 6, 0, False),
        (0, 20, 0, 1.1, False),
        (0, 20, 10, 1, True),
    ],
)
def test_direction_and_smallest_change(
    direction: int, value: float, min_absolute: float, min_relative: float, is_alert: bool
) -> None:
    series = SeriesSettings.uniform(
        1, step=3600, direction=direction, min_absolute=min_absolute, min_relative=min_relative
    )
    assert decide(judged_like([3.0]), hourly(np.array([value])), series, BAR).tolist() == [is_alert]


@settings(deadline=None, max_examples=40)
@given(histories(), st.sampled_from([-1.0, -0.5, 0.0, 1.0]))
def test_without_bands_the_same_is_decided(history: tuple[Points, SeriesSettings], bar: float) -> None:
    points, series = history
    state, judged = replay(points, series)
    other, quick = replay(points, series, bands=False)
    assert state.to_bytes() == other.to_bytes()
    np.testing.assert_array_equal(quick.score, judged.score)
    np.testing.assert_array_equal(quick.expected, judged.expected)
    is_there = ~np.isnan(quick.upper)
    np.testing.assert_array_equal(quick.upper[is_there], judged.upper[is_there])
    bars = np.full(points.series, bar)
    np.testing.assert_array_equal(decide(quick, points, series, bars), decide(judged, points, series, bars))
