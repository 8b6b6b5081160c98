"""The ML Test Score as its paper has it."""

from __future__ import annotations

import pytest

from watchkeeper.domain.errors import InputError
from watchkeeper.domain.readiness import SECTIONS, TESTS, Evidence, newest, score, trend


def said(test: str, points: float, at: int = 1) -> Evidence:
    return Evidence(test=test, points=points, at=at, by="ann")


def test_there_are_28_tests_in_four_sections():
    assert [len(tests) for tests in SECTIONS.values()] == [7, 7, 7, 7]
    assert len(TESTS) == 28


def test_the_score_is_the_weakest_section():
    everything = [said(test, 1.0) for test in TESTS]
    assert score(everything, 1).final == 7
    assert score([*everything, said("canary", 0.0, 2)], 2).sections["infrastructure"] == 6
    assert score([one for one in everything if TESTS[one.test][0] != "model"], 1).final == 0
    assert "research project" in score([], 1).meaning
    assert "Exceptional" in score(everything, 1).meaning


def test_the_last_word_counts_and_the_trend_keeps_the_earlier_ones():
    log = [said("skew", 1.0, 1), said("skew", 0.5, 5)]
    assert newest(log, 4)["skew"].points == 1.0
    assert newest(log, 5)["skew"].points == 0.5
    assert [(one.at, one.sections["monitoring"]) for one in trend(log)] == [(1, 1.0), (5, 0.5)]


@pytest.mark.parametrize(("test", "points"), [("luck", 1.0), ("skew", 0.7)])
def test_what_is_no_test_or_no_point_is_refused(test: str, points: float):
    with pytest.raises(InputError):
        said(test, points)
