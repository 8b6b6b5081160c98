"""What the same day of each month has in common is expected of the next one, and chance is not."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from naive_tame import Naive, date_of

from watchkeeper.detect import Points, SeriesSettings, ValueKind, decide, replay
from watchkeeper.detect.dates import month_slot

BEGIN = date(2023, 1, 1)
FIRST_S = 86400 * (BEGIN - date(1970, 1, 1)).days
DATES = [BEGIN + timedelta(days=k) for k in range(800)]
IS_LAST = np.array([(day + timedelta(days=1)).day == 1 for day in DATES])
IS_FIFTH = np.array([day.day == 5 for day in DATES])
WORKDAYS = np.array([0.75 if day.weekday() >= 5 else 1.0 for day in DATES])
KNOWN_FROM = 130


def judged(value: np.ndarray, kind: ValueKind = ValueKind.COUNT) -> tuple[np.ndarray, np.ndarray]:
    """(expected, alert), float64 and bool [series, days]."""
    count, size = value.shape
    points = Points(np.arange(count + 1) * size, np.tile(FIRST_S + 86400 * np.arange(size), count), value.ravel())
    series = SeriesSettings.uniform(count, step=86400, kind=kind)
    _, found = replay(points, series)
    alert = decide(found, points, series, np.zeros(count))
    return found.expected.reshape(count, size), alert.reshape(count, size)


def sales(seed: int, last: float = 1.0, fifth: float = 1.0) -> np.ndarray:
    level = 400 * WORKDAYS * np.where(IS_LAST, last, 1.0) * np.where(IS_FIFTH, fifth, 1.0)
    return np.random.default_rng(seed).poisson(level, (20, len(DATES))).astype(float)


@given(st.dates(date(1900, 1, 1), date(2300, 1, 1)))
def test_a_day_has_its_place_in_the_month(day: date) -> None:
    clock = 86400 * (day - date(1970, 1, 1)).days
    assert month_slot(clock) == month_slot(clock + 86399) == date_of(clock)


@pytest.mark.parametrize(("last", "fifth"), [(1.6, 1.0), (0.5, 1.0), (1.0, 2.0)])
def test_what_a_day_of_each_month_is_like_is_expected_and_no_alert(last: float, fifth: float) -> None:
    value = sales(1, last, fifth)
    expected, alert = judged(value)
    at = (IS_LAST if fifth == 1.0 else IS_FIFTH) & (np.arange(len(DATES)) >= KNOWN_FROM)
    away = np.abs(value[:, at] / expected[:, at] - 1.0)
    assert np.median(away) < 0.1
    assert alert[:, at].mean() < 0.15


def test_the_end_of_a_month_that_is_like_any_day_is_told_once_it_was_known_to_be_another() -> None:
    value = sales(2, last=0.4)
    day = int(np.flatnonzero(IS_LAST)[20])
    usual = value.copy()
    usual[:, day] = np.random.default_rng(0).poisson(400 * WORKDAYS[day], 20)
    assert not judged(value[:, : day + 1])[1][:, day].mean() > 0.1
    assert judged(usual[:, : day + 1])[1][:, day].mean() > 0.9


def test_one_outage_on_a_fourteenth_teaches_nothing_and_chance_little() -> None:
    value = sales(3)
    quiet, _ = judged(value)
    level = 400 * WORKDAYS
    assert np.mean(np.abs(quiet[:, KNOWN_FROM:] / level[KNOWN_FROM:] - 1.0) > 0.1) < 0.03
    place = DATES.index(date(2024, 3, 14))
    value[:, place] = 0.0
    broken, _ = judged(value)
    following = DATES.index(date(2024, 4, 14))
    np.testing.assert_allclose(broken[:, following], quiet[:, following], rtol=0.1)


def test_kernel_agrees_with_the_plain_detector() -> None:
    value = sales(4, last=1.7)[:3]
    for row in value:
        points = Points(np.array([0, len(row)]), FIRST_S + 86400 * np.arange(len(row)), row)
        _, found = replay(points, SeriesSettings.uniform(1, step=86400))
        slow = Naive(86400)
        said = np.array([slow.judge(int(t), float(x)) for t, x in zip(points.time, row, strict=True)])
        fast = np.column_stack([found.expected, found.lower, found.upper, found.score])
        np.testing.assert_allclose(fast, said, rtol=1e-3, atol=1e-2)
