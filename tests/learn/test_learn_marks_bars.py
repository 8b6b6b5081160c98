"""Knowledge as marks, and what labels pin in their own windows."""

from __future__ import annotations

import numpy as np
import pytest

from watchkeeper.detect import Mark
from watchkeeper.domain.feedback import Label, SeriesKnowledge, Window
from watchkeeper.learn import marks
from watchkeeper.learn.marks import explained
from watchkeeper.learn.pins import pin
from watchkeeper.learn.triage import DEEPEST, MARGIN

TIME = np.array([0, 10, 20, 20, 30, 40])
VALUE = np.array([1.0, 1, 1, 1, 1, 1])


def window(start: int, end: int, given_at: int = 0) -> Window:
    return Window(start=start, end=end, given_at=given_at)


def test_windows_hold_their_start_and_not_their_end() -> None:
    known = SeriesKnowledge(events=(window(10, 30),), void=(window(30, 40),))
    assert marks(TIME, VALUE, known).tolist() == [0, Mark.EXCLUDED, Mark.EXCLUDED, Mark.EXCLUDED, Mark.VOID, 0]
    assert explained(TIME, known).tolist() == [False, True, True, True, False, False]


def test_marks_of_one_point_add_up() -> None:
    known = SeriesKnowledge(events=(window(0, 50),), restarts=(window(20, 20),), void=(window(40, 50),))
    mark = marks(TIME, VALUE, known)
    assert mark.dtype == np.uint8
    assert mark[2] == Mark.EXCLUDED | Mark.RESTART
    assert mark[3] == Mark.EXCLUDED
    assert mark[5] == Mark.EXCLUDED | Mark.VOID


@pytest.mark.parametrize(("start", "first"), [(-5, 0), (0, 0), (1, 1), (20, 2), (40, 5), (41, None)])
def test_a_level_begins_again_at_the_first_point_from_then_on(start: int, first: int | None) -> None:
    mark = marks(TIME, VALUE, SeriesKnowledge(restarts=(window(start, start),)))
    assert np.flatnonzero(mark).tolist() == ([] if first is None else [first])


def test_a_level_begins_again_at_a_value_not_at_a_missing_or_void_point() -> None:
    value = np.array([1.0, np.nan, 1, 1, 1, 1])
    known = SeriesKnowledge(restarts=(window(5, 5),), void=(window(20, 30),))
    assert marks(TIME, value, known).tolist() == [0, 0, Mark.VOID, Mark.VOID, Mark.RESTART, 0]


def test_bad_data_voids_only_what_was_known_before_it_was_said() -> None:
    known_at = np.array([5, 15, 25, 99, 100, 45])
    known = SeriesKnowledge(void=(window(10, 40, given_at=99),))
    assert np.flatnonzero(marks(TIME, VALUE, known, known_at)).tolist() == [1, 2]
    assert np.flatnonzero(marks(TIME, VALUE, known)).tolist() == [1, 2, 3, 4]


# Pins: what a label says of its own window.
AT = np.array([0, 10, 20, 30])
SCORES = np.array([2.0, 3, 1, 4])


def label(start: int, end: int, *, is_real: bool, is_confirmed: bool = False) -> Label:
    return Label(start=start, end=end, is_real=is_real, is_confirmed=is_confirmed, feedback=1, given_at=0)


def pinned(*labels: Label, base: float = 0.0, score: np.ndarray = SCORES, since: int | None = None) -> list[float]:
    bar = np.full(4, base)
    pin(labels, AT, score, bar, base, since=since)
    return bar.tolist()


def test_without_labels_the_bar_is_the_budgets() -> None:
    assert pinned(base=0.3) == [0.3] * 4


def test_inside_a_false_alarm_no_score_is_enough() -> None:
    assert pinned(label(0, 20, is_real=False)) == [np.inf, np.inf, 0, 0]


def test_a_missed_window_is_told_at_its_peak() -> None:
    assert pinned(label(10, 30, is_real=True), base=4.5) == pytest.approx([4.5, 3 - MARGIN, 4.5, 4.5])


def test_no_label_takes_the_bar_further_down_than_a_hundred_times_the_budget() -> None:
    assert pinned(label(20, 30, is_real=True), base=9.0)[2] == pytest.approx(9 - DEEPEST)


def test_positives_beat_negatives() -> None:
    confirmed = label(0, 10, is_real=True, is_confirmed=True)
    for labels in ((confirmed, label(0, 20, is_real=False)), (label(0, 20, is_real=False), confirmed)):
        assert pinned(*labels) == [0, np.inf, 0, 0]


def test_a_confirmed_alert_does_not_lower_a_bar_it_reaches() -> None:
    assert pinned(label(0, 20, is_real=True, is_confirmed=True)) == [0.0] * 4


def test_a_window_without_scores_looks_for_no_peak() -> None:
    score = np.array([np.nan, np.nan, 1, 4])
    assert pinned(label(0, 20, is_real=True), label(90, 99, is_real=True), score=score) == [0.0] * 4


def test_what_came_before_the_answer_is_left_as_it_was_told() -> None:
    assert pinned(label(0, 20, is_real=False), since=10) == [0, np.inf, 0, 0]
    assert pinned(label(0, 40, is_real=True), base=5.0, since=30) == [5.0] * 4
