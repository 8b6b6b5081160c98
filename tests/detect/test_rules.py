"""Simple rules keep the promises of `replay` (causal, the same online, calibrated), and compare with what they say."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import histories, hourly

from watchkeeper.detect import Judged, Mark, Phase, Points, SeriesSettings, decide
from watchkeeper.detect.rules import CERTAIN, Rule, recent_z_score, same_hour_last_week, static_limits
from watchkeeper.domain.errors import InputError
from watchkeeper.domain.times import MONTH, local_seconds

WEEKLY, WEEKLY_SHARE, LEARNED, WINDOW = (
    same_hour_last_week(),
    same_hour_last_week(relative=True),
    static_limits(),
    recent_z_score(),
)
GIVEN = static_limits(lower=-5.0, upper=50.0)
LEARNING_RULES = [LEARNED, WEEKLY, WEEKLY_SHARE, WINDOW]
RULES = [*LEARNING_RULES, GIVEN]
HOURLY = SeriesSettings.uniform(1, step=3600)
WEEK = 24 * 7
FIELDS = ("expected", "lower", "upper", "score", "phase")

any_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
any_learning_rule = pytest.mark.parametrize("rule", LEARNING_RULES, ids=lambda rule: rule.name)


def judged_by(rule: Rule, points: Points, series: SeriesSettings = HOURLY) -> Judged:
    return rule.replay(points, series)[1]


def part(points: Points, rows: slice) -> Points:
    """Some rows of a history of one series."""
    return Points(
        np.array([0, len(points.time[rows])]),
        points.time[rows],
        points.value[rows],
        local=None if points.local is None else points.local[rows],
        mark=None if points.mark is None else points.mark[rows],
    )


def one_of(history: tuple[Points, SeriesSettings]) -> tuple[Points, SeriesSettings]:
    """The first series of a drawn history."""
    points, series = history
    return part(points, slice(0, int(points.start[1]))), SeriesSettings.uniform(
        1, step=int(series.step[0]), kind=int(series.kind[0])
    )


@any_rule
@given(history=histories(), data=st.data())
@settings(deadline=None, max_examples=25)
def test_what_comes_later_changes_nothing_before(
    rule: Rule, history: tuple[Points, SeriesSettings], data: st.DataObject
) -> None:
    points, series = one_of(history)
    cut = data.draw(st.integers(0, len(points.time)))
    other = points.value.copy()
    other[cut:] = data.draw(st.sampled_from([math.nan, 0.0, -1e9, 1e9]))
    changed = Points(points.start, points.time, other, local=points.local, mark=points.mark)
    before, after = judged_by(rule, points, series), judged_by(rule, changed, series)
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(before, name)[:cut], getattr(after, name)[:cut])


@any_rule
@given(history=histories(), data=st.data())
@settings(deadline=None, max_examples=25)
def test_step_by_step_is_the_same_as_at_once(
    rule: Rule, history: tuple[Points, SeriesSettings], data: st.DataObject
) -> None:
    points, series = one_of(history)
    cut = data.draw(st.integers(0, len(points.time)))
    whole_state, whole = rule.replay(points, series)
    first_state, first = rule.replay(part(points, slice(0, cut)), series)
    kept = first_state.copy()
    second_state, second = rule.replay(part(points, slice(cut, None)), series, first_state)
    for name in FIELDS:
        joined = np.concatenate([getattr(first, name), getattr(second, name)])
        np.testing.assert_array_equal(getattr(whole, name), joined)
    for name in ("number", "place", "ring_time", "ring_value", "tail"):
        np.testing.assert_array_equal(getattr(whole_state, name), getattr(second_state, name))
        np.testing.assert_array_equal(getattr(kept, name), getattr(first_state, name))


@any_rule
@given(history=histories())
@settings(deadline=None, max_examples=25)
def test_series_do_not_touch_each_other(rule: Rule, history: tuple[Points, SeriesSettings]) -> None:
    points, series = history
    together = judged_by(rule, points, series)
    for place in range(points.series):
        rows = slice(int(points.start[place]), int(points.start[place + 1]))
        alone = judged_by(
            rule, part(points, rows), SeriesSettings.uniform(1, step=int(series.step[0]), kind=int(series.kind[0]))
        )
        for name in FIELDS:
            np.testing.assert_array_equal(getattr(together, name)[rows], getattr(alone, name))


@any_learning_rule
@given(history=histories())
@settings(deadline=None, max_examples=25)
def test_learning_is_not_knowing_and_missing_is_not_zero(rule: Rule, history: tuple[Points, SeriesSettings]) -> None:
    points, series = one_of(history)
    judged = judged_by(rule, points, series)
    is_void = np.zeros(len(points.time), bool) if points.mark is None else (points.mark & Mark.VOID) != 0
    is_missing = ~np.isfinite(points.value) | is_void
    np.testing.assert_array_equal(judged.phase == Phase.MISSING, is_missing)
    np.testing.assert_array_equal(np.isfinite(judged.score), judged.phase == Phase.WATCHING)
    assert np.isnan(judged.silence).all()


def mean_of_past(points: Points, row: int) -> float:
    past = points.value[:row]
    return float(past.mean()) if row >= 2 else math.nan


def mean_of_14_days(points: Points, row: int) -> float:
    past = points.value[:row][points.time[:row] >= points.time[row] - 14 * 86400]
    return float(past.mean()) if len(past) >= 2 else math.nan


def value_a_week_ago(points: Points, row: int) -> float:
    clock = points.time if points.local is None else points.local
    earlier = np.flatnonzero(clock[:row] // 3600 == clock[row] // 3600 - WEEK)
    return float(points.value[earlier[-1]]) if len(earlier) else math.nan


@pytest.mark.parametrize(
    ("rule", "reference"),
    [(LEARNED, mean_of_past), (WINDOW, mean_of_14_days), (WEEKLY, value_a_week_ago), (WEEKLY_SHARE, value_a_week_ago)],
    ids=lambda one: getattr(one, "name", ""),
)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_what_is_expected_is_what_the_rule_says(
    rule: Rule, reference: Callable[[Points, int], float], zone: str
) -> None:
    rng = np.random.default_rng(1)
    kept = np.flatnonzero(rng.random(24 * 7 * 7) > 0.1)
    time = 1_711_000_000 // 3600 * 3600 + 3600 * kept  # ten days before clocks in Berlin go forward
    points = Points(np.array([0, len(time)]), time, rng.normal(1e6, 10.0, len(time)), local=local_seconds(time, zone))
    judged = judged_by(rule, points)
    expected = np.array([reference(points, row) for row in range(len(time))])
    np.testing.assert_allclose(judged.expected, expected, rtol=1e-9)


@any_learning_rule
@pytest.mark.parametrize("asked", [0.5, 1.0, 4.0])
@pytest.mark.parametrize("step", [3600, 1800])
def test_false_alerts_on_noise_are_about_as_many_as_asked_for(rule: Rule, asked: float, step: int) -> None:
    rng = np.random.default_rng(0)
    size, count = 120 * 86400 // step, 24
    value = rng.normal(100, 5, size * count)
    points = Points(np.arange(count + 1) * size, np.tile(1_700_000_000 + step * np.arange(size), count), value)
    series = SeriesSettings.uniform(count, step=step)
    alert = decide(judged_by(rule, points, series), points, series, np.full(count, -math.log10(asked)))
    alert = alert.reshape(count, size)[:, size // 4 :]
    opened = (alert[:, 1:] & ~alert[:, :-1]).sum()
    months = count * 0.75 * size * step / MONTH
    assert asked / 2 < opened / months < 2 * asked


@any_learning_rule
def test_the_further_out_the_higher_the_score(rule: Rule) -> None:
    value = np.random.default_rng(0).normal(100, 5, WEEK * 6)
    scores = []
    for away in (20.0, 40.0, 80.0):
        for side in (-1, 1):
            value[-1] = 100 + side * away
            scores.append(judged_by(rule, hourly(value)).score[-1])
    up, down = scores[1::2], scores[0::2]
    assert up[0] < up[1] < up[2]
    assert down[0] < down[1] < down[2]
    assert min(up[2], down[2]) > 2.0


def test_learned_limits_find_the_value_that_left_them_and_nothing_else() -> None:
    value = 100 + 30 * np.sin(2 * np.pi * np.arange(WEEK * 6) / 24)
    value[900] = 200.0
    judged = judged_by(LEARNED, hourly(value))
    assert np.flatnonzero(judged.score > 1.0).tolist() == [900]
    assert judged.lower[900] < 70 < 130 < judged.upper[900] < 200


def test_a_value_unusual_for_its_hour_is_seen_by_the_week_and_not_by_limits() -> None:
    rng = np.random.default_rng(0)
    value = 100 + 50 * np.sin(2 * np.pi * np.arange(WEEK * 6) / 24) + rng.normal(0, 1, WEEK * 6)
    night = 900 // 24 * 24 + 18
    value[night] = 120.0
    assert judged_by(WEEKLY, hourly(value)).score[night] > 2.0
    assert judged_by(LEARNED, hourly(value)).score[night] < 0.0


def test_given_limits_hold_from_the_first_point_whatever_the_budget() -> None:
    points = hourly(np.array([60.0, 10.0, -6.0, np.nan, 50.0]))
    judged = judged_by(GIVEN, points)
    np.testing.assert_array_equal(judged.score, [CERTAIN, -CERTAIN, CERTAIN, math.nan, -CERTAIN])
    for budget in (0.01, 1.0, 100.0):
        alert = decide(judged, points, HOURLY, np.array([-math.log10(budget)]))
        assert alert.tolist() == [True, False, True, True, False]
    only_rises = SeriesSettings.uniform(1, step=3600, direction=1)
    assert decide(judged, points, only_rises, np.array([0.0])).tolist() == [True, False, False, False, False]
    above = judged_by(static_limits(upper=50.0), points)
    assert above.score[0] == CERTAIN
    assert above.score[2] == -CERTAIN


@any_learning_rule
def test_an_excluded_value_teaches_nothing(rule: Rule) -> None:
    value = np.random.default_rng(0).normal(100, 5, WEEK * 5)
    mark = np.zeros(len(value), np.uint8)
    mark[-2] = Mark.EXCLUDED
    points = hourly(value)
    other = value.copy()
    other[-2] = 1e6
    one, two = (judged_by(rule, Points(points.start, points.time, column, mark=mark)) for column in (value, other))
    assert two.score[-2] > 3.0
    assert one.score[-1] == two.score[-1]


def test_a_restart_forgets_the_level() -> None:
    value = np.r_[np.full(WEEK * 3, 100.0), np.full(WEEK * 2, 500.0)]
    mark = np.zeros(len(value), np.uint8)
    mark[WEEK * 3] = Mark.RESTART
    points = hourly(value)
    marked = Points(points.start, points.time, points.value, mark=mark)
    for rule in (LEARNED, WINDOW, WEEKLY):
        judged = judged_by(rule, marked)
        after = judged.score[WEEK * 3 :]
        assert np.isnan(after[0])
        assert np.nanmax(after) < 0.0
        assert judged.expected[-1] == pytest.approx(500.0)


@pytest.mark.parametrize("limits", [{"lower": 2.0, "upper": 1.0}, {"upper": math.nan}, {"lower": -math.inf}])
def test_limits_that_cannot_be_are_refused(limits: dict[str, float]) -> None:
    with pytest.raises(InputError, match="static limits"):
        static_limits(**limits)


def test_a_state_of_another_rule_or_series_is_refused() -> None:
    points = hourly(np.zeros(3))
    state, _ = WEEKLY.replay(points, HOURLY)
    with pytest.raises(InputError, match="another rule"):
        WINDOW.replay(points, HOURLY, state)
    with pytest.raises(InputError, match="other series"):
        WEEKLY.replay(points, SeriesSettings.uniform(1, step=60), state)
    with pytest.raises(InputError, match="settings of 2"):
        WEEKLY.replay(points, SeriesSettings.uniform(2, step=3600))
