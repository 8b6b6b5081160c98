"""Steps, instants and wall clocks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchkeeper.domain.errors import InputError
from watchkeeper.domain.times import (
    DAY,
    HOUR,
    floor_to_step,
    format_duration,
    format_instant,
    local_seconds,
    parse_duration,
    parse_instant,
    parse_step,
    periods,
    wall_clock,
    zone_info,
)

NEW_YORK = "America/New_York"
instants = st.integers(parse_instant("1990-01-01"), parse_instant("2035-01-01"))
zones = st.sampled_from(["UTC", NEW_YORK, "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "Asia/Kathmandu"])


@pytest.mark.parametrize(
    ("text", "seconds"), [("15m", 900), ("1h", 3600), ("1d", 86400), ("90s", 90), (" 5 min ", 300)]
)
def test_durations(text: str, seconds: int):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["36501d", "9" * 20 + "s", "9" * 5_000 + "d"])
def test_a_duration_beyond_a_hundred_years_is_refused(text: str):
    with pytest.raises(InputError, match="36500d at most"):
        parse_duration(text)


@pytest.mark.parametrize(
    "text", ["0001-01-01", "0001-06-01T00:00+14:00", "9999-12-31", "9999-06-01T00:00-12:00", "1899-12-31", "2201-01-01"]
)
@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", NEW_YORK])
def test_a_time_that_no_calendar_is_sure_of_is_refused(text: str, zone: str):
    with pytest.raises(InputError, match="between 1900 and 2200"):
        parse_instant(text, zone)


@pytest.mark.parametrize("text", ["", "h", "1.5h", "1w", "-1h", "7h", "2d", "30s", "0m"])
def test_a_step_that_cannot_be_is_refused_with_an_example(text: str):
    with pytest.raises(InputError, match="for example"):
        parse_step(text)


@pytest.mark.parametrize("zone", ["", "Berlin", "America", "Europe", "../UTC", "x" * 500, "Europe/\0", "\ud800", "a/b"])
def test_a_zone_that_is_none_is_refused_by_its_name(zone: str):
    with pytest.raises(InputError, match="IANA"):
        zone_info(zone)


def test_a_time_without_offset_is_on_the_zones_clock():
    assert format_instant(parse_instant("2013-02-08T12:00", NEW_YORK)) == "2013-02-08T17:00:00Z"
    assert format_instant(parse_instant("2013-02-08T12:00+01:00", NEW_YORK)) == "2013-02-08T11:00:00Z"
    with pytest.raises(InputError, match="2026-11-23T09:00"):
        parse_instant("yesterday")
    with pytest.raises(InputError, match="IANA"):
        parse_instant("2013-02-08", "Mars/Olympus")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(3600, "1 hour"), (5400, "1.5 hours"), (86400 * 2, "2 days"), (60, "1 minute"), (45, "45 seconds")],
)
def test_durations_in_words(seconds: int, text: str):
    assert format_duration(seconds) == text


@given(instants, zones)
def test_local_seconds_are_the_wall_clock(instant: int, zone: str):
    (local,) = local_seconds(np.array([instant]), zone)
    clock = wall_clock(instant, zone)
    assert local % DAY == clock.hour * HOUR + clock.minute * 60 + clock.second
    assert local // DAY == (clock.date() - wall_clock(0, "UTC").date()).days


@given(instants, zones, st.sampled_from([60, 900, HOUR, 6 * HOUR, DAY]))
def test_a_period_starts_on_the_grid_and_holds_the_instant(instant: int, zone: str, step: int):
    start = floor_to_step(instant, step, zone)
    assert start <= instant < start + step + HOUR
    assert floor_to_step(start, step, zone) == start
    assert int(local_seconds(np.array([start]), zone)[0]) % min(step, HOUR) == 0


def test_days_are_days_through_both_changes_of_the_clock():
    for first, last in (("2013-03-08", "2013-03-13"), ("2013-11-01", "2013-11-06")):
        days = periods(parse_instant(first, NEW_YORK), parse_instant(last, NEW_YORK), DAY, NEW_YORK)
        assert [wall_clock(int(day), NEW_YORK).hour for day in days] == [0] * 5
        assert {int(gap) for gap in np.diff(days)} > {DAY}
