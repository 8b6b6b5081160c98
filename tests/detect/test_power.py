"""What detection power promises: bigger, longer and quieter is seen more, and a rule that does as well is named."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from strategies import hourly, noisy_days

from watchkeeper.detect import Points, SeriesSettings, ValueKind, decide, replay
from watchkeeper.detect.inject import Changes, change_stretch, choose_places, lengths_for
from watchkeeper.detect.power import OWN, DetectorPower, Power, measure_power
from watchkeeper.detect.rules import same_hour_last_week, static_limits
from watchkeeper.domain.errors import InputError
from watchkeeper.domain.times import DAY, HOUR, WEEK

HOURLY = SeriesSettings.uniform(1, step=3600)
SIZE = 24 * 7 * 8


def measured(value: np.ndarray, settings: SeriesSettings = HOURLY, **arguments: object) -> Power:
    return measure_power(hourly(value), settings, **{"places": 40, **arguments})  # type: ignore[arg-type]


def shares(detector: DetectorPower, direction: int, length: int) -> dict[float, float]:
    return {one.size: one.share for one in detector.found if (one.direction, one.length_s) == (direction, length)}


@pytest.fixture(scope="module")
def quiet() -> Power:
    return measured(noisy_days(np.random.default_rng(0), SIZE, noise=2.0))


def test_bigger_changes_are_seen_more_often_and_the_biggest_nearly_always(quiet: Power) -> None:
    for detector in (quiet.own, *quiet.rules):
        for length in quiet.lengths_s:
            for direction in (-1, 1):
                by_size = list(shares(detector, direction, length).values())
                assert all(more >= less - 0.15 for less, more in pairwise(by_size)), (detector.name, direction)
                assert by_size[0] < by_size[-1]
    assert shares(quiet.own, 1, HOUR)[max(shares(quiet.own, 1, HOUR))] > 0.9


def test_longer_changes_are_seen_at_least_as_often(quiet: Power) -> None:
    for detector in (quiet.own, *quiet.rules):
        for direction in (-1, 1):
            for shorter, longer in pairwise(quiet.lengths_s):
                for size, share in shares(detector, direction, longer).items():
                    assert share >= shares(detector, direction, shorter)[size]
    assert sum(shares(quiet.own, -1, DAY).values()) > sum(shares(quiet.own, -1, HOUR).values())


def test_a_noisy_series_has_less_power_than_a_quiet_one(quiet: Power) -> None:
    noisy = measured(noisy_days(np.random.default_rng(0), SIZE, noise=12.0))
    for length in quiet.lengths_s:
        for direction in (-1, 1):
            assert sum(shares(noisy.own, direction, length).values()) < sum(
                shares(quiet.own, direction, length).values()
            )


def test_the_delay_lies_between_one_step_and_the_length(quiet: Power) -> None:
    for one in quiet.own.found:
        assert (one.delay_s is None) == (one.share == 0.0)
        if one.delay_s is not None:
            assert HOUR <= one.delay_s <= one.length_s


def test_the_least_size_lies_where_nine_in_ten_are_seen(quiet: Power) -> None:
    for one in quiet.own.least:
        by_size = shares(quiet.own, one.direction, one.length_s)
        if one.size is None:
            assert max(by_size.values()) < 0.9
        else:
            assert max(share for size, share in by_size.items() if size >= one.size) >= 0.9
            assert all(share < 0.9 for size, share in by_size.items() if size < one.size * 0.999)


def test_what_is_seen_is_what_a_replay_of_the_whole_changed_history_sees() -> None:
    """The slow and obvious way: the whole history with one change in it, replayed from its beginning."""
    value = noisy_days(np.random.default_rng(3), SIZE, noise=4.0)
    points = hourly(value)
    power = measure_power(points, HOURLY, places=3, rules=(static_limits(),), seed=5)
    _, judged = replay(points, HOURLY)
    begin = max(
        int(np.flatnonzero(np.isfinite(found.score))[0])
        for found in (judged, static_limits().replay(points, HOURLY)[1])
    )
    changes = Changes(points, HOURLY, judged, begin)
    places = choose_places(points, judged, begin, DAY, 3, 5)
    rng = np.random.default_rng((5, 1))
    stretches = [change_stretch(points, changes, int(place), DAY, rng) for place in places]
    for detector, door in ((power.own, replay), (power.rules[0], static_limits().replay)):
        bar = np.array([detector.bar])
        usual = decide(door(points, HOURLY, None)[1], points, HOURLY, bar)
        for change, (direction, size) in enumerate(changes.changes):
            delays = []
            for stretch in stretches:
                other = value.copy()
                other[stretch.first : stretch.end] = stretch.value[change]
                changed = hourly(other)
                alert = decide(door(changed, HOURLY, None)[1], changed, HOURLY, bar)
                opened = (alert & ~np.r_[False, alert[:-1]]) & ~(usual & ~np.r_[False, usual[:-1]])
                seen = np.flatnonzero(opened[stretch.first : stretch.end])
                delays.append((seen[0] + 1) * HOUR if len(seen) else math.inf)
            for length in power.lengths_s:
                assert shares(detector, direction, length)[size] == np.mean(np.array(delays) <= length)


def test_alerts_are_those_of_the_untouched_history() -> None:
    value = noisy_days(np.random.default_rng(0), SIZE)
    value[[700, 1000]] += 80.0
    points = hourly(value)
    _, judged = replay(points, HOURLY)
    alert = decide(judged, points, HOURLY, np.array([-math.log10(2.0)]))
    power = measured(value, rules=(), false_alerts_per_month=2.0)
    assert power.own.name == OWN
    assert power.own.alerts == int((alert[1:] & ~alert[:-1]).sum()) >= 2
    assert power.own.alerts_per_month == pytest.approx(power.own.alerts / power.months)
    assert power.own.bar == -math.log10(2.0)


def test_a_rule_costs_no_more_than_the_budget_or_the_detector() -> None:
    """Same hour last week answers every change of level twice; its bar is raised until it keeps to the budget."""
    rng = np.random.default_rng(0)
    value = 100 + np.repeat(rng.normal(0, 20, SIZE // 12), 12) + rng.normal(0, 1, SIZE)
    power = measured(value, false_alerts_per_month=0.2)
    for rule in power.rules:
        assert rule.alerts <= max(power.own.alerts, 0.2 * power.months)
        assert rule.bar >= power.own.bar


def test_the_rule_is_named_where_it_does_as_well() -> None:
    timetable = np.tile(np.random.default_rng(0).uniform(50, 150, 168), 10)
    power = measured(timetable)
    assert power.rule in ("same hour last week", "same hour last week, in %")
    best = power.rules[0]
    assert best.need is not None
    assert best.need <= 1.1
    assert best.least_size(-1, HOUR) == 0.02


def test_a_rule_that_sees_nothing_is_not_named() -> None:
    power = measured(noisy_days(np.random.default_rng(0), SIZE), rules=(static_limits(lower=-1e9, upper=1e9),))
    assert power.rule is None
    (blind,) = power.rules
    assert all(one.share == 0.0 and one.delay_s is None for one in blind.found)
    assert blind.need is not None
    assert blind.need > 1.25


def test_limits_find_what_goes_beyond_them_at_once() -> None:
    power = measured(np.full(SIZE, 100.0), rules=(static_limits(lower=85.0, upper=130.0),))
    (limits,) = power.rules
    for length in power.lengths_s:
        assert {size for size, share in shares(limits, -1, length).items() if share == 1.0} >= {0.2, 0.3, 1.0}
        assert all(share == 0.0 for size, share in shares(limits, -1, length).items() if size < 0.15)
        assert all(share == 0.0 for size, share in shares(limits, 1, length).items() if size < 0.3)
    assert {one.delay_s for one in limits.found} == {None, HOUR}


def test_the_same_arguments_give_the_same_answer_and_another_seed_other_places() -> None:
    value = noisy_days(np.random.default_rng(0), SIZE)
    one, two, other = (measured(value, rules=(), seed=seed) for seed in (0, 0, 1))
    assert one == two
    assert one.own.found != other.own.found


def test_places_are_spread_over_the_hours_of_the_week() -> None:
    points = hourly(noisy_days(np.random.default_rng(0), SIZE))
    _, judged = replay(points, HOURLY)
    places = choose_places(points, judged, 24, DAY, 84, 0)
    hours = points.time[places] % WEEK // HOUR
    assert len(set(places.tolist())) == 84
    assert np.bincount(hours // 24, minlength=7).min() >= 10
    assert np.bincount(hours % 24 // 6, minlength=4).min() >= 18
    assert places.min() >= 24
    assert places.max() <= SIZE - 24


def test_only_the_direction_of_interest_is_tried() -> None:
    rises = SeriesSettings.uniform(1, step=3600, direction=1)
    power = measured(noisy_days(np.random.default_rng(0), SIZE), rises, rules=())
    assert power.directions == (1,)
    assert {one.direction for one in power.own.found} == {1}


def changes_of(value: np.ndarray, kind: ValueKind) -> tuple[Changes, np.ndarray]:
    settings = SeriesSettings.uniform(1, step=3600, kind=kind)
    points = hourly(value)
    _, judged = replay(points, settings)
    changes = Changes(points, settings, judged, 48)
    stretch = change_stretch(points, changes, 600, DAY, np.random.default_rng(0))
    return changes, stretch.value


def test_counts_stay_whole_and_never_fall_below_nothing() -> None:
    value = np.random.default_rng(0).poisson(12.0, SIZE).astype(float)
    changes, changed = changes_of(value, ValueKind.COUNT)
    np.testing.assert_array_equal(changed, np.rint(changed))
    assert changed.min() >= 0.0
    np.testing.assert_array_equal(changed[changes.changes.index((-1, 1.0))], 0.0)
    halved = changed[changes.changes.index((-1, 0.5))]
    assert abs(halved.mean() - value[600:624].mean() / 2) < 0.5
    doubled = changed[changes.changes.index((1, 1.0))]
    assert doubled.mean() > 1.5 * value[600:624].mean()


def test_rates_change_in_bands_and_stay_between_nothing_and_all() -> None:
    value = np.random.default_rng(0).beta(20, 60, SIZE)
    changes, changed = changes_of(value, ValueKind.RATE)
    assert changes.in_bands
    assert changed.min() >= 0.0
    assert changed.max() <= 1.0
    place = changes.changes.index((1, 0.5))
    np.testing.assert_allclose(changed[place], np.minimum(value[600:624] + 0.5 * changes.band, 1.0))


def test_a_series_about_zero_changes_in_bands() -> None:
    changes, _ = changes_of(np.random.default_rng(0).normal(0, 1, SIZE), ValueKind.GAUGE)
    assert changes.in_bands
    assert 1.5 < changes.band < 8.0


@pytest.mark.parametrize("step", [60, 300, 1200, 1440, 3600, 28800, 43200, 86400])
def test_lengths_are_whole_steps(step: int) -> None:
    lengths = lengths_for(step)
    assert lengths[0] == step
    assert all(length % step == 0 for length in lengths)
    assert lengths == tuple(sorted(set(lengths)))


def test_a_history_too_short_for_a_rule_leaves_it_out() -> None:
    power = measured(noisy_days(np.random.default_rng(0), 24 * 12), rules=(static_limits(), same_hour_last_week()))
    assert power.left_out == ("same hour last week",)
    assert [rule.name for rule in power.rules] == ["static limits"]


@pytest.mark.parametrize("size", [0, 1, 10, 24])
def test_a_history_too_short_is_refused(size: int) -> None:
    with pytest.raises(InputError, match=r"power: .*(longer|more)"):
        measured(noisy_days(np.random.default_rng(0), size))


def test_a_history_without_any_value_is_refused() -> None:
    with pytest.raises(InputError, match="0 values"):
        measured(np.full(SIZE, np.nan))


def test_impossible_arguments_are_refused() -> None:
    points = hourly(noisy_days(np.random.default_rng(0), 300))
    for budget in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(InputError, match="false alerts a month"):
            measure_power(points, HOURLY, false_alerts_per_month=budget)
    with pytest.raises(InputError, match="places"):
        measure_power(points, HOURLY, places=0)
    two = Points(np.array([0, 1, 2]), np.array([0, 0]), np.zeros(2))
    with pytest.raises(InputError, match="one series"):
        measure_power(two, SeriesSettings.uniform(2, step=3600))


def test_progress_is_told_to_its_end() -> None:
    told: list[tuple[int, int]] = []
    measured(
        noisy_days(np.random.default_rng(0), SIZE), places=5, report=lambda done, total: told.append((done, total))
    )
    assert [done for done, _ in told] == list(range(1, len(told) + 1))
    assert told[-1][0] == told[-1][1] == 5 * 5
