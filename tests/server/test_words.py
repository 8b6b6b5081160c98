"""How numbers, times, answers and small lines are said."""

from __future__ import annotations

import math

import pytest

from tests.server.flights import BLIZZARD, METRICS
from watchkeeper.domain.alert import Change, severity_level
from watchkeeper.domain.feedback import Answer, Feedback
from watchkeeper.domain.metric import Kind, Metric
from watchkeeper.domain.times import DAY, HOUR
from watchkeeper.server import spark, words
from watchkeeper.server.receipts import said_lines
from watchkeeper.watch.views import Spark

NEW_YORK = "America/New_York"
GAUGE = Metric(name="g", source="s", query="q", step="1h", kind=Kind.GAUGE)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"),
        (12, "12"),
        (1234567.8, "1,234,568"),
        (12.34, "12.3"),
        (1.0049, "1"),
        (0.01234, "0.0123"),
        (-4.68, "-4.68"),
    ],
)
def test_numbers_have_three_digits_that_matter(value: float, said: str) -> None:
    assert words.number(value, GAUGE) == said


def test_numbers_have_units_and_shares_are_in_percent() -> None:
    assert words.number(1240, METRICS[0]) == "1,240\u00a0flights"
    assert words.number(0.021, METRICS[1]) == "2.1\u00a0%"


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_nothing_is_not_zero(value: float | None) -> None:
    assert words.number(value, GAUGE) == "no data"


def test_a_time_is_on_the_metrics_clock_with_the_exact_one_beside() -> None:
    said = words.when(BLIZZARD, NEW_YORK)
    assert 'datetime="2013-02-08T19:00:00Z"' in said
    assert 'title="2013-02-08 19:00:00 UTC · shown in America/New_York"' in said
    assert said.striptags() == "Fri 8 Feb 2013, 14:00"
    assert words.when(BLIZZARD, NEW_YORK, DAY).striptags() == "Fri 8 Feb 2013"


def test_exact_times_in_a_sentence_are_said_in_words_and_nothing_else_is_markup() -> None:
    said = words.with_times("snoozed by <Ada> until 2026-11-26T22:49:43Z: told then", NEW_YORK)
    assert "&lt;Ada&gt;" in said
    assert said.striptags() == "snoozed by <Ada> until Thu 26 Nov 2026, 17:49: told then"
    assert words.with_times("no time here", NEW_YORK) == "no time here"


def test_a_window_says_its_day_once_and_daily_windows_end_with_their_last_day() -> None:
    assert words.window(BLIZZARD, BLIZZARD + 3 * HOUR, NEW_YORK).striptags().endswith("14:00 – 17:00")
    midnight = BLIZZARD - 14 * HOUR
    assert words.window(midnight, midnight + DAY, NEW_YORK, DAY).striptags() == "Fri 8 Feb 2013"
    assert words.window(midnight, midnight + 2 * DAY, NEW_YORK, DAY).striptags().endswith("Sat 9 Feb 2013")
    assert words.window(midnight, midnight + DAY + 3 * HOUR, NEW_YORK, DAY).striptags().endswith("Sat 9 Feb 2013")


def test_zones_are_said_by_their_letters_where_they_have_some() -> None:
    assert words.zone_word(BLIZZARD, NEW_YORK) == "EST"
    assert words.zone_word(BLIZZARD, "America/Sao_Paulo") == "America/Sao_Paulo"


def test_every_change_has_a_word() -> None:
    assert all(words.change_word(change)[0].isupper() for change in Change)


def test_severity_has_five_levels() -> None:
    assert [severity_level(value) for value in (0, 1, 3, 8, 200)] == [1, 2, 3, 4, 5]


def test_every_answer_has_a_button_and_a_key() -> None:
    assert {word.answer for word in words.ANSWERS} == set(Answer)
    assert [word.key for word in words.ANSWERS] == list("123456")


def test_a_small_line_breaks_where_values_are_missing() -> None:
    lines = spark.draw(Spark(values=(1, 2, None, 3, 4), is_surprising=(False, False, False, True, False)))
    assert lines.usual.count("M") == 2
    assert lines.surprising == ""
    assert len(lines.dots) == 1


@pytest.mark.parametrize("values", [(), (None, None), (5.0,), (2.0, 2.0), (math.nan, 1.0, 2.0)])
def test_a_small_line_of_little_is_drawn_without_failing(values: tuple[float | None, ...]) -> None:
    lines = spark.draw(Spark(values=values, is_surprising=(False,) * len(values)))
    assert "nan" not in lines.usual


def test_silence_is_shaded_in_a_small_line() -> None:
    lines = spark.draw(Spark(values=(1, None, None, 4), is_surprising=(False, True, True, False)))
    ((left, width),) = lines.gaps
    assert 0 < left < left + width < spark.WIDTH


def test_taking_an_undo_back_brings_its_answer_back() -> None:
    said = Feedback(id=1, by="a", given_at=1, answer=Answer.REAL)
    undo = Feedback(id=2, by="a", given_at=2, undoes=1)
    again = Feedback(id=3, by="a", given_at=3, undoes=2)
    assert [line.is_in_force for line in said_lines((said,))] == [True]
    assert [line.is_in_force for line in said_lines((said, undo))] == [False]
    assert [line.is_in_force for line in said_lines((said, undo, again))] == [True]
