"""What people do with alerts is kept with who and when, shown, taken back, and teaches nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stores.shared import ORDERS, SHOP, alert, member
from watchkeeper.domain.alert import Change, Status
from watchkeeper.domain.errors import InputError, NotFoundError
from watchkeeper.domain.times import HOUR
from watchkeeper.stores.ledger import Ledger, alerts, metrics, series, transitions
from watchkeeper.watch.deeds import Deeds
from watchkeeper.watch.service import Watchkeeper

NOW = 2_000_000


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}") as opened:
        with opened.write() as tx:
            metrics.put_source(tx, SHOP)
            metrics.put_metric(tx, ORDERS)
            ids = [one.id for one in series.intern(tx, "orders", [("DE", "web"), ("US", "web")])]
            for one in ids:
                alerts.insert(tx, alert(member(one)))
        yield opened


@pytest.fixture
def deeds(ledger: Ledger) -> Deeds:
    return Deeds(ledger, lambda: NOW)


def changes(ledger: Ledger, alert_id: int) -> list[tuple[Change, str]]:
    with ledger.read() as tx:
        return [(one.change, one.detail) for one in transitions.of_alert(tx, alert_id)]


def test_each_deed_is_a_transition_with_who_and_why(ledger: Ledger, deeds: Deeds):
    deeds.acknowledge([1, 2], "Ada", "looking")
    deeds.assign([1], "search", "Ada")
    deeds.snooze([1], NOW + HOUR, "Grace")
    deeds.comment([1], "it is the proxy", "Grace")
    assert [change for change, _ in changes(ledger, 1)] == [
        Change.ACKNOWLEDGED,
        Change.ASSIGNED,
        Change.SNOOZED,
        Change.COMMENTED,
    ]
    assert changes(ledger, 2) == [(Change.ACKNOWLEDGED, "Ada: looking")]
    care = deeds.care_of(1)
    assert care.owner == "search"
    assert care.acknowledged is not None
    assert care.acknowledged.by == "Ada"
    assert care.is_snoozed(NOW)


def test_of_several_alerts_all_or_none(ledger: Ledger, deeds: Deeds):
    with pytest.raises(NotFoundError, match="no alert 99"):
        deeds.acknowledge([1, 99], "Ada")
    assert changes(ledger, 1) == []


def test_taken_back_once(deeds: Deeds):
    (line,) = deeds.acknowledge([1], "Ada")
    undo = deeds.undo(line.id, "Grace")
    assert deeds.care_of(1).acknowledged is None
    with pytest.raises(InputError, match="already"):
        deeds.undo(line.id, "Grace")
    deeds.undo(undo.id, "Ada")
    assert deeds.care_of(1).acknowledged == line


def test_a_snooze_is_of_the_near_future_and_of_an_open_alert(ledger: Ledger, deeds: Deeds):
    for until in (NOW, NOW + 400 * 24 * HOUR):
        with pytest.raises(InputError, match="next 30 days"):
            deeds.snooze([1], until, "Ada")
    with ledger.write() as tx:
        alerts.save(tx, alert(member(1), id=1, status=Status.RESOLVED))
    with pytest.raises(InputError, match="is over"):
        deeds.snooze([1], NOW + HOUR, "Ada")


def test_an_alert_wakes_once_when_its_snooze_is_over(ledger: Ledger, deeds: Deeds):
    deeds.snooze([1], NOW + HOUR, "Ada")
    assert deeds.wake(NOW + HOUR - 1) == 0
    assert deeds.wake(NOW + HOUR) == 1
    assert deeds.wake(NOW + 2 * HOUR) == 0
    assert changes(ledger, 1)[-1] == (Change.WOKEN, "snoozed by Ada until now")


def test_mutes_are_listed_until_they_are_over_or_ended(deeds: Deeds):
    first = deeds.mute(NOW, NOW + HOUR, "Ada", metric="orders", note="move")
    second = deeds.mute(NOW, NOW + HOUR, "Ada", repeat="weekly")
    assert [one.id for one in deeds.mutes()] == [second.id, first.id]
    assert first.scope == "metric orders"
    deeds.unmute(first.id, "Grace")
    assert [one.id for one in deeds.mutes()] == [second.id]
    assert deeds.mutes(over_too=True)[-1].ended_by == "Grace"
    with pytest.raises(InputError, match="ended already"):
        deeds.unmute(first.id, "Grace")


def test_a_mute_of_what_is_not_there_is_refused(deeds: Deeds):
    with pytest.raises(NotFoundError, match="no metric 'visits'"):
        deeds.mute(NOW, NOW + HOUR, "Ada", metric="visits")
    with pytest.raises(InputError, match="no metric has the tag"):
        deeds.mute(NOW, NOW + HOUR, "Ada", tag="batch")
    with pytest.raises(InputError, match="not several"):
        deeds.mute(NOW, NOW + HOUR, "Ada", metric="orders", tag="batch")
    with pytest.raises(InputError, match="which is past"):
        deeds.mute(NOW - 2 * HOUR, NOW - HOUR, "Ada")


def test_an_acknowledged_alert_leaves_what_waits_for_an_answer(service: Watchkeeper):
    waiting = service.inbox()
    first = waiting.lines[0].alert.id
    service.deeds.acknowledge([first], "Ada")
    service.deeds.assign([first], "search", "Ada")
    after = service.inbox()
    assert after.counts["open"] == waiting.counts["open"] - 1
    (line,) = service.inbox(show="acknowledged").lines
    assert (line.alert.id, line.owner) == (first, "search")
    page = service.alert_page(first)
    assert [one.by for one in page.handled] == ["Ada", "Ada"]
