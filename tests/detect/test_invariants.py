"""The promises of docs/design: online equals replay, no look-ahead, learning is not knowing, missing is not zero."""

from __future__ import annotations

import dataclasses
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import histories, hourly, noisy_days

from watchkeeper.detect import Judged, Mark, Phase, Points, SeriesSettings, State, replay

FIELDS = [f.name for f in dataclasses.fields(Judged)]


def assert_same_judged(a: Judged, b: Judged) -> None:
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)


def part(points: Points, first: list[int], last: list[int]) -> Points:
    """The rows first[s] to last[s] of each series."""
    rows = np.concatenate([np.arange(a, b) for a, b in zip(first, last, strict=True)]).astype(int)
    sizes = [b - a for a, b in zip(first, last, strict=True)]
    return Points(
        np.r_[0, np.cumsum(sizes)],
        points.time[rows],
        points.value[rows],
        local=None if points.local is None else points.local[rows],
        mark=None if points.mark is None else points.mark[rows],
    )


@settings(deadline=None, max_examples=40)
@given(histories(), st.lists(st.floats(0, 1), max_size=6))
def test_online_equals_replay_for_any_split(history: tuple[Points, SeriesSettings], cuts: list[float]) -> None:
    points, series = history
    whole_state, whole = replay(points, series)
    size = np.diff(points.start)
    state: State | None = None
    seen: list[list[tuple[int, Judged, int, int]]] = [[] for _ in size]
    edges = [0.0, *sorted(cuts), 1.0]
    for low, high in pairwise(edges):
        first = [points.start[s] + int(low * n) for s, n in enumerate(size)]
        last = [points.start[s] + int(high * n) for s, n in enumerate(size)]
        batch = part(points, first, last)
        state, judged = replay(batch, series, state)
        for s in range(len(size)):
            seen[s].append((first[s], judged, batch.start[s], batch.start[s + 1]))
    assert state is not None
    assert state.to_bytes() == whole_state.to_bytes()
    for name in FIELDS:
        joined = [getattr(judged, name)[a:b] for pieces in seen for _, judged, a, b in pieces]
        np.testing.assert_array_equal(np.concatenate(joined), getattr(whole, name), err_msg=name)


@settings(deadline=None, max_examples=20)
@given(histories(max_points=60))
def test_one_point_at_a_time_equals_replay(history: tuple[Points, SeriesSettings]) -> None:
    points, series = history
    points, series = part(points, [0], [int(points.start[1])]), SeriesSettings.uniform(1, step=int(series.step[0]))
    whole_state, whole = replay(points, series)
    state = State.empty(series)
    for i in range(len(points.time)):
        state, judged = replay(part(points, [i], [i + 1]), series, state)
        np.testing.assert_array_equal(judged.score[0], whole.score[i])
    assert state.to_bytes() == whole_state.to_bytes()


@settings(deadline=None, max_examples=40)
@given(histories(), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_what_comes_later_changes_no_earlier_judgement(
    history: tuple[Points, SeriesSettings], cut: float, seed: int
) -> None:
    points, series = history
    rng = np.random.default_rng(seed)
    later = np.zeros(len(points.time), bool)
    for a, b in pairwise(points.start):
        later[a + int(cut * (b - a)) : b] = True
    other = Points(
        points.start,
        points.time,
        np.where(later, rng.normal(size=len(later)) * 1e3, points.value),
        local=points.local,
        mark=None
        if points.mark is None
        else np.where(later, rng.integers(0, 16, len(later)), points.mark).astype(np.uint8),
    )
    _, one = replay(points, series)
    _, two = replay(other, series)
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(one, name)[~later], getattr(two, name)[~later], err_msg=name)


