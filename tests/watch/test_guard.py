"""From the first bad point to the flipped flag in one tick, and slowly back; for real, on the shop."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.watch import shop
from watchkeeper.domain.alert import Change, Status
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.errors import ConfigError, InputError, NotFoundError
from watchkeeper.domain.feedback import Answer
from watchkeeper.domain.times import DAY, HOUR
from watchkeeper.flags import Standing
from watchkeeper.watch.service import Watchkeeper
from watchkeeper.watch.views import Draft

FLAG = """
flags:
  ranking:
    title: Smart ranking
    runbook: https://wiki.example/ranking
    variants: {{model: true, basic: false}}
    default: model
    fallback: basic
    guard:
      mode: {mode}
      hold_off: 12h
      trips:
        - {trip}
"""
ON_ALERT = "{metric: orders, direction: down}"


def watch(home: Path, now: int, mode: str = "act", trip: str = ON_ALERT) -> Watchkeeper:
    """The service with a flag; the shop's people answer a minute after `now`."""
    service = shop.open_service(home, now)
    both = shop.CONFIG.format(shop=home / "shop.db", told=home / "told.txt") + FLAG.format(mode=mode, trip=trip)
    service.apply(parse_config(both), "tester")
    return service


def serving(service: Watchkeeper) -> str:
    return service.flags.evaluate("ranking", {}).variant


def test_one_tick_from_the_bad_point_to_the_fallback_and_back_after_the_hold_off(home: Path):
    with watch(home, shop.DROP + DAY) as service:
        service.run_until(shop.DROP)
        assert serving(service) == "model"
        service.run_until(shop.DROP + HOUR)
        assert serving(service) == "basic"
        alert = service.inbox(show="all", order="newest").lines[0].alert
        page = service.alert_page(alert.id)
        assert any(one.transition.change is Change.FLIPPED for one in page.history)
        told = (home / "told.txt").read_text()
        assert "Flag Smart ranking now serves basic to everybody" in told
        assert "https://wiki.example/ranking" in told
        end = shop.DROP + shop.DROP_HOURS * HOUR
        changes = []
        for hour in range(2, 48):
            service.run_until(shop.DROP + hour * HOUR)
            changes.append(serving(service))
        back = changes.index("model")
        assert shop.DROP + (back + 2) * HOUR - end >= 12 * HOUR
        assert set(changes[back:]) == {"model"}
        assert [one.what for one in service.flags.page("ranking").changes] == ["returned", "tripped", "configured"]


def test_a_tick_told_twice_does_nothing_twice(home: Path):
    with watch(home, shop.DROP + DAY) as service:
        service.run_until(shop.DROP + HOUR)
        service.run_until(shop.DROP + HOUR)
        assert len(service.flags.page("ranking").changes) == 2
        assert (home / "told.txt").read_text().count("now serves basic") == 1
    with watch(home, shop.DROP + DAY) as again:  # a restart remembers
        assert serving(again) == "basic"


def test_a_false_alarm_lets_it_return(home: Path):
    with watch(home, shop.DROP + HOUR) as service:
        service.run_until(shop.DROP + HOUR)
        alert = service.inbox(show="all", order="newest").lines[0].alert
        service.answer(Draft(answer=Answer.FALSE_ALARM, by="ann", alert=alert.id))
        for hour in range(1, 16):
            service.run_until(shop.DROP + HOUR + hour * HOUR)
        assert service.flags.lines()[0].state.standing is Standing.SERVING


def test_observing_and_asking_serve_the_model(home: Path):
    with watch(home, shop.DROP + HOUR, mode="observe") as service:
        service.run_until(shop.DROP + HOUR)
        assert serving(service) == "model"
        assert "it would have served basic" in service.flags.lines()[0].sentence
        with pytest.raises(InputError, match="asks nothing"):
            service.flags.answer("ranking", is_yes=True, by="ann")


def test_a_question_is_answered_with_yes(home: Path):
    with watch(home, shop.DROP + HOUR, mode="ask") as service:
        service.run_until(shop.DROP + HOUR)
        assert serving(service) == "model"
        assert "asks whether to serve basic" in service.flags.lines()[0].sentence
        service.flags.answer("ranking", is_yes=True, by="ann")
        assert serving(service) == "basic"


def test_a_trip_by_a_limit_that_no_alert_saw_is_told(home: Path):
    calm = shop.START + 5 * 7 * DAY
    with watch(home, calm, trip="{metric: orders, dimensions: {country: US}, below: 100000}") as service:
        service.run_until(calm)
        assert serving(service) == "basic"
        told = (home / "told.txt").read_text()
        assert told.count("Flag Smart ranking now serves basic to everybody, because of orders (US) below 100000") == 1
        assert "https://wiki.example/ranking" in told
        (line,) = [one for one in service.inbox(show="all").lines if one.alert.status is Status.OPEN]
        assert "Orders (US)" in line.sentence
        for hour in range(1, 8):
            service.run_until(calm + hour * HOUR)
        assert service.inbox(show="all").lines[0].alert.status is Status.RESOLVED
        assert (home / "told.txt").read_text() == told


def test_a_limit_trips_without_an_alert(home: Path):
    limit = "{metric: orders, dimensions: {country: US}, below: 600, points: 2}"
    with watch(home, shop.DROP + DAY, trip=limit) as service:
        service.run_until(shop.DROP + HOUR)
        first = serving(service)
        service.run_until(shop.DROP + 2 * HOUR)
        assert (first, serving(service)) == ("model", "basic")
        assert "orders (US) below 600 for 2 points" in service.flags.lines()[0].sentence
        newest = service.flags.page("ranking").changes[0]
        assert (newest.what, "because of orders (US) below 600 for 2 points" in newest.detail) == ("tripped", True)


def test_a_flag_about_nothing_is_refused_and_nothing_changes(home: Path):
    with shop.open_service(home) as service:
        about_nothing = FLAG.format(mode="act", trip="{metric: revenue}")
        config = parse_config(shop.CONFIG.format(shop="x", told="y") + about_nothing)
        with pytest.raises(ConfigError, match="no metric 'revenue'"):
            service.apply(config, "tester")
        assert service.flags.lines() == ()
        assert service.run_until(shop.END).troubles == ()  # the source's address is the old one as well
        with pytest.raises(NotFoundError, match="no flag 'ranking'"):
            service.flags.override("ranking", "basic", 60, "ann")
