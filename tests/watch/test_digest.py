"""The week is sent by itself, once, to the channels that want it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.receiver import receiving
from tests.watch import shop
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.errors import ConfigError, InputError
from watchkeeper.domain.times import DAY, HOUR, WEEK, parse_instant
from watchkeeper.domain.weekly import parse_weekly
from watchkeeper.watch.service import Watchkeeper


def test_the_hour_of_a_week_follows_the_clock_of_its_zone():
    weekly = parse_weekly("mon 08:00 Europe/Berlin")
    before = parse_instant("2026-03-30T07:59", "Europe/Berlin")  # summer time began the day before
    assert weekly.last(before) == parse_instant("2026-03-23T08:00", "Europe/Berlin")
    assert weekly.last(before + 60) == parse_instant("2026-03-30T08:00", "Europe/Berlin")
    for text in ("monday", "mon 25:00", "mon 08:00 Mars"):
        with pytest.raises(InputError, match=r"write a day|time zone"):
            parse_weekly(text)


def test_it_is_sent_once_a_week_and_again_where_it_did_not_arrive(home: Path):
    with receiving() as receiver, Watchkeeper.open(home / "watchkeeper", clock=lambda: shop.END) as service:
        text = shop.CONFIG.format(shop=home / "shop.db", told="unused")
        hook = f'url: "json://{receiver.address}/", digest: "mon 08:00"'
        service.apply(parse_config(text.partition("channels:")[0] + f"channels: {{team: {{{hook}}}}}"), "tester")
        monday = shop.START + 9 * WEEK + 8 * HOUR
        assert service.digests.send_due(monday - HOUR) == []  # its first week begins now
        assert receiver.received == []
        receiver.statuses = [503, 200]
        assert "it will be tried again" in service.digests.send_due(monday)[0]
        assert service.digests.send_due(monday + 29) == []  # left alone
        assert service.digests.send_due(monday + 30) == []
        assert service.digests.send_due(monday + DAY) == []
        assert [body["title"] for body in receiver.taken] == ["The week from Mon 2 Mar to Mon 9 Mar 2026"]


def test_after_a_pause_it_begins_with_the_next_week(home: Path):
    with receiving() as receiver, Watchkeeper.open(home / "watchkeeper", clock=lambda: shop.END) as service:
        text = shop.CONFIG.format(shop=home / "shop.db", told="unused").partition("channels:")[0]

        def digest(setting: str) -> None:
            channel = f'url: "json://{receiver.address}/"{setting}'
            service.apply(parse_config(f"{text}channels: {{team: {{{channel}}}}}"), "tester")

        monday = shop.START + 7 * WEEK + 8 * HOUR
        digest(', digest: "mon 08:00"')
        service.digests.send_due(monday)
        digest("")
        service.digests.send_due(monday + 2 * WEEK)
        digest(', digest: "mon 08:00"')
        service.digests.send_due(monday + 3 * WEEK - DAY)
        assert receiver.received == [], "nobody asked for the weeks between"
        service.digests.send_due(monday + 3 * WEEK)
        assert len(receiver.received) == 1


def test_the_week_is_for_people(home: Path):
    text = shop.CONFIG.format(shop=home / "shop.db", told="unused").partition("channels:")[0]
    with pytest.raises(ConfigError, match=r"channels\.am: digest: the week is for people"):
        parse_config(text + 'channels: {am: {url: "http://am", kind: alertmanager, digest: "mon 08:00"}}', "x.yaml")
    with Watchkeeper.open(home / "watchkeeper", clock=lambda: shop.END) as service:
        service.apply(parse_config(text + 'channels: {am: {url: "http://127.0.0.1:1", kind: webhook}}'), "tester")
        with pytest.raises(InputError, match="channel am: webhook takes alerts; send the week to a channel of people"):
            service.overview.send("am", "Ada")


def test_a_week_that_is_refused_for_itself_is_not_sent_again(home: Path):
    with receiving() as receiver, Watchkeeper.open(home / "watchkeeper", clock=lambda: shop.END) as service:
        text = shop.CONFIG.format(shop=home / "shop.db", told="unused").partition("channels:")[0]
        hook = f'url: "json://{receiver.address}/", digest: "mon 08:00"'
        service.apply(parse_config(f"{text}channels: {{team: {{{hook}}}}}"), "tester")
        monday = shop.START + 7 * WEEK + 8 * HOUR
        service.digests.send_due(monday - WEEK)
        receiver.statuses = [413, 200]
        assert "413" in service.digests.send_due(monday)[0]
        assert service.digests.send_due(monday + HOUR) == []
        assert len(receiver.received) == 1
        service.digests.send_due(monday + WEEK)
        assert len(receiver.taken) == 1