@settings(deadline=None, max_examples=40)
@given(histories())
def test_learning_has_no_score_and_watching_has_one(history: tuple[Points, SeriesSettings]) -> None:
    points, series = history
    _, judged = replay(points, series)
    silent = (judged.phase == Phase.LEARNING) | (judged.phase == Phase.MISSING)
    assert np.isnan(judged.score[silent]).all()
    assert np.isfinite(judged.score[~silent]).all()
    assert (judged.lower[~silent] <= judged.expected[~silent]).all()
    assert (judged.expected[~silent] <= judged.upper[~silent]).all()
    for a, b in pairwise(points.start):
        phases = judged.phase[a:b][judged.phase[a:b] != Phase.MISSING]
        assert (phases[:14] == Phase.LEARNING).all()


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(30, 500))
def test_a_gap_is_the_same_as_rows_that_say_missing(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    full = hourly(noisy_days(rng, size))
    hole = rng.random(size) < 0.2
    hole[rng.integers(size) :][:30] = True
    hole[0] = hole[-1] = False
    said = Points(full.start, full.time, np.where(hole, rng.choice([np.nan, np.inf], size), full.value))
    void = Points(full.start, full.time, full.value, mark=np.where(hole, Mark.VOID, Mark.NONE).astype(np.uint8))
    gone = Points(np.array([0, (~hole).sum()]), full.time[~hole], full.value[~hole])
    series = SeriesSettings.uniform(1, step=3600)
    state_said, judged_said = replay(said, series)
    state_void, judged_void = replay(void, series)
    state_gone, judged_gone = replay(gone, series)
    assert state_said.to_bytes() == state_void.to_bytes() == state_gone.to_bytes()
    assert_same_judged(judged_said, judged_void)
    np.testing.assert_array_equal(judged_said.score[~hole], judged_gone.score)


@settings(deadline=None, max_examples=40)
@given(histories(), st.floats(-1e6, 1e6))
def test_the_value_of_what_is_withheld_is_nobodys_business(
    history: tuple[Points, SeriesSettings], other: float
) -> None:
    points, series = history
    assert points.mark is not None
    is_withheld = (points.mark & Mark.WITHHELD) != 0
    is_value = np.isfinite(points.value) & ((points.mark & (Mark.WITHHELD | Mark.VOID)) == 0)
    firsts = [points.value[a:b][is_value[a:b]][:1] for a, b in pairwise(points.start)]
    assume(all(first.all() for first in firsts))  # a zero sets no unit, so that the next value does
    said = Points(
        points.start, points.time, np.where(is_withheld, other, points.value), local=points.local, mark=points.mark
    )
    state, judged = replay(points, series)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys.modules["watchkeeper.detect.replay"], "_STAND_IN", other)
        again, same = replay(said, series)
    assert again.to_bytes() == state.to_bytes()
    assert_same_judged(same, judged)
    assert np.isnan(judged.score[is_withheld]).all()
    assert np.isnan(judged.silence[is_withheld & ((points.mark & Mark.VOID) == 0)]).all()
    assert (judged.phase[is_withheld] == Phase.MISSING).all()


def test_what_is_withheld_is_no_silence_and_teaches_nothing() -> None:
    value = noisy_days(np.random.default_rng(1), 24 * 40)
    series = SeriesSettings.uniform(1, step=3600)
    hidden = slice(24 * 30, 24 * 30 + 40)
    mark = np.zeros(len(value), np.uint8)
    mark[hidden] = Mark.WITHHELD
    gone = slice(hidden.stop, hidden.stop + 12)
    value[gone] = np.nan
    points = hourly(value)
    _, shown = replay(points, series)
    _, missing = replay(hourly(np.where(mark == 0, value, np.nan)), series)
    _, judged = replay(Points(points.start, points.time, value, mark=mark), series)
    # A silence after it begins when nothing came, not when what came was not shown.
    np.testing.assert_allclose(judged.silence[gone], shown.silence[gone], rtol=1e-5)
    assert (missing.silence[gone] > judged.silence[gone] + 3.0).all()
    # Its band is that of a gap, and what comes after it is judged by what was seen before.
    np.testing.assert_allclose(judged.upper[hidden], missing.upper[hidden], rtol=1e-6)
    np.testing.assert_allclose(judged.expected[gone], missing.expected[gone], rtol=1e-6)


def test_what_is_withheld_before_the_first_value_says_nothing() -> None:
    value = noisy_days(np.random.default_rng(2), 24 * 20)
    series = SeriesSettings.uniform(1, step=3600)
    mark = np.zeros(len(value), np.uint8)
    mark[:30] = Mark.WITHHELD
    points = hourly(value)
    state, judged = replay(Points(points.start, points.time, value, mark=mark), series)
    alone = Points(np.array([0, len(value) - 30]), points.time[30:], value[30:])
    assert state.to_bytes() == replay(alone, series)[0].to_bytes()
    assert np.isnan(judged.expected[:30]).all()


