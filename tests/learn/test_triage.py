"""Triage: what answers do to other alerts, and what they leave alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.learn.logs import BEGIN, HOUR, history
from watchkeeper.detect import Judged, Points, SeriesSettings, replay
from watchkeeper.domain.feedback import Answer, Feedback, Label
from watchkeeper.learn import Sight, explain, fold, judge, learn_from, look
from watchkeeper.learn.triage import DEEPEST
from watchkeeper.learn.triage_looks import UP
from watchkeeper.learn.triage_model import CAP, MISS_COST, WRONG, above_for, covariance, learn, prior

DAYS = 240
SPIKES = np.arange(15, DAYS, 9) * 24 + 20
"""Hours of the evening spike: every ninth day (what comes oftener the detector itself soon takes for usual)."""
THREE_A_MONTH = -0.5
DROP = (DAYS - 1) * 24 + 12


def noisy(seed: int = 1) -> tuple[Points, SeriesSettings]:
    """Two siblings with the same harmless spikes, the first with a real drop at the end."""
    rng = np.random.default_rng(seed)
    hours = np.arange(DAYS * 24)
    values = []
    for _ in range(2):
        value = 200 + 20 * np.sin(hours * 2 * np.pi / 24) + rng.normal(0, 2, len(hours))
        value[SPIKES] += rng.normal(60, 2, len(SPIKES))
        values.append(value)
    values[0][DROP : DROP + 6] -= 140
    time = np.tile(BEGIN // 86400 * 86400 + hours * HOUR, 2)
    points = Points(np.array([0, len(hours), 2 * len(hours)]), time, np.concatenate(values))
    return points, SeriesSettings.uniform(2, step=HOUR)


def said(points: Points, number: int, row: int, kind: Answer = Answer.FALSE_ALARM, series: int = 0) -> Feedback:
    at = int(points.time[row])
    return Feedback(id=number, by="ann", given_at=at + HOUR, answer=kind, series=(series,), start=at, end=at + HOUR)


def sight(points: Points, series: SeriesSettings) -> Sight:
    return look(points, replay(points, series)[1], series.step, np.zeros(points.series))


def label(points: Points, row: int, *, is_real: bool = False, number: int = 1) -> Label:
    at = int(points.time[row])
    return Label(start=at, end=at + HOUR, is_real=is_real, is_confirmed=is_real, feedback=number, given_at=at + HOUR)


def test_without_labels_nothing_changes() -> None:
    seen = sight(*noisy())
    learned = learn_from(seen, [])
    rows = np.arange(len(seen.time))
    assert (learned.above(seen, rows) == 0.0).all()
    assert explain(learned, seen, int(SPIKES[5])) is None


@pytest.mark.parametrize("wrong", [0, 1])
def test_after_ten_false_alarms_the_pattern_stops_everywhere_and_a_real_drop_is_told(wrong: int) -> None:
    points, series = noisy()
    plain = judge(points, series, None, THREE_A_MONTH)
    n = int(points.start[1])
    told = [row for row in SPIKES.tolist() if plain.told[row]]
    later = told[10 + wrong :]
    assert len(later) >= 5
    assert plain.told[n + np.array(later)].all()
    log = [said(points, k, row) for k, row in enumerate(told[: 10 + wrong], start=1)]
    if wrong:
        log[4] = said(points, 5, told[4], Answer.REAL)
    found = judge(points, series, fold(log), THREE_A_MONTH, causal=True)
    assert found.told[told[0]], "it was told before anything was said"
    assert not found.told[later].any(), "here"
    # A mistaken answer costs at most one alert on the sibling, of which nobody has said anything.
    assert found.told[n + np.array(later)].sum() <= wrong, "on its sibling"
    assert found.told[DROP : DROP + 6].any(), "the real drop"


def test_one_false_alarm_raises_the_bar_most_for_its_like() -> None:
    points, series = noisy()
    seen = sight(points, series)
    learned = learn_from(seen, [(0, label(points, int(SPIKES[3])))])
    rows = np.array([SPIKES[4], SPIKES[4] + points.start[1], DROP])
    here, sibling, drop = learned.posterior.shift(seen.take(rows))
    assert here < sibling < drop < 0.0
    assert learned.above(seen, rows[2:])[0] < seen.above[DROP]


def test_one_mistaken_answer_does_not_silence_a_copy_and_two_do() -> None:
    points, series = noisy()
    seen = sight(points, series)
    copy = SPIKES[8:9]
    labels = [(0, label(points, int(row), number=k)) for k, row in enumerate(SPIKES[6:8], start=1)]
    reals = [(0, label(points, int(row), is_real=True, number=10 + k)) for k, row in enumerate(SPIKES[:4])]
    assert learn_from(seen, [*reals, labels[0]]).above(seen, copy)[0] < seen.above[copy][0]
    assert learn_from(seen, labels).above(seen, copy)[0] > seen.above[copy][0]


def spiky(sizes: dict[int, float]) -> tuple[Points, SeriesSettings]:
    """Two quiet siblings, the first with spikes of these sizes at these hours."""
    rng = np.random.default_rng(3)
    hours = np.arange(DAYS * 24)
    values = [200 + 20 * np.sin(hours * 2 * np.pi / 24) + rng.normal(0, 2, len(hours)) for _ in range(2)]
    for hour, size in sizes.items():
        values[0][hour] += size
    time = np.tile(BEGIN // 86400 * 86400 + hours * HOUR, 2)
    points = Points(np.array([0, len(hours), 2 * len(hours)]), time, np.concatenate(values))
    return points, SeriesSettings.uniform(2, step=HOUR)


FALSE, SMALLER, LARGER, DIP = 60 * 24 + 3, 100 * 24 + 14, 140 * 24 + 14, 180 * 24 + 14


def test_one_false_alarm_silences_what_is_no_larger_on_its_side_at_any_hour_and_nothing_else() -> None:
    points, series = spiky({FALSE: 60.0, SMALLER: 55.0, LARGER: 140.0, DIP: -55.0})
    seen = sight(points, series)
    rows = np.array([SMALLER, LARGER, DIP])
    assert (seen.above[rows] > 0.0).all(), "all would be told"
    learned = learn_from(seen, [(0, label(points, FALSE))])
    assert (learned.above(seen, rows) > seen.above[rows]).tolist() == [True, False, False]
    reason = explain(learned, seen, SMALLER)
    assert reason is not None
    assert reason.answers == (1,)


def test_what_is_no_more_surprising_only_because_the_band_grew_is_told() -> None:
    points, series = spiky({FALSE: 60.0, LARGER: 140.0})
    seen = sight(points, series)
    seen.above[LARGER] = seen.above[FALSE]
    learned = learn_from(seen, [(0, label(points, FALSE))])
    assert not learned.refusing(seen.take(np.array([LARGER]))).any()
    seen.away[LARGER] = 1.9 * seen.away[FALSE]
    assert learned.refusing(seen.take(np.array([LARGER]))).any()


@pytest.mark.parametrize("is_first", [True, False])
def test_something_real_as_little_takes_the_silence_back(is_first: bool) -> None:
    points, series = spiky({FALSE: 60.0, FALSE + 480: 60.0, SMALLER: 55.0})
    seen = sight(points, series)
    real = label(points, FALSE if is_first else FALSE + 480, is_real=True, number=1 if is_first else 2)
    false = label(points, FALSE + 480 if is_first else FALSE, number=2 if is_first else 1)
    rows = np.array([SMALLER])
    assert learn_from(seen, [(0, false)]).refusing(seen.take(rows)).any()
    assert not learn_from(seen, [(0, real), (0, false)]).refusing(seen.take(rows)).any()


def test_something_real_as_little_surprising_takes_the_silence_back_however_large_it_was() -> None:
    points, series = spiky({FALSE: 60.0, FALSE + 480: 60.0, SMALLER: 55.0})
    seen = sight(points, series)
    real, false = FALSE + 480, label(points, FALSE, number=2)
    seen.away[real] *= 3.0
    seen.above[real] = seen.above[SMALLER]
    rows = np.array([SMALLER])
    assert learn_from(seen, [(0, false)]).refusing(seen.take(rows)).any()
    assert not learn_from(seen, [(0, false), (0, label(points, real, is_real=True))]).refusing(seen.take(rows)).any()


def test_what_was_missed_is_told_when_it_comes_again_as_surprising_and_hardly_smaller() -> None:
    points, series = noisy()
    seen = sight(points, series)
    quiet = np.flatnonzero((seen.series == 0) & (seen.above > -1.5) & (seen.above < -0.5) & (seen.column[:, UP] > 0))
    missed, again = quiet[3], quiet[9]
    seen.above[missed] = -0.8
    for column in (seen.above, seen.away, seen.column):
        column[again] = column[missed]
    learned = learn_from(seen, [(0, label(points, missed, is_real=True))])
    rows = np.array([again])
    assert learned.above(seen, rows)[0] <= seen.above[again]
    seen.away[again] *= 0.45
    assert learned.above(seen, rows)[0] > seen.above[again]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.booleans(), min_size=2, max_size=12), st.integers(0, 9))
def test_what_was_real_is_never_silenced_by_size(answers: list[bool], seed: int) -> None:
    points, series = noisy(seed)
    seen = sight(points, series)
    labels = [(k % 2, label(points, int(SPIKES[k]), is_real=real, number=k)) for k, real in enumerate(answers)]
    learned = learn_from(seen, labels)
    rows = np.flatnonzero(seen.above >= -DEEPEST)
    silenced = learned.refusing(seen.take(rows)).any(axis=1)
    known = learned.posterior.answers
    for row in rows[silenced].tolist():
        alike = known.is_real & (known.looks.series == seen.series[row])
        alike &= (known.looks.column[:, UP] > 0) == bool(seen.column[row, UP] > 0)
        assert not (known.looks.above[alike] <= seen.above[row]).any()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9), st.integers(0, 11))
def test_a_false_alarm_says_nothing_of_what_is_less_than_half_as_large(seed: int, which: int) -> None:
    points, series = noisy(seed)
    seen = sight(points, series)
    largest = int(np.nanargmax(np.where(seen.series == which % 2, seen.away, np.nan)))
    learned = learn_from(seen, [(which % 2, label(points, largest, number=1))])
    rows = np.flatnonzero(seen.above >= -DEEPEST)
    silenced = learned.refusing(seen.take(rows)).any(axis=1)
    assert (seen.away[rows[silenced]] >= learned.posterior.answers.looks.away[0] / 2.0).all()


def test_what_nobody_called_false_is_never_silenced_to_pay_for_more_sensitivity() -> None:
    points, series = noisy()
    seen = sight(points, series)
    quiet = np.flatnonzero((seen.above < -0.5) & (seen.above > -1.5) & (seen.series == 0))[:20]
    labels = [(0, label(points, int(row), is_real=True, number=k)) for k, row in enumerate(quiet, start=1)]
    told = np.flatnonzero(seen.above >= 0.0)
    assert (learn_from(seen, labels).above(seen, told) <= seen.above[told]).all()


def test_a_confirmed_alert_lowers_the_bar_for_its_like_within_limits() -> None:
    points, series = noisy()
    seen = sight(points, series)
    labels = [(0, label(points, int(row), is_real=True, number=k)) for k, row in enumerate(SPIKES[:20])]
    above = learn_from(seen, labels).above(seen, np.arange(len(seen.time)))
    assert (above[SPIKES[20:]] <= 0.0).all()
    assert (above >= -DEEPEST).all()


def test_old_answers_fade_only_if_told_to() -> None:
    points, series = noisy()
    seen = sight(points, series)
    labels = [(0, label(points, int(row), number=k)) for k, row in enumerate(SPIKES[:6])]
    row = SPIKES[10:11]
    now = int(points.time[SPIKES[10]])
    kept = learn_from(seen, labels, until=now).posterior.shift(seen.take(row))
    fresh = learn_from(seen, labels, until=now, half_life_s=1e12).posterior.shift(seen.take(row))
    faded = learn_from(seen, labels, until=now, half_life_s=86400.0).posterior.shift(seen.take(row))
    assert kept == pytest.approx(fresh)
    assert kept[0] < faded[0] < 0.0
    assert abs(faded[0]) < 0.01


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 9), st.permutations(range(6)))
def test_the_order_of_labels_does_not_matter(seed: int, order: list[int]) -> None:
    points, series = noisy(seed)
    seen = sight(points, series)
    labels = [(k % 2, label(points, int(SPIKES[k]), is_real=k == 3, number=k)) for k in range(6)]
    rows = np.arange(0, len(seen.time), 7)
    first = learn_from(seen, labels).above(seen, rows)
    np.testing.assert_array_equal(first, learn_from(seen, [labels[k] for k in order]).above(seen, rows))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 20), st.integers(20, 239))
def test_looks_rest_on_nothing_later(seed: int, cut: int) -> None:
    points, series = history(seed)
    judged = replay(points, series)[1]
    before = look(points, judged, series.step, np.zeros(2))
    changed = Judged(*(np.array(getattr(judged, f)) for f in Judged.__dataclass_fields__))
    late = points.time > points.time[cut]
    for name in ("score", "expected", "upper"):
        getattr(changed, name)[late] += 1.0
    value = np.where(late, points.value * 2, points.value)
    after = look(Points(points.start, points.time, value), changed, series.step, np.zeros(2))
    np.testing.assert_array_equal(before.column[~late], after.column[~late])


def test_a_reason_names_the_answers_and_what_is_alike() -> None:
    points, series = noisy()
    seen = sight(points, series)
    labels = [(0, label(points, int(row), number=k)) for k, row in enumerate(SPIKES[:4], start=1)]
    reason = explain(learn_from(seen, labels), seen, int(SPIKES[6]))
    assert reason is not None
    assert reason.is_quieter
    assert len(reason.answers) >= 3
    assert set(reason.answers) <= {1, 2, 3, 4}
    assert reason.false == len(reason.answers)
    assert reason.sentence.startswith(f"Quieter, because {reason.false} of {reason.false} similar alerts (")
    assert reason.sentence.endswith(") were false alarms.")


def test_the_mode_is_where_the_pull_of_each_answer_is_its_likelihoods_slope() -> None:
    points, series = noisy()
    seen = sight(points, series)
    labels = [(0, label(points, int(row), is_real=k % 3 == 0, number=k)) for k, row in enumerate(SPIKES[:9])]
    posterior = learn_from(seen, labels).posterior
    looks, is_real = posterior.answers.looks, posterior.answers.is_real
    log_odds = prior(looks.above) + covariance(looks, looks) @ posterior.alpha

    def worth(g: float, real: bool) -> float:
        p = WRONG + (1 - 2 * WRONG) / (1 + np.exp(-g))
        return float(np.log(p if real else 1 - p))

    slope = [(worth(g + 1e-5, r) - worth(g - 1e-5, r)) / 2e-5 for g, r in zip(log_odds, is_real.tolist(), strict=True)]
    np.testing.assert_allclose(posterior.alpha, slope, atol=2e-3)
    np.testing.assert_array_equal(learn(posterior.answers).alpha, posterior.alpha)


@given(st.floats(-3, 2))
def test_the_bar_is_where_the_prior_reaches_what_is_needed(above: float) -> None:
    assert prior(np.zeros(1))[0] == -MISS_COST
    assert above_for(prior(np.array([above])))[0] == pytest.approx(above, abs=1e-9)
    assert above_for(np.array([CAP + 1.0]))[0] == np.inf
