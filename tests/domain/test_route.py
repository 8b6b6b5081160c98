"""A route fits what it names, and opens on the clock of its zone."""

from __future__ import annotations

import pytest

from watchkeeper.domain.errors import ConfigError
from watchkeeper.domain.metric import Metric
from watchkeeper.domain.route import Day, Route
from watchkeeper.domain.times import format_instant, parse_instant

ORDERS = Metric(name="orders-web", source="shop", query="q", step="1h", tags=("critical",), owner="checkout")


def route(**given: object) -> Route:
    return Route(name="r", channels=("pager",), **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "fits"),
    [
        ({}, True),
        ({"owner": ("checkout", "search")}, True),
        ({"owner": ("search",)}, False),
        ({"tags": ("critical",)}, True),
        ({"tags": ("batch",)}, False),
        ({"metrics": ("orders-*",)}, True),
        ({"metrics": ("visits",)}, False),
        ({"severity": "strong"}, True),
        ({"severity": "extreme"}, False),
        ({"owner": ("checkout",), "tags": ("batch",)}, False),
    ],
)
def test_everything_that_is_named_must_fit(given: dict[str, object], fits: bool):
    assert route(**given).fits(ORDERS, {"checkout"}, 3) is fits


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-03-27T12:00", "2026-03-27T12:00"),  # Friday noon: open
        ("2026-03-27T18:00", "2026-03-30T08:00"),  # the end is not in it; Monday, on summer time by then
        ("2026-03-30T07:59", "2026-03-30T08:00"),
    ],
)
def test_working_hours_over_a_weekend_with_a_change_of_the_clock(now: str, opens: str):
    berlin = "Europe/Berlin"
    work = route(hours="08:00-18:00", days=tuple(Day)[:5], timezone=berlin)
    assert format_instant(work.opens_at(parse_instant(now, berlin))) == format_instant(parse_instant(opens, berlin))


def test_a_night_belongs_to_the_day_on_which_it_begins():
    night = route(hours="22:00-06:00", days=(Day.FRI,))
    assert night.opens_at(parse_instant("2026-03-28T05:00")) == parse_instant("2026-03-28T05:00")
    assert night.opens_at(parse_instant("2026-03-28T06:00")) == parse_instant("2026-04-03T22:00")


@pytest.mark.parametrize("given", [{"severity": "loud"}, {"hours": "8-18"}, {"hours": "08:00-08:00"}])
def test_what_makes_no_sense_is_refused(given: dict[str, str]):
    with pytest.raises(ConfigError, match=r"use one of|write them"):
        route(**given)
