"""Recurring events learn their own effect: the usual drop is silent, a doubled one is told, and nothing else moves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchkeeper.detect import Points, SeriesSettings, ValueKind
from watchkeeper.domain.errors import InputError
from watchkeeper.domain.feedback import Answer, Feedback
from watchkeeper.domain.recurrence import occurrences
from watchkeeper.domain.times import DAY, HOUR, WEEK, parse_instant
from watchkeeper.learn import Judgement, fold, judge, read_lines

BEGIN = parse_instant("2025-01-06")
WEEKS = 16
SALE = BEGIN + 6 * WEEK + 2 * DAY + 8 * HOUR
LENGTH = 10 * HOUR
TIME = BEGIN + np.arange(WEEKS * 168, dtype=np.int64) * HOUR
kinds = pytest.mark.parametrize("kind", [ValueKind.COUNT, ValueKind.GAUGE])


def orders(drops: dict[int, float], seed: int = 5) -> np.ndarray:
    """Hourly orders; in the k-th occurrence a share is missing, `drops[k]`, or else half."""
    level = 600 + 200 * np.sin(2 * np.pi * TIME / DAY)
    for k in range(WEEKS - 6):
        inside = (TIME - SALE - k * WEEK >= 0) & (TIME - SALE - k * WEEK < LENGTH)
        level[inside] *= 1.0 - drops.get(k, 0.5)
    return np.random.default_rng(seed).poisson(level).astype(float)


def event(number: int = 1, given_at: int = 0) -> Feedback:
    end = SALE + LENGTH
    return Feedback(
        id=number, by="ann", given_at=given_at, answer=Answer.EVENT, series=(0,), start=SALE, end=end, repeat="weekly"
    )


def judged(value: np.ndarray, log: list[Feedback], kind: ValueKind, *, causal: bool = False) -> Judgement:
    points = Points(np.array([0, len(value)]), TIME[: len(value)], value)
    return judge(points, SeriesSettings.uniform(1, step=HOUR, kind=kind), fold(log), 0.0, causal=causal)


def inside(k: int) -> np.ndarray:
    return (TIME - SALE - k * WEEK >= 0) & (TIME - SALE - k * WEEK < LENGTH)


@kinds
def test_the_first_occurrence_is_explained_usual_ones_are_silent_and_a_doubled_drop_is_told(kind: ValueKind) -> None:
    value = orders({7: 0.95})
    assert judged(value, [], kind).told[inside(0)].any()
    found = judged(value, [event()], kind)
    assert found.explained[inside(0)].all()
    for k in (3, 4, 5, 6):
        assert not found.told[inside(k)].any(), k
        assert not found.explained[inside(k)].any()
        ratio = found.judged.expected[inside(k)] / value[inside(k)]
        assert np.median(ratio) == pytest.approx(1.0, abs=0.25)
    assert found.told[inside(7)].any()
    assert not found.told[inside(9)].any(), "one bad occurrence does not spoil what was learned"


@kinds
def test_an_occurrence_without_the_usual_drop_is_told(kind: ValueKind) -> None:
    assert judged(orders({8: -0.6}), [event()], kind).told[inside(8)].any()


@kinds
def test_other_points_are_as_if_the_occurrences_were_plain_events(kind: ValueKind) -> None:
    value = orders({})
    plain = [
        Feedback(id=k + 1, by="a", given_at=0, answer=Answer.EVENT, series=(0,), start=int(t), end=int(t) + LENGTH)
        for k, t in enumerate(range(SALE, int(TIME[-1]), WEEK))
    ]
    outside = ~np.logical_or.reduce([inside(k) for k in range(WEEKS - 6)])
    one, other = judged(value, [event()], kind), judged(value, plain, kind)
    for name in ("expected", "lower", "upper", "score"):
        np.testing.assert_array_equal(getattr(one.judged, name)[outside], getattr(other.judged, name)[outside])
    np.testing.assert_array_equal(one.told[outside], other.told[outside])


@settings(max_examples=15, deadline=None)
@given(st.integers(7 * 168, WEEKS * 168 - 1), st.booleans())
def test_nothing_after_a_point_changes_it(cut: int, causal: bool) -> None:
    log = [event(given_at=SALE + LENGTH)]
    value = orders({})
    other = value.copy()
    other[cut:] *= 3.0
    one, changed, short = (judged(v, log, ValueKind.COUNT, causal=causal) for v in (value, other, value[:cut]))
    for name in ("expected", "lower", "upper", "score"):
        np.testing.assert_array_equal(getattr(one.judged, name)[:cut], getattr(changed.judged, name)[:cut])
        np.testing.assert_array_equal(getattr(one.judged, name)[:cut], getattr(short.judged, name))


def test_undo_leaves_no_trace() -> None:
    value = orders({})
    taken_back = [event(), Feedback(id=2, by="bob", given_at=1, undoes=1)]
    one, other = judged(value, taken_back, ValueKind.COUNT), judged(value, [], ValueKind.COUNT)
    np.testing.assert_array_equal(one.judged.score, other.judged.score)
    np.testing.assert_array_equal(one.told, other.told)


def test_weekly_keeps_the_wall_clock_and_leap_days_come_in_leap_years() -> None:
    start = parse_instant("2025-03-26T09:00", "Europe/Berlin")
    found = occurrences("weekly", "Europe/Berlin", start, start + HOUR, start + 2 * WEEK - HOUR, since=0)
    assert [one.start - start for one in found] == [0, WEEK - HOUR]
    leap = parse_instant("2024-02-29")
    found = occurrences("yearly", "UTC", leap, leap + DAY, parse_instant("2029-01-01"), since=0)
    assert [one.start for one in found] == [leap, parse_instant("2028-02-29")]


def test_holidays_are_whole_days_of_the_place() -> None:
    since, until = parse_instant("2025-03-01"), parse_instant("2025-03-31")
    found = occurrences("holidays:DE-BE", "Europe/Berlin", 0, 1, until, since=since)
    begin = parse_instant("2025-03-08", "Europe/Berlin")
    assert [(one.start, one.end) for one in found] == [(begin, begin + DAY)]
    assert occurrences("holidays:DE", "Europe/Berlin", 0, 1, until, since=since) == ()


@pytest.mark.parametrize("rule", ["monthly", "holidays:XX", "holidays:DE-XX", "holidays:"])
def test_a_rule_that_is_not_known_is_refused(rule: str) -> None:
    line = {"kind": "event", "series": "a", "start": "2025-01-01", "end": "2025-01-02", "given_at": "2025-01-03"}
    with pytest.raises(InputError, match="line 1: repeat"):
        read_lines([line | {"repeat": rule}], {"a": 0})
    with pytest.raises(InputError, match="only an event can repeat"):
        read_lines([line | {"kind": "missed", "repeat": "weekly"}], {"a": 0})
