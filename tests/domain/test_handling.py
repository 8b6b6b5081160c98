"""How an alert is handled follows from the log of deeds; a mute covers its windows and no more."""

from __future__ import annotations

import pytest

from watchkeeper.domain.errors import InputError
from watchkeeper.domain.handling import Deed, Handling, Mute, care_of
from watchkeeper.domain.times import DAY, HOUR, parse_instant

MONDAY = parse_instant("2026-03-23T22:00", "Europe/Berlin")


def line(number: int, deed: Deed | None = None, **given: object) -> Handling:
    return Handling(id=number, alert=1, by="Ada", at=number, deed=deed, **given)  # type: ignore[arg-type]


def test_the_latest_deed_counts_and_comments_add_up():
    log = [
        line(1, Deed.ASSIGN, owner="shop"),
        line(2, Deed.COMMENT, text="one"),
        line(3, Deed.ASSIGN, owner="search"),
        line(4, Deed.COMMENT, text="two"),
    ]
    care = care_of(log)
    assert care.owner == "search"
    assert [one.text for one in care.comments] == ["one", "two"]
    assert care.acknowledged is None


def test_what_is_taken_back_does_not_count_and_an_undo_can_be_taken_back_too():
    log = [line(1, Deed.ASSIGN, owner="shop"), line(2, Deed.ASSIGN, owner="search"), line(3, undoes=2)]
    assert care_of(log).owner == "shop"
    assert care_of([*log, line(4, undoes=3)]).owner == "search"


def test_a_snooze_ends_by_itself():
    care = care_of([line(1, Deed.SNOOZE, until=100)])
    assert care.is_snoozed(99)
    assert not care.is_snoozed(100)


def test_a_mute_speaks_of_a_series_a_metric_a_tag_or_everything():
    def mute(**given: object) -> Mute:
        return Mute(id=1, by="Ada", made_at=0, start=0, end=HOUR, **given)  # type: ignore[arg-type]

    assert mute().speaks_of(7, "orders", ())
    assert mute(metric="orders").speaks_of(7, "orders", ())
    assert not mute(metric="orders").speaks_of(7, "visits", ())
    assert mute(series=7).speaks_of(7, "orders", ())
    assert not mute(series=7).speaks_of(8, "orders", ())
    assert mute(tag="batch").speaks_of(7, "orders", ("batch", "night"))
    assert not mute(tag="batch").speaks_of(7, "orders", ())


def test_a_mute_that_repeats_follows_the_clock_of_its_zone_over_the_change_to_summer_time():
    every_night = {"start": MONDAY, "end": MONDAY + 4 * HOUR, "repeat": "rrule:FREQ=DAILY", "zone": "Europe/Berlin"}
    mute = Mute(id=1, by="Ada", made_at=0, **every_night)
    after_the_change = parse_instant("2026-03-30T22:30", "Europe/Berlin")
    assert mute.ends_at(MONDAY - 1) is None
    assert mute.ends_at(MONDAY + DAY) == MONDAY + DAY + 4 * HOUR
    assert mute.ends_at(MONDAY + 5 * HOUR) is None
    assert mute.ends_at(after_the_change) == parse_instant("2026-03-31T02:00", "Europe/Berlin")
    assert not mute.is_over(after_the_change)


def test_a_mute_that_cannot_be_is_refused():
    with pytest.raises(InputError, match="ends before it begins"):
        Mute(id=1, by="Ada", made_at=0, start=10, end=10)
    with pytest.raises(InputError, match="repeat 'monthly'"):
        Mute(id=1, by="Ada", made_at=0, start=0, end=10, repeat="monthly")
