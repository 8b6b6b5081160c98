"""The feedback benchmark's stream against the product: what was simulated online is what `judge` says afterwards."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.feedback_learners import ThresholdOnly, WithTriage, sight_of
from benchmarks.feedback_stream import Plain, Team, count, stream

from tests.learn.logs import history
from watchkeeper.detect import decide, replay
from watchkeeper.domain.feedback import Answer, Feedback
from watchkeeper.learn import fold, judge


def team(seed: int) -> Team:
    points, series = history(seed, series=4)
    rng = np.random.default_rng(seed)
    windows = tuple([(int(a), int(a) + 4) for a in np.sort(rng.integers(40, 230, 4))[::2]] for _ in range(4))
    return Team(tuple("abcd"), points, series, replay(points, series)[1], windows, 0.0)


@pytest.mark.parametrize("seed", range(6))
def test_without_learning_the_stream_tells_what_decide_says(seed: int) -> None:
    one = team(seed)
    outcome = stream(one, Plain(one), seed)
    np.testing.assert_array_equal(outcome.alert, decide(one.judged, one.points, one.settings, np.zeros(4)))


@pytest.mark.parametrize("seed", range(6))
def test_the_stream_tells_what_judge_says_of_the_same_log(seed: int) -> None:
    one = team(seed)
    outcome = stream(one, WithTriage(one, sight_of(one)), seed)
    assert outcome.answers
    log = [
        Feedback(
            id=number,
            by="operator",
            given_at=label.given_at,
            answer=Answer.REAL if label.is_confirmed else Answer.MISSED if label.is_real else Answer.FALSE_ALARM,
            series=(series,),
            start=label.start,
            end=label.end,
        )
        for number, (series, label) in enumerate(outcome.answers, start=1)
    ]
    found = judge(one.points, one.settings, fold(log), 0.0, causal=True)
    np.testing.assert_array_equal(found.alert, outcome.alert)


def test_an_answer_is_heard_after_the_step_that_it_was_given_in() -> None:
    one = team(1)
    outcome = stream(one, ThresholdOnly(one, sight_of(one)), 1)
    given = [label.given_at for _, label in outcome.answers]
    assert given == sorted(given)
    assert all(label.given_at >= label.end for _, label in outcome.answers)


def test_counting_is_by_hand() -> None:
    one = team(2)
    alert = np.zeros(len(one.points.time), np.bool_)
    windows = [w for w in one.windows[0] if w[1] >= 120]
    alert[[121, 124, 130]] = True  # Three and five points apart: two incidents.
    counts = count(one, alert)
    hits = sum(any(a - 3 <= k <= b for k in (121, 130)) for a, b in windows)
    assert counts.hits == hits
    assert counts.hits + counts.false_alerts <= 2
    assert counts.windows == sum(w[1] >= 120 for windows in one.windows for w in windows)
