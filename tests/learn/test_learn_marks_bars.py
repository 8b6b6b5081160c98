"""Knowledge as marks and as bars."""

from __future__ import annotations

import numpy as np
import pytest

from watchkeeper.detect import Mark
from watchkeeper.domain.feedback import Label, SeriesKnowledge, Window
from watchkeeper.learn import bars, marks
from watchkeeper.learn.bars import MARGIN, WIDEST
from watchkeeper.learn.marks import explained

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


# Bars. Values above, above, below, below their expectation.
AT = np.array([0, 10, 20, 30])
VALUES = np.array([5.0, 5, -5, -5])
EXPECTED = np.zeros(4)
SCORES = np.array([2.0, 3, 1, 4])


def label(start: int, end: int, *, is_real: bool, is_confirmed: bool = False) -> Label:
    return Label(start=start, end=end, is_real=is_real, is_confirmed=is_confirmed, feedback=1, given_at=0)


def bar(*labels: Label, base: float = 0.0, score: np.ndarray = SCORES, seen_until: int | None = None) -> list[float]:
    return bars(labels, AT, VALUES, EXPECTED, score, base, seen_until=seen_until).tolist()


def test_without_labels_the_bar_is_the_budgets() -> None:
    assert bar(base=0.3) == [0.3] * 4


def test_a_false_alarm_raises_its_own_direction_to_just_above_its_peak() -> None:
    assert bar(label(0, 20, is_real=False)) == pytest.approx([3 + MARGIN, 3 + MARGIN, 0, 0])
    assert bar(label(20, 30, is_real=False)) == pytest.approx([0, 0, 1 + MARGIN, 1 + MARGIN])
    assert bar(label(0, 40, is_real=False)) == pytest.approx([3 + MARGIN, 3 + MARGIN, 4 + MARGIN, 4 + MARGIN])


def test_a_false_alarm_below_the_bar_changes_nothing() -> None:
    assert bar(label(0, 40, is_real=False), base=9.0) == [9.0] * 4


def test_a_missed_window_lowers_the_direction_of_its_peak_to_just_below_it() -> None:
    assert bar(label(20, 30, is_real=True), base=1.5) == pytest.approx([1.5, 1.5, 1 - MARGIN, 1 - MARGIN])


def test_no_label_takes_the_bar_further_down_than_a_hundred_times_the_budget() -> None:
    assert bar(label(20, 30, is_real=True), base=9.0)[2] == pytest.approx(9 - WIDEST)


def test_positives_beat_negatives() -> None:
    confirmed = label(0, 10, is_real=True, is_confirmed=True)
    assert bar(confirmed, label(0, 20, is_real=False)) == pytest.approx([2 - MARGIN, 2 - MARGIN, 0, 0])
    assert bar(label(0, 20, is_real=False), confirmed) == pytest.approx([2 - MARGIN, 2 - MARGIN, 0, 0])


def test_a_confirmed_alert_does_not_lower_a_bar_it_reaches() -> None:
    assert bar(label(0, 20, is_real=True, is_confirmed=True)) == [0.0] * 4


def test_a_window_without_scores_says_nothing() -> None:
    score = np.array([np.nan, np.nan, 1, 4])
    for is_real in (True, False):
        assert bar(label(0, 20, is_real=is_real), label(90, 99, is_real=is_real), score=score) == [0.0] * 4


def test_what_is_not_seen_yet_is_not_measured_but_a_false_alarm_stays_silent() -> None:
    assert bar(label(0, 20, is_real=False), seen_until=10) == pytest.approx([2 + MARGIN, 3 + MARGIN, 0, 0])
    assert bar(label(20, 40, is_real=True), base=5.0, seen_until=30) == pytest.approx([5, 5, 3, 3])
    assert bar(label(20, 40, is_real=True), base=5.0, seen_until=20) == [5.0] * 4
