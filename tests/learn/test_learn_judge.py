"""Points judged under a log: the promises about undo, confirmed alerts and causality."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tests.learn.logs import (
    BEGIN,
    HOUR,
    MARKING,
    SERIES,
    answer,
    answers,
    assert_same_judged,
    history,
    instants,
    logs,
    undo,
)
from watchkeeper.detect import Points, SeriesSettings, decide, replay, told_score
from watchkeeper.domain.errors import InputError
from watchkeeper.domain.feedback import Answer, Feedback
from watchkeeper.learn import Judgement, fold, judge

seeds = st.integers(0, 30)
forty = settings(max_examples=40, deadline=None)  # The first replay may compile.
twenty_five = settings(max_examples=25, deadline=None)


def assert_same(a: Judgement, b: Judgement, rows: object = slice(None)) -> None:
    assert_same_judged(a.judged, b.judged, rows)
    for name in ("alert", "bar", "explained"):
        np.testing.assert_array_equal(getattr(a, name)[rows], getattr(b, name)[rows], err_msg=name)


def numbered(entry: Feedback, number: int, given_at: int) -> Feedback:
    return Feedback(**{f: getattr(entry, f) for f in entry.__struct_fields__} | {"id": number, "given_at": given_at})


def runs(flag: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.r_[False, flag, False].astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def test_nothing_known_is_replay_and_decide() -> None:
    points, series = history()
    _, judged = replay(points, series)
    for knowledge in (None, fold([]), fold([answer(1, Answer.REAL, 1, 2), undo(2, 1)])):
        found = judge(points, series, knowledge, 0.5)
        assert_same_judged(found.judged, judged)
        np.testing.assert_array_equal(found.alert, decide(judged, points, series, np.full(SERIES, 0.5)))
        np.testing.assert_array_equal(found.told, found.alert)
        assert (found.bar == 0.5).all()


@forty
@given(seeds, logs(), answers(), st.booleans())
def test_feedback_and_its_undo_leave_what_was(seed: int, log: list[Feedback], entry: Feedback, causal: bool) -> None:
    points, series = history(seed)
    now = max((one.given_at for one in log), default=BEGIN)
    grown = [*log, numbered(entry, 100, now), undo(101, 100, now)]
    before = judge(points, series, fold(log), 0.0, causal=causal)
    assert_same(judge(points, series, fold(grown), 0.0, causal=causal), before)


@forty
@given(seeds, st.data())
def test_a_confirmed_alert_still_fires_whatever_is_called_a_false_alarm_later(seed: int, data: st.DataObject) -> None:
    points, series = history(seed)
    first = points.start[0]
    own = judge(points, series, None, 0.0).told[first : points.start[1]]
    assume(own.any())
    begin, end = data.draw(st.sampled_from(runs(own)))
    start, stop = int(points.time[begin]), int(points.time[end - 1]) + 1
    real = Feedback(id=1, by="ann", given_at=0, answer=Answer.REAL, series=(0,), start=start, end=stop)
    later = data.draw(st.lists(answers((Answer.FALSE_ALARM,)), min_size=1, max_size=8))
    later = [numbered(one, 2 + k, 1 + k) for k, one in enumerate(later)]
    told = judge(points, series, fold([real, *later]), 0.0).told
    assert told[begin:end].any()


@forty
@given(seeds, st.data())
def test_a_false_alarm_is_silent_and_a_missed_window_is_told(seed: int, data: st.DataObject) -> None:
    points, series = history(seed)
    judgement = judge(points, series, None, 0.0)
    own = judgement.told[: points.start[1]]
    assume(own.any())
    begin, end = data.draw(st.sampled_from(runs(own)))
    start, stop = int(points.time[begin]), int(points.time[end - 1]) + 1
    assume(points.time[begin - 1] < start)
    assume(end == len(own) or points.time[end] >= stop)
    said = Feedback(id=1, by="ann", given_at=0, answer=Answer.FALSE_ALARM, series=(0,), start=start, end=stop)
    assert not judge(points, series, fold([said]), 0.0).told[begin:end].any()
    peak = float(np.nanmax(judgement.judged.score[begin:end]))
    missed = numbered(said, 2, 1)
    missed = Feedback(**{f: getattr(missed, f) for f in missed.__struct_fields__} | {"answer": Answer.MISSED})
    assert judge(points, series, fold([missed]), peak + 1.0).told[begin:end].any()


@forty
@given(seeds, logs(), answers(), instants())
@example(  # what came later had company on other series, and what came before did not
    19,
    [
        answer(1, Answer.FALSE_ALARM, 50, 51, given_at=BEGIN),
        answer(2, Answer.REAL, 0, 1, given_at=BEGIN + 51 * HOUR),
    ],
    answer(3, Answer.REAL, 0, 1),
    BEGIN + 58 * HOUR,
)
def test_causal_rows_before_an_answer_do_not_know_it(
    seed: int, log: list[Feedback], entry: Feedback, given_at: int
) -> None:
    points, series = history(seed)
    # The new entry comes last in the log whenever it says it was given, so the old ids keep their meaning.
    grown = [*log, numbered(entry, 100, given_at)]
    without = judge(points, series, fold(log), 0.0, causal=True)
    rows = points.time < given_at
    assert_same(judge(points, series, fold(grown), 0.0, causal=True), without, rows)


@forty
@given(seeds, logs(), st.integers(0, 239), st.integers(0, 30))
def test_causal_judgements_rest_on_nothing_later(seed: int, log: list[Feedback], cut: int, other: int) -> None:
    points, series = history(seed, series=1)
    changed = points.value.copy()
    changed[cut + 1 :] = history(other + 100, series=1)[0].value[cut + 1 :]
    knowledge = fold(log)
    was = judge(points, series, knowledge, 0.0, causal=True)
    now = judge(Points(points.start, points.time, changed), series, knowledge, 0.0, causal=True)
    assert_same(now, was, slice(0, cut + 1))


@twenty_five
@given(seeds, logs(MARKING, max_size=4))
def test_causal_is_row_by_row_a_replay_with_what_was_given_by_then(seed: int, log: list[Feedback]) -> None:
    points, series = history(seed, series=1, hours=120)
    found = judge(points, series, fold(log), 0.0, causal=True)
    for row in range(0, 120, 7):
        prefix = Points(np.array([0, row + 1]), points.time[: row + 1], points.value[: row + 1])
        by_then = fold([one for one in log if one.given_at <= points.time[row]])
        naive = judge(prefix, series, by_then, 0.0)
        assert_same_judged(
            type(naive.judged)(*(getattr(naive.judged, f)[-1:] for f in naive.judged.__dataclass_fields__)),
            type(naive.judged)(*(getattr(found.judged, f)[row : row + 1] for f in naive.judged.__dataclass_fields__)),
        )
        assert found.told[row] == naive.told[row]


@twenty_five
@given(seeds, logs(MARKING), st.booleans())
def test_without_labels_series_are_judged_alone(seed: int, log: list[Feedback], causal: bool) -> None:
    points, series = history(seed)
    both = judge(points, series, fold(log), 0.0, causal=causal)
    for place in range(SERIES):
        rows = slice(int(points.start[place]), int(points.start[place + 1]))
        one = Points(np.array([0, rows.stop - rows.start]), points.time[rows], points.value[rows])
        settings_ = SeriesSettings.uniform(1, step=HOUR)
        alone = judge(one, settings_, fold(log), 0.0, ids=(place,), causal=causal)
        assert_same_judged(alone.judged, type(both.judged)(*(getattr(both.judged, f)[rows] for f in vars(both.judged))))
        np.testing.assert_array_equal(alone.alert, both.alert[rows])


def test_an_event_explains_its_alert_and_keeps_the_score() -> None:
    points, series = history(3)
    plain = judge(points, series, None, 0.0)
    begin, end = runs(plain.told[: points.start[1]])[0]
    hour = (int(points.time[begin]) - BEGIN) // HOUR
    event = answer(1, Answer.EVENT, hour, hour + (end - begin) * 3)
    found = judge(points, series, fold([event]), 0.0)
    assert found.judged.score[begin] == plain.judged.score[begin]
    assert found.alert[begin]
    assert found.explained[begin]
    assert not found.told[begin:end].any()


def test_a_corrected_value_counts_again() -> None:
    points, series = history(3)
    bad = answer(1, Answer.BAD_DATA, 100, 110, given_at=500)
    known_at = np.zeros(len(points.time), np.int64)
    void = judge(points, series, fold([bad]), 0.0, known_at=known_at)
    rows = (points.time >= BEGIN + 100 * HOUR) & (points.time < BEGIN + 110 * HOUR)
    rows[points.start[1] :] = False
    assert rows.any()
    assert np.isnan(void.judged.score[rows]).all()
    assert np.isfinite(void.judged.expected[rows]).all()
    assert void.explained[rows].all()
    corrected = judge(points, series, fold([bad]), 0.0, known_at=known_at + 500)
    assert_same_judged(corrected.judged, judge(points, series, None, 0.0).judged)


def test_a_budget_may_differ_between_series() -> None:
    points, series = history()
    found = judge(points, series, None, np.array([0.0, 99.0]))
    assert found.told[: points.start[1]].any()
    assert not found.told[points.start[1] :].any()


def test_many_answers_are_judged_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    points, series = history(2)
    log = [answer(k, Answer.EVENT, 10 * k, 10 * k + 5, series=(0, 1), given_at=BEGIN + k * 10 * HOUR) for k in range(9)]
    whole = judge(points, series, fold(log), 0.0, causal=True)
    monkeypatch.setattr(sys.modules["watchkeeper.learn.judge"], "POINTS_AT_ONCE", 50)
    assert_same(judge(points, series, fold(log), 0.0, causal=True), whole)


def test_wrong_lengths_are_refused_by_name() -> None:
    points, series = history()
    with pytest.raises(InputError, match="base_bar: give one number or one per series"):
        judge(points, series, None, np.zeros(3))
    with pytest.raises(InputError, match="ids: give one per series"):
        judge(points, series, None, 0.0, ids=(1,))


def wild(seed: int = 2) -> tuple[Points, SeriesSettings]:
    """Three weeks of a wild hourly series, bursts and all, that the calibrated channel does not speak of."""
    rng = np.random.default_rng(seed)
    value = 50.0 + np.cumsum(rng.normal(0.0, 1.0, 504)) + np.exp(rng.normal(0.0, 1.5, 504))
    value[400] += 400.0
    time = BEGIN + np.arange(504) * HOUR
    return Points(np.array([0, 504]), time, value), SeriesSettings.uniform(1, step=HOUR)


def test_a_false_alarm_silences_what_one_point_far_out_raised_and_undo_brings_it_back() -> None:
    points, series = wild()
    plain = judge(points, series, None, 0.0)
    told = told_score(plain.judged, points)
    alone = [(a, b) for a, b in runs(plain.told) if np.nanmax(plain.judged.score[a:b]) < 0.0]
    assert alone, "the series shows nothing: choose another seed"
    for begin, end in alone:
        assert np.nanmax(told[begin:end]) >= 0.0
        label = answer(1, Answer.FALSE_ALARM, begin, end)
        assert not judge(points, series, fold([label]), 0.0).told[begin:end].any()
        assert_same(judge(points, series, fold([label, undo(2, 1)]), 0.0), plain)
