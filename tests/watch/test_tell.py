"""Channels that fail are left alone and tried again, dead ones are seen, and nothing is lost or told twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.receiver import Receiver, receiving
from tests.watch import shop
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.errors import ChannelError, InputError, NotFoundError
from watchkeeper.domain.times import DAY, HOUR
from watchkeeper.watch.service import Progressed, Watchkeeper

NOW = shop.LATER_DROP + 4 * HOUR


def config(home: Path, channel: str, more: str = "") -> str:
    text = shop.CONFIG.format(shop=home / "shop.db", told=home / "told.txt")
    return text.partition("channels:")[0] + f"channels:\n  team: {{{channel}}}\n{more}"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def watch(home: Path, receiver: Receiver) -> Iterator[Watchkeeper]:
    """A service that has watched the shop up to the second drop, whose channel is a webhook; nothing was told yet."""
    with Watchkeeper.open(home / "watchkeeper", link="https://watch.example", clock=lambda: NOW) as service:
        hook = f'url: "http://{receiver.address}/", kind: webhook'
        service.apply(parse_config(config(home, hook)), "tester")
        yield service


def run(watch: Watchkeeper, now: int = NOW) -> Progressed:
    return watch.run_until(now)


def test_a_passing_failure_backs_off_and_arrives_once_it_is_over(watch: Watchkeeper, receiver: Receiver):
    receiver.statuses = [503, 500, 200]
    first = run(watch)
    assert first.sent == 0
    assert "it will be tried again" in first.troubles[0]
    assert run(watch, NOW + 29).troubles == ()  # left alone
    assert len(receiver.received) == 1
    assert run(watch, NOW + 30).sent == 0
    assert run(watch, NOW + 60).troubles == ()  # twice as long now
    assert run(watch, NOW + 90).sent == 1
    assert len(receiver.taken) == 1
    assert len(set(receiver.keys)) == 1
    (line,) = watch.channels.lines()
    assert (line.is_failing, line.delivered_at) == (False, NOW + 90)
    assert run(watch, NOW + 91).sent == 0


def test_the_other_side_may_say_how_long_it_wants_to_be_left_alone(watch: Watchkeeper, receiver: Receiver):
    receiver.statuses, receiver.headers = [429, 200], {"Retry-After": "600"}
    run(watch)
    assert run(watch, NOW + 599).sent == 0
    assert run(watch, NOW + 600).sent == 1


def test_a_dead_channel_is_seen_keeps_its_news_and_is_mended_by_a_test(watch: Watchkeeper, receiver: Receiver):
    receiver.statuses = [404]
    run(watch)
    (said,) = watch.channels.failing()
    assert "answered 404" in said
    assert run(watch, NOW + HOUR // 2).sent == 0
    with pytest.raises(ChannelError, match="404"):
        watch.channels.test("team", "Ada")
    receiver.statuses = [200]
    assert watch.channels.test("team", "Ada").sentence == "It works."
    assert watch.channels.failing() == ()
    assert run(watch, NOW + HOUR // 2 + 1).sent == 1
    with pytest.raises(NotFoundError, match="there are team"):
        watch.channels.test("chat", "Ada")


def test_changed_settings_are_tried_at_once(watch: Watchkeeper, receiver: Receiver, home: Path):
    receiver.statuses = [401, 200]
    run(watch)
    assert watch.channels.failing()
    hook = f'url: "http://{receiver.address}/new", kind: webhook'
    watch.apply(parse_config(config(home, hook)), "tester")
    assert run(watch, NOW + 1).sent == 1
    assert receiver.paths[-1] == "/new"


def test_what_was_over_while_a_channel_was_dead_is_not_told_late(watch: Watchkeeper, receiver: Receiver):
    receiver.statuses = [404]
    run(watch)
    receiver.statuses = [200]
    later = NOW + 2 * DAY
    assert run(watch, later).sent == 0
    alert = watch.inbox(show="all", order="newest").lines[0].alert
    told = [text for one in watch.alert_page(alert.id).history for text in one.deliveries]
    assert any("over before it could be told" in text for text in told)


def test_a_message_refused_for_good_does_not_block_those_behind_it(watch: Watchkeeper, receiver: Receiver):
    receiver.statuses = [413, 200]
    sent = watch.run_until(NOW, stale_s=365 * DAY).sent
    assert [status for status, _ in receiver.received] == [413] + [200] * sent
    assert sent > 1
    assert watch.channels.failing() == ()
    oldest = watch.inbox(show="all", order="newest").lines[-1].alert
    outcomes = [text for one in watch.alert_page(oldest.id).history for text in one.deliveries]
    assert any("team: failed" in text for text in outcomes)


def test_a_machine_hears_that_it_is_over_by_the_labels_of_the_first_message(watch: Watchkeeper, receiver: Receiver):
    run(watch)
    run(watch, NOW + DAY)
    statuses = [body["status"] for body in receiver.taken]
    assert (statuses[0], statuses[-1]) == ("firing", "resolved")
    assert len({body["groupKey"] for body in receiver.taken}) == 1
    assert len({body["alerts"][0]["fingerprint"] for body in receiver.taken}) == 1


def test_a_route_out_of_hours_waits_and_says_so(home: Path, watch: Watchkeeper, receiver: Receiver):
    hook = f'url: "http://{receiver.address}/", kind: webhook'
    hours = "routes:\n  day: {channels: [team], hours: '20:00-22:00', timezone: UTC}\n"
    watch.apply(parse_config(config(home, hook, hours)), "tester")
    assert run(watch).sent == 0
    (alert,) = [one.alert for one in watch.inbox(show="all", order="newest").lines[:1]]
    told = [text for one in watch.alert_page(alert.id).history for text in one.deliveries]
    assert any("waits until" in text for text in told)
    with pytest.raises(InputError, match="no channel 'pager'"):
        watch.apply(parse_config(config(home, hook, "routes: {night: {channels: [pager]}}")), "tester")


def test_a_muted_alert_is_told_when_the_mute_is_over(watch: Watchkeeper, receiver: Receiver):
    watch.deeds.mute(NOW - HOUR, NOW + HOUR, "Ada", metric="orders")
    assert run(watch).sent == 0
    assert run(watch, NOW + HOUR - 1).sent == 0
    assert run(watch, NOW + HOUR).sent == 1


def test_killed_between_sending_and_recording_it_is_told_again_under_the_same_key(home: Path, receiver: Receiver):
    hook = f'url: "http://{receiver.address}/", kind: webhook'
    (home / "watch.yaml").write_text(config(home, hook))
    script = (
        "import sys; from pathlib import Path; from watchkeeper.domain.config import parse_config;"
        "from watchkeeper.watch.service import Watchkeeper;"
        "home = Path(sys.argv[1]); service = Watchkeeper.open(home / 'watchkeeper');"
        "service.apply(parse_config((home / 'watch.yaml').read_text()), 'tester');"
        "service.run_until(int(sys.argv[2]))"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(home), str(NOW)])
    receiver.on_post = lambda: os.kill(process.pid, signal.SIGKILL)
    assert process.wait(timeout=120) == -signal.SIGKILL
    assert len(receiver.received) == 1
    receiver.on_post = lambda: None
    with Watchkeeper.open(home / "watchkeeper") as service:
        assert service.run_until(NOW).sent == 1
        assert service.run_until(NOW).sent == 0
    assert len(receiver.received) == 2
    assert receiver.keys[0] == receiver.keys[1]
