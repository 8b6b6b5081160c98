"""What a new series borrows of similar ones: it knows its week after a day, and every promise of a replay holds."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_tame import Naive
from strategies import noisy_days

from watchkeeper.detect import (
    Borrowed,
    Phase,
    Points,
    SeriesSettings,
    State,
    ValueKind,
    decide,
    lend,
    replay,
)
from watchkeeper.domain.errors import InputError

THURSDAY = 1_699_488_000
COUNTS = SeriesSettings.uniform(1, step=3600, kind=ValueKind.COUNT)


def orders(rng: np.random.Generator, level: np.ndarray, days: int, begin: int = 0) -> np.ndarray:
    """Hourly counts of each level: high at noon, low at night and at weekends."""
    hour = np.arange(24 * days) + begin
    season = (1.3 + np.sin(2 * np.pi * (hour % 24 - 6) / 24)) * np.where(hour // 24 % 7 >= 5, 0.4, 1.0)
    return rng.poisson(level[:, None] * season).astype(float)


def points_of(value: np.ndarray, begin: int = 0) -> Points:
    count, size = value.shape
    time = THURSDAY + 3600 * (begin + np.arange(size))
    return Points(np.arange(count + 1) * size, np.tile(time, count), value.ravel())


def several(count: int, lent: Borrowed | None = None, kind: ValueKind = ValueKind.COUNT) -> SeriesSettings:
    return SeriesSettings.uniform(count, step=3600, kind=kind, borrowed=None if lent is None else (lent,) * count)


def old_ones(count: int, kind: ValueKind = ValueKind.COUNT, days: int = 35) -> State:
    rng = np.random.default_rng(7)
    value = orders(rng, np.exp(rng.normal(5, 1, count)), days)
    return replay(points_of(value), several(count, kind=kind))[0]


@pytest.fixture(scope="module")
def lent() -> Borrowed:
    found = lend(old_ones(12), range(12), is_count=True)
    assert found is not None
    return found


def told(value: np.ndarray, settings_: SeriesSettings, begin: int = 0) -> np.ndarray:
    points = points_of(value, begin)
    _, judged = replay(points, settings_)
    return decide(judged, points, settings_, np.zeros(len(value))).reshape(value.shape)


def test_a_drop_on_the_second_day_is_seen_and_the_first_weekend_is_none(lent: Borrowed) -> None:
    rng = np.random.default_rng(1)
    begin = 2 * 24  # three days before the first weekend
    value = orders(rng, np.full(40, 150.0), 14, begin)
    quiet = told(value, several(40, lent), begin)
    starts = quiet[:, 1:] & ~quiet[:, :-1]
    assert starts[:, 24:].sum() <= 2 * 1.5 * 40 * 13 / 30.4  # about the one a month that was asked for
    dropped = value.copy()
    dropped[:, 24 + 12 : 24 + 15] *= 0.4
    seen = told(np.floor(dropped), several(40, lent), begin)
    assert seen[:, 24 + 12 : 24 + 15].any(axis=1).mean() >= 0.75
    alone = told(np.floor(dropped), several(40), begin)
    assert alone[:, 24 + 12 : 24 + 15].any(axis=1).mean() <= 0.3


def test_alone_a_fall_to_nothing_is_seen_in_the_first_week() -> None:
    value = orders(np.random.default_rng(2), np.full(40, 300.0), 4)
    quiet = told(value, several(40))
    assert (quiet[:, 1:] & ~quiet[:, :-1]).sum() <= 2
    value[:, 24 * 2 + 11 : 24 * 2 + 14] = 0
    assert told(value, several(40))[:, 24 * 2 + 11 : 24 * 2 + 14].any(axis=1).mean() >= 0.9


def test_what_comes_again_and_again_is_not_told_again_and_again() -> None:
    value = orders(np.random.default_rng(2), np.full(8, 300.0), 7)
    value[:, 31::8] = 0
    alert = told(value, several(8))
    assert (alert[:, 1:] & ~alert[:, :-1]).sum(axis=1).max() <= 6


def test_learning_is_said_for_the_whole_first_day(lent: Borrowed) -> None:
    value = orders(np.random.default_rng(3), np.full(3, 150.0), 3)
    _, judged = replay(points_of(value), several(3, lent))
    phase, score = judged.phase.reshape(3, -1), judged.score.reshape(3, -1)
    assert (phase[:, :24] == Phase.LEARNING).all()
    assert np.isnan(score[:, :24]).all()
    assert np.isfinite(score[:, 24:]).all()


def test_another_kind_of_series_goes_on_as_if_it_had_borrowed_nothing(lent: Borrowed) -> None:
    rng = np.random.default_rng(4)
    hour = np.arange(24 * 30)
    nightly = rng.poisson(200 * (1.3 + np.sin(2 * np.pi * (hour % 24 + 6) / 24))).astype(float)[None]
    _, with_it = replay(points_of(nightly), several(1, lent))
    _, without = replay(points_of(nightly), several(1))
    for name in ("expected", "lower", "upper", "score"):
        np.testing.assert_allclose(getattr(with_it, name)[25:], getattr(without, name)[25:], rtol=1e-4, atol=1e-3)


def shares_of_cases(rng: np.random.Generator, count: int, days: int, size: float) -> tuple[np.ndarray, np.ndarray]:
    """(shares, cases): a share with a day in it, of cases with a day and a week in them."""
    cases = 1.0 + orders(rng, np.exp(rng.normal(np.log(size), 0.7, count)), days)
    share = np.exp(rng.normal(np.log(0.05), 0.4, (count, 1))) * (1 + 0.3 * np.sin(np.arange(24 * days) * np.pi / 12))
    return rng.binomial(cases.astype(int), share) / cases, cases


def test_a_rate_borrows_of_rates_that_know_their_cases_however_many_these_are() -> None:
    rng = np.random.default_rng(3)
    value, cases = shares_of_cases(rng, 24, 40, 20_000.0)
    lenders = dataclasses.replace(points_of(value), cases=cases.ravel())
    state, _ = replay(lenders, several(24, kind=ValueKind.RATE))
    shape = lend(state, range(24), is_count=False)
    assert shape is not None
    assert shape.has_cases
    assert Borrowed.from_bytes(shape.to_bytes()).has_cases
    value, cases = shares_of_cases(rng, 20, 14, 600.0)
    told_of = {}
    for name, is_risen in (("quiet", False), ("risen", True)):
        changed = value.copy()
        if is_risen:
            changed[:, 108:111] = np.minimum(
                1.0, np.round(4 * changed[:, 108:111] * cases[:, 108:111]) / cases[:, 108:111]
            )
        points = dataclasses.replace(points_of(changed), cases=cases.ravel())
        settings_ = several(20, shape, kind=ValueKind.RATE)
        _, judged = replay(points, settings_)
        told_of[name] = decide(judged, points, settings_, np.zeros(20)).reshape(20, -1)
    quiet = told_of["quiet"]
    assert (quiet[:, 1:] & ~quiet[:, :-1]).sum() <= 2 * 20 * 14 / 30.4, "where one a month is asked for"
    assert told_of["risen"][:, 108:111].any(axis=1).mean() >= 0.8, "four times as many on the fifth day"


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**32 - 1), st.lists(st.floats(0, 1), max_size=5))
def test_online_equals_replay_and_nothing_looks_ahead(lent: Borrowed, seed: int, cuts: list[float]) -> None:
    rng = np.random.default_rng(seed)
    value = orders(rng, np.exp(rng.normal(4, 1, 20)), 4)
    value[rng.random(value.shape) < 0.05] = np.nan
    both = dataclasses.replace(several(20), borrowed=(None, lent) * 10)
    whole_state, whole = replay(points_of(value), both)
    state, seen = None, []
    size = value.shape[1]
    for first, end in pairwise(sorted({0, size, *(int(cut * size) for cut in cuts)})):
        # What is borrowed counts at the beginning only; later batches need not say it again.
        state, judged = replay(points_of(value[:, first:end], first), both if state is None else several(20), state)
        seen.append(judged.score.reshape(20, -1))
    assert state is not None
    assert state.to_bytes() == whole_state.to_bytes()
    np.testing.assert_array_equal(np.concatenate(seen, axis=1), whole.score.reshape(20, -1))
    later = value.copy()
    later[:, 60:] = rng.normal(size=later[:, 60:].shape)
    _, other = replay(points_of(later), both)
    np.testing.assert_array_equal(other.score.reshape(20, -1)[:, :60], whole.score.reshape(20, -1)[:, :60])


def test_kernel_agrees_with_the_plain_detector() -> None:
    lent = lend(old_ones(6, ValueKind.GAUGE), range(6), is_count=False)
    assert lent is not None
    for seed in range(4):
        value = orders(np.random.default_rng(seed), np.array([100.0]), 30, 24 * seed)
        value[0, 200:203] = 0
        value[0, 300:320] = np.nan
        points = points_of(value, 24 * seed)
        _, judged = replay(points, several(1, lent, ValueKind.GAUGE))
        slow = Naive(3600, lent)
        said = np.array([slow.judge(int(t), float(x)) for t, x in zip(points.time, points.value, strict=True)])
        fast = np.column_stack([judged.expected, judged.lower, judged.upper, judged.score])
        np.testing.assert_allclose(fast, said, rtol=1e-4, atol=1e-3)


def test_it_is_the_same_whoever_lends_first_and_survives_storage(lent: Borrowed) -> None:
    assert Borrowed.from_bytes(lent.to_bytes()).to_bytes() == lent.to_bytes()
    again = lend(old_ones(12), range(11, -1, -1), is_count=True)
    assert again is not None
    assert again.to_bytes() == lent.to_bytes()
    good = lent.to_bytes()
    for bad in (b"", good[:-4], good + b"1234", b"x" + good[1:], good[:8] + b"\xff" + good[9:]):
        with pytest.raises(InputError, match="borrowed profile"):
            Borrowed.from_bytes(bad)


def test_more_lenders_are_worth_more_and_young_or_wild_ones_lend_nothing(lent: Borrowed) -> None:
    one = lend(old_ones(12), [3], is_count=True)
    assert one is not None
    assert (one.lenders, lent.lenders) == (1, 12)
    assert 0 < one.credit < lent.credit < 14
    assert lend(old_ones(4, days=10), range(4), is_count=True) is None
    assert lend(State.empty(several(4)), range(4), is_count=True) is None
    below = -noisy_days(np.random.default_rng(0), 24 * 35)[None]
    assert lend(replay(points_of(below), several(1, kind=ValueKind.GAUGE))[0], [0], is_count=False) is None


def test_only_like_series_may_borrow(lent: Borrowed) -> None:
    with pytest.raises(InputError, match="another step or of another kind"):
        SeriesSettings.uniform(1, step=3600, kind=ValueKind.SUM, borrowed=(lent,))
    with pytest.raises(InputError, match="another step or of another kind"):
        SeriesSettings.uniform(1, step=60, kind=ValueKind.COUNT, borrowed=(lent,))
    with pytest.raises(InputError, match="2 entries in borrowed"):
        SeriesSettings.uniform(1, step=3600, kind=ValueKind.COUNT, borrowed=(lent, None))
