"""An alert that begins slight and grows is told to each channel once it qualifies there, and told there once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.receiver import Receiver, receiving
from tests.watch import shop
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.feedback import Answer
from watchkeeper.domain.times import DAY, HOUR, format_instant
from watchkeeper.watch.service import Watchkeeper
from watchkeeper.watch.views import Draft

SLIGHT, STRONG = shop.LATER_DROP + 2 * HOUR, shop.LATER_DROP + 3 * HOUR
"""By when it is known to be slight, and to be strong."""
OVER = shop.LATER_DROP + 12 * HOUR


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def config(home: Path, receiver: Receiver) -> str:
    text = shop.CONFIG.format(shop=home / "shop.db", told=home / "team.txt")
    return text + (
        f'  pager: {{url: "textfile://{home}/pager.txt"}}\n'
        f'  hook: {{url: "http://{receiver.address}/", kind: webhook}}\n'
        "routes:\n"
        "  all: {channels: [team]}\n"
        "  at-once: {channels: [pager, hook], severity: strong}\n"
    )


def messages(path: Path) -> int:
    return path.read_text().count("## ") if path.exists() else 0


def told(home: Path) -> tuple[int, int]:
    """How many messages the team and the pager got."""
    return messages(home / "team.txt"), messages(home / "pager.txt")


def reasons(service: Watchkeeper, channel: str) -> list[str]:
    """What became of each change of the newest alert at a channel."""
    (line,) = service.inbox(show="all", order="newest").lines[:1]
    each = [text for one in service.alert_page(line.alert.id).history for text in one.deliveries]
    return [text.removeprefix(f"{channel}: ") for text in each if text.startswith(f"{channel}: ")]


def test_what_grows_reaches_its_route_once_also_after_a_restart(home: Path, receiver: Receiver):
    shop.grow(home / "shop.db")
    with Watchkeeper.open(home / "watchkeeper", clock=lambda: STRONG) as service:
        service.apply(parse_config(config(home, receiver)), "tester")
        service.run_until(SLIGHT - 2 * HOUR)
        before = told(home)
        service.run_until(SLIGHT)
        assert told(home) == (before[0] + 1, before[1]), "slight: the team alone is told"
        assert reasons(service, "pager") == ["held (routed elsewhere: all (team))"]
        assert not receiver.received
        service.run_until(STRONG)
        assert told(home) == (before[0] + 1, before[1] + 1), "strong: the pager is told, the team not again"
        assert [body["status"] for body in receiver.taken] == ["firing"]
        assert reasons(service, "pager")[1:] == ["sent", "held (grouped: the alert was told before)"]
    with Watchkeeper.open(home / "watchkeeper", clock=lambda: STRONG) as service:
        for hour in range(STRONG, OVER + HOUR, HOUR):
            service.run_until(hour)
        assert told(home) == (before[0] + 1, before[1] + 1)
        assert [body["status"] for body in receiver.taken] == ["firing"] * (len(receiver.taken) - 1) + ["resolved"]


def test_one_run_over_all_of_it_tells_each_channel_once(home: Path, receiver: Receiver):
    shop.grow(home / "shop.db")
    with Watchkeeper.open(home / "watchkeeper", clock=lambda: STRONG) as service:
        service.apply(parse_config(config(home, receiver)), "tester")
        service.run_until(SLIGHT - 2 * HOUR)
        before = told(home)
        service.run_until(OVER)
        assert told(home) == (before[0] + 1, before[1] + 1)
        assert [body["status"] for body in receiver.taken] == ["resolved"], "as it stands, once"


def test_what_grows_while_a_mute_or_the_hours_hold_it_back_is_told_once_when_they_are_over(
    home: Path, receiver: Receiver
):
    shop.grow(home / "shop.db")
    hours = config(home, receiver).replace("severity: strong}", 'severity: strong, hours: "20:00-22:00"}')
    with Watchkeeper.open(home / "watchkeeper", clock=lambda: SLIGHT) as service:
        service.apply(parse_config(hours), "tester")
        service.run_until(SLIGHT - 2 * HOUR)
        before = told(home)
        service.deeds.mute(SLIGHT - HOUR, STRONG + HOUR, "Ada", metric="orders")
        service.run_until(SLIGHT)
        service.run_until(STRONG)
        assert told(home) == before
        service.run_until(STRONG + HOUR)
        assert told(home) == (before[0] + 1, before[1]), "the mute is over, the hours have not begun"
        assert "waits until" in reasons(service, "pager")[0]
        end = shop.LATER_DROP + 10 * HOUR  # 20:00
        shop.change(home / "shop.db", "update orders set orders = 0 where time >= ? and time < ?", STRONG, end)
        for hour in range(STRONG + 2 * HOUR, end + 2 * HOUR, HOUR):
            service.run_until(hour)
        assert told(home) == (before[0] + 1, before[1] + 1)


def test_two_servers_tell_what_grows_once(home: Path, postgres_url: str, receiver: Receiver):
    shop.grow(home / "shop.db")

    def open_server(name: str) -> Watchkeeper:
        return Watchkeeper.open(
            home / name, ledger_url=postgres_url, history_url=postgres_url, lease_s=60.0, clock=lambda: STRONG
        )

    with open_server("one") as one:
        one.apply(parse_config(config(home, receiver)), "tester")
        one.run_until(SLIGHT - 2 * HOUR)
        before = told(home)
        with open_server("other") as other:
            for now in (SLIGHT, STRONG, OVER):
                for server in (one, other, one, other):
                    server.run_until(now)
    assert told(home) == (before[0] + 1, before[1] + 1)
    assert [body["status"] for body in receiver.taken].count("resolved") == 1


def test_alertmanager_hears_of_what_is_open_every_minute_until_it_is_over(home: Path, receiver: Receiver):
    shop.grow(home / "shop.db")
    text = config(home, receiver).replace("kind: webhook", "kind: alertmanager")
    with Watchkeeper.open(home / "watchkeeper", clock=lambda: STRONG) as service:
        service.apply(parse_config(text), "tester")
        service.run_until(SLIGHT - 2 * HOUR)
        service.run_until(STRONG)

        def heard(now: int) -> list[tuple[str, str]]:
            """What the Alertmanager was told in a run: how severe, and until when."""
            before = len(receiver.taken)
            assert service.run_until(now).troubles == ()
            alerts = [one for body in receiver.taken[before:] for one in body]
            return [(one["labels"]["severity"], one["endsAt"]) for one in alerts]

        assert heard(STRONG + 30) == []
        assert heard(STRONG + 60) == [("strong", format_instant(STRONG + 60 + 2 * DAY))]
        assert heard(STRONG + 90) == []
    with Watchkeeper.open(home / "watchkeeper", clock=lambda: STRONG) as service:
        assert len(heard(STRONG + 91)) == 1, "after a start at once: who knows what was forgotten"
        receiver.statuses = [503, 200]
        assert "it will be tried again" in service.run_until(STRONG + 151).troubles[0]
        assert heard(STRONG + 160) == [], "left alone"
        assert len(heard(STRONG + 211)) == 1
        (line,) = service.inbox(show="all", order="newest").lines[:1]
        receipt = service.answer(Draft(answer=Answer.FALSE_ALARM, by="Ada", alert=line.alert.id))
        assert heard(STRONG + 271) == [], "somebody said that it is fine"
        service.undo(receipt.feedback.id, "Ada")
        assert len(heard(STRONG + 331)) == 1
        for hour in range(STRONG + HOUR, OVER, HOUR):
            heard(hour)
        assert heard(OVER + HOUR) == [], "it is over"