def test_missing_is_not_zero() -> None:
    rng = np.random.default_rng(1)
    value = noisy_days(rng, 1000)
    series = SeriesSettings.uniform(1, step=3600)
    zero, gone = value.copy(), value.copy()
    zero[800:806] = 0
    gone[800:806] = np.nan
    assert replay(hourly(zero), series)[1].score[800:806].max() > 2
    judged = replay(hourly(gone), series)[1]
    assert np.isnan(judged.score[800:806]).all()
    assert (judged.phase[800:806] == Phase.MISSING).all()
    assert np.isfinite(judged.expected[800:806]).all()


def test_a_late_point_leads_to_the_state_it_would_have_had_on_time() -> None:
    rng = np.random.default_rng(2)
    full = hourly(noisy_days(rng, 600))
    series = SeriesSettings.uniform(1, step=3600)
    on_time, _ = replay(full, series)
    late = np.ones(600, bool)
    late[400:420] = False
    without = Points(np.array([0, late.sum()]), full.time[late], full.value[late])
    known_before, _ = replay(without, series)
    again, _ = replay(full, series)
    assert known_before.to_bytes() != on_time.to_bytes()
    assert again.to_bytes() == on_time.to_bytes()


def test_the_given_state_is_left_as_it_was() -> None:
    points = hourly(noisy_days(np.random.default_rng(3), 200))
    series = SeriesSettings.uniform(1, step=3600)
    state, _ = replay(points, series)
    before = state.to_bytes()
    replay(hourly(np.full(50, 7.0), start=int(points.time[-1]) + 3600), series, state)
    assert state.to_bytes() == before
    kept, _ = replay(points, series)
    used, _ = replay(hourly(np.full(50, 7.0), start=int(points.time[-1]) + 3600), series, kept, consume=True)
    assert used is kept
    assert used.to_bytes() != before


def test_many_series_on_threads_are_judged_as_each_alone() -> None:
    rng = np.random.default_rng(4)
    value = np.concatenate([noisy_days(rng, 5000) for _ in range(100)])
    one = hourly(value[:5000])
    many = Points(np.arange(101) * 5000, np.tile(one.time, 100), value)
    _, together = replay(many, SeriesSettings.uniform(100, step=3600))
    for s in (0, 49, 50, 99):
        alone = Points(one.start, one.time, value[s * 5000 : (s + 1) * 5000])
        _, judged = replay(alone, SeriesSettings.uniform(1, step=3600))
        np.testing.assert_array_equal(judged.score, together.score[s * 5000 : (s + 1) * 5000])


@settings(deadline=None, max_examples=20)
@given(st.lists(histories(max_points=120), min_size=1, max_size=4), st.floats(0, 1))
def test_series_joined_and_split_again_go_on_as_each_alone(
    several: list[tuple[Points, SeriesSettings]], cut: float
) -> None:
    alone, first, later, counts = [], [], [], []
    for points, series in several:
        size = np.diff(points.start)
        middle = [int(points.start[s] + int(cut * n)) for s, n in enumerate(size)]
        first.append(replay(part(points, list(points.start[:-1]), middle), series)[0])
        points = Points(points.start, points.time, points.value)
        later.append(part(points, middle, list(points.start[1:])))
        alone.append(replay(later[-1], series, first[-1])[0].to_bytes())
        counts.append(points.series)
    together = Points(
        np.cumsum([0, *np.concatenate([np.diff(one.start) for one in later])]),
        np.concatenate([one.time for one in later]),
        np.concatenate([one.value for one in later]),
    )
    names = [f.name for f in dataclasses.fields(SeriesSettings) if f.name != "borrowed"]
    both = SeriesSettings(*(np.concatenate([getattr(series, name) for _, series in several]) for name in names))
    state, _ = replay(together, both, State.join(first), consume=True)
    assert [one.to_bytes() for one in state.split(counts)] == alone
