"""Every series gets an answer row for row, wrong use gets a clear error, state survives storage."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import histories, hourly, noisy_days

from watchkeeper.detect import Phase, Points, SeriesSettings, State, find_step, replay
from watchkeeper.domain.errors import InputError

HOURLY = SeriesSettings.uniform(1, step=3600)


@pytest.mark.parametrize(
    "value",
    [
        [],
        [3.0],
        [np.nan],
        [np.nan] * 500,
        [np.inf, -np.inf, np.nan] * 100,
        [0.0] * 500,
        [1e300, -1e300] * 200,
        [9e17, -9e17, 1.0] * 200,
        [5e-324] * 200,
        list(range(500)),
    ],
)
def test_any_series_is_answered_row_for_row(value: list[float]) -> None:
    state, judged = replay(hourly(np.array(value)), HOURLY)
    assert len(judged.score) == len(value)
    missing = ~(np.abs(np.array(value)) <= 1e18)
    assert ((judged.phase == Phase.MISSING) == missing).all()
    judging = (judged.phase == Phase.WATCHING) | (judged.phase == Phase.SETTLING)
    assert np.isfinite(judged.score[judging]).all()
    replay(hourly(np.ones(30), start=1_800_000_000), HOURLY, state)


def test_no_series_at_all() -> None:
    state, judged = replay(Points(np.array([0]), np.array([]), np.array([])), SeriesSettings.uniform(0, step=60))
    assert len(judged.score) == 0
    assert State.from_bytes(state.to_bytes()).to_bytes() == state.to_bytes()


def test_a_huge_gap_costs_little() -> None:
    points = Points(np.array([0, 300]), np.r_[np.arange(299) * 60, 4_000_000_000], np.ones(300))
    state, judged = replay(points, SeriesSettings.uniform(1, step=60))
    assert judged.phase[-1] != Phase.MISSING
    assert state.times[0, 0] == 4_000_000_000 // 60


def test_repeated_times_are_observations_of_one_step() -> None:
    value = noisy_days(np.random.default_rng(0), 500)
    time = 1_699_920_000 + 3600 * np.arange(500)
    twice = Points(np.array([0, 501]), np.insert(time, 300, time[299]), np.insert(value, 300, value[299]))
    _, judged = replay(twice, HOURLY)
    assert np.isfinite(judged.score[299:301]).all()
    assert judged.silence[300] != judged.silence[300]
    _, clean = replay(hourly(value), HOURLY)
    np.testing.assert_allclose(judged.expected[310:], clean.expected[309:], atol=3)


@settings(deadline=None, max_examples=20)
@given(histories())
def test_saved_and_restored_states_go_on_alike(history: tuple[Points, SeriesSettings]) -> None:
    points, series = history
    state, _ = replay(points, series)
    restored = State.from_bytes(state.to_bytes())
    assert restored.to_bytes() == state.to_bytes()
    later = Points(points.start, points.time + 10_000_000, points.value)
    one, judged_one = replay(later, series, state)
    two, judged_two = replay(later, series, restored)
    assert one.to_bytes() == two.to_bytes()
    np.testing.assert_array_equal(judged_one.score, judged_two.score)


@settings(deadline=None)
@given(st.binary(max_size=200), st.integers(0, 2000), st.integers(1, 3))
def test_bad_bytes_are_refused(noise: bytes, cut: int, count: int) -> None:
    good = State.empty(SeriesSettings.uniform(count, step=3600)).to_bytes()
    for bad in (noise, good[: min(cut, len(good) - 1)], good + b"x", good[:8] + b"\xff" + good[9:]):
        with pytest.raises(InputError, match="detector state"):
            State.from_bytes(bad)


def test_wrong_use_is_refused_with_a_sentence() -> None:
    points = hourly(np.ones(3))
    with pytest.raises(InputError, match="backwards at row 2"):
        Points(np.array([0, 3]), np.array([0, 7, 5]), np.ones(3))
    Points(np.array([0, 2, 3]), np.array([0, 7, 5]), np.ones(3))
    with pytest.raises(InputError, match="start must rise"):
        Points(np.array([0, 2]), np.array([0, 7, 8]), np.ones(3))
    with pytest.raises(InputError, match="2 values"):
        Points(np.array([0, 3]), np.array([0, 7, 8]), np.ones(2))
    with pytest.raises(InputError, match="settings of 2"):
        replay(points, SeriesSettings.uniform(2, step=3600))
    with pytest.raises(InputError, match="other steps"):
        replay(points, HOURLY, State.empty(SeriesSettings.uniform(1, step=60)))
    with pytest.raises(InputError, match="between 60 and 86400"):
        SeriesSettings.uniform(1, step=10)


def test_state_of_an_hourly_series_is_small() -> None:
    assert State.empty(SeriesSettings.uniform(1000, step=3600)).nbytes / 1000 <= 2700


def test_the_package_itself_does_not_load_the_compiler() -> None:
    code = "import sys, watchkeeper; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("step", [60, 300, 900, 1800, 3600, 86400])
@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**32 - 1))
def test_the_step_is_found_in_untidy_times(step: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    time = 1_700_000_000 + step * np.arange(200)
    kept = time[rng.random(200) > rng.choice([0.0, 0.3])]
    kept = np.r_[kept, kept[:5], kept[-1] + 50 * step]
    assert find_step(rng.permutation(kept)) == step


def test_the_step_of_irregular_or_tiny_series() -> None:
    assert find_step(np.array([], np.int64)) == 86400
    assert find_step(np.array([5, 5])) == 86400
    assert find_step(np.array([0, 3600])) == 3600
    assert find_step(np.array([0, 1, 2, 3])) == 60
    assert find_step(np.cumsum(np.tile([590, 613, 655, 548, 711], 20))) == 600
