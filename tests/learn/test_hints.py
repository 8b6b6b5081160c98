"""Hints: what answers on one metric say to the others of its owner."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.learn.test_triage import DROP, SPIKES, THREE_A_MONTH, label, noisy, sight
from watchkeeper.domain.feedback import Label
from watchkeeper.learn import Hint, explain, fold, hint_of, judge, learn_from


def hints(count: int, *, is_real: bool = False, seed: int = 1) -> tuple[Hint, ...]:
    """The first spikes of another metric, as their answers leave them."""
    points, series = noisy(seed)
    seen = sight(points, series)
    said = [label(points, int(row), is_real=is_real, number=k) for k, row in enumerate(SPIKES[:count], start=1)]
    found = [hint_of(seen, 0, one) for one in said]
    return tuple(one for one in found if one is not None)


def test_false_alarms_on_one_metric_quieten_their_like_on_another_and_no_real_drop() -> None:
    points, series = noisy(2)
    plain = judge(points, series, None, THREE_A_MONTH)
    told = [judge(points, series, fold([], hints=hints(count)), THREE_A_MONTH).told for count in (0, 5, 20)]
    assert np.array_equal(told[0], plain.told)
    counts = [int(one[SPIKES].sum()) for one in told]
    assert counts[0] > counts[1] >= counts[2]
    assert counts[2] <= counts[0] // 2
    for one in told:
        assert one[DROP : DROP + 6].any()


def test_a_hint_says_less_than_an_answer_on_the_metric_itself() -> None:
    points, series = noisy(2)
    seen = sight(points, series)
    own = [(0, label(points, int(row), number=k)) for k, row in enumerate(SPIKES[:5], start=1)]
    rows = SPIKES[10:]
    of_own = learn_from(seen, own).above(seen, rows)
    of_team = learn_from(seen, [], hints=hints(5)).above(seen, rows)
    assert (of_team > 0).all()
    assert (of_team <= of_own).all()
    assert np.median(of_team) < 0.7 * np.median(of_own)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=12))
def test_hints_alone_tell_nothing_that_the_budget_would_not(answers: list[bool]) -> None:
    points, series = noisy(2)
    heard = [(hints(12, is_real=real)[k], real) for k, real in enumerate(answers)]
    found = judge(points, series, fold([], hints=tuple(one for one, _ in heard)), THREE_A_MONTH)
    plain = judge(points, series, None, THREE_A_MONTH)
    assert (found.bar >= plain.bar).all()
    assert not (found.told & ~plain.told).any()


def test_a_real_alert_elsewhere_speaks_against_false_ones() -> None:
    points, series = noisy(2)
    seen = sight(points, series)
    alone = learn_from(seen, [], hints=hints(6)).above(seen, SPIKES[10:])
    both = learn_from(seen, [], hints=(*hints(6), *hints(6, is_real=True, seed=3))).above(seen, SPIKES[10:])
    assert (both < alone).all()


def test_of_many_hints_the_newest_fifty_count() -> None:
    points, series = noisy(2)
    seen = sight(points, series)
    many = hints(24) + hints(24, seed=3) + hints(24, seed=4)
    newest = tuple(sorted(many, key=lambda one: (one.given_at, one.feedback, one.series)))[-50:]
    assert np.array_equal(
        learn_from(seen, [], hints=many[::-1]).above(seen, SPIKES),
        learn_from(seen, [], hints=newest).above(seen, SPIKES),
    )


def test_a_hint_counts_from_its_answer_on_where_the_past_is_judged_as_it_was() -> None:
    points, series = noisy(2)
    heard = hints(20)
    found = judge(points, series, fold([], hints=heard), THREE_A_MONTH, causal=True)
    plain = judge(points, series, None, THREE_A_MONTH)
    before = points.time < min(one.given_at for one in heard)
    assert np.array_equal(found.bar[before], plain.bar[before])
    assert (found.bar[SPIKES[20:]] > plain.bar[SPIKES[20:]]).all()


def test_the_reason_names_the_answers_of_the_team() -> None:
    points, series = noisy(2)
    seen = sight(points, series)
    learned = learn_from(seen, [], hints=hints(8))
    reason = explain(learned, seen, int(SPIKES[15]))
    assert reason is not None
    assert reason.is_quieter
    assert set(reason.answers) <= set(range(1, 9))
    assert "were false alarms" in reason.sentence


def test_a_window_without_a_score_says_nothing() -> None:
    points, series = noisy(1)
    learning = Label(
        start=int(points.time[0]), end=int(points.time[3]), is_real=False, is_confirmed=False, feedback=1, given_at=0
    )
    assert hint_of(sight(points, series), 0, learning) is None
    with pytest.raises(IndexError):
        hint_of(sight(points, series), 7, learning)
