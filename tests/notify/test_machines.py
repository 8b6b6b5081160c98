"""Alertmanager and its webhooks are spoken to as their contracts say."""

from __future__ import annotations

import json

import msgspec
import pytest

from tests.receiver import receiving
from watchkeeper.domain.config import Channel, ChannelKind
from watchkeeper.domain.errors import ChannelError
from watchkeeper.domain.times import DAY
from watchkeeper.notify import channels
from watchkeeper.notify.parcel import Facts, Parcel

NOW = 1_800_000_000
FACTS = Facts(
    alert=12,
    change="opened",
    sentence="Orders (DE) fell 34 % below what is usual for a Tuesday at 12:00; lasting 3 hours",
    title="Orders (DE)",
    metric="orders",
    group="shop",
    owner="checkout",
    tags=("critical", "web"),
    severity="very strong",
    dimensions={"country": "DE", "pay-method": "card", "owner": "x"},
    started_at=NOW - 3 * 3600,
    ended_at=None,
    link="https://watch.example/alerts/12",
    runbook="https://runbooks.example/orders",
)


def parcel(facts: Facts = FACTS, memo: str = "") -> Parcel:
    return Parcel(title="t", body="b", key="watchkeeper-7-am", facts=facts, memo=memo)


def test_alertmanager_gets_labels_annotations_and_times_at_its_path():
    with receiving() as receiver:
        channel = Channel(name="am", url=f"http://{receiver.address}/", kind=ChannelKind.ALERTMANAGER)
        memo = channels.send(channel, parcel(), NOW)
        ((_, (alert,)),) = receiver.received
        assert receiver.paths == ["/api/v2/alerts"]
        assert receiver.keys == ["watchkeeper-7-am"]
        assert alert["labels"] == {
            "alertname": "Watchkeeper",
            "alert": "12",
            "metric": "orders",
            "group": "shop",
            "severity": "very-strong",
            "owner": "checkout",
            "tags": "critical,web",
            "country": "DE",
            "pay_method": "card",
            "dimension_owner": "x",
        }
        assert alert["annotations"]["summary"] == FACTS.sentence
        assert alert["annotations"]["runbook_url"] == FACTS.runbook
        assert (alert["startsAt"], alert["endsAt"]) == ("2027-01-15T05:00:00Z", "2027-01-17T08:00:00Z")
        assert alert["generatorURL"] == FACTS.link

        over = msgspec.structs.replace(FACTS, severity="extreme", metric="visits", ended_at=NOW)
        assert channels.send(channel, parcel(over, memo), NOW + DAY) == memo
        _, (resolved,) = receiver.received[-1]
        assert resolved["labels"] == alert["labels"]
        assert resolved["endsAt"] == "2027-01-15T08:00:00Z"


def test_a_webhook_gets_what_alertmanager_would_send_it():
    with receiving() as receiver:
        channel = Channel(name="hook", url=f"http://{receiver.address}/in", kind=ChannelKind.WEBHOOK)
        memo = channels.send(channel, parcel(), NOW)
        channels.send(channel, parcel(msgspec.structs.replace(FACTS, ended_at=NOW), memo), NOW)
        firing, resolved = receiver.taken
        assert receiver.paths == ["/in", "/in"]
    assert (firing["version"], firing["status"], firing["receiver"]) == ("4", "firing", "hook")
    assert firing["groupKey"] == '{}:{alertname="Watchkeeper", alert="12"}'
    assert firing["commonLabels"] == json.loads(memo)["labels"]
    (alert,) = firing["alerts"]
    assert alert["endsAt"].startswith("0001-")
    assert resolved["alerts"][0]["fingerprint"] == alert["fingerprint"]
    assert resolved["status"] == "resolved"


def test_what_grows_is_over_by_its_old_labels_and_fires_by_its_new_ones():
    with receiving() as receiver:
        channel = Channel(name="am", url=f"http://{receiver.address}", kind=ChannelKind.ALERTMANAGER)
        slight = channels.send(channel, parcel(msgspec.structs.replace(FACTS, severity="slight")), NOW)
        memo = channels.send(channel, parcel(memo=slight), NOW + 60)
        assert channels.send(channel, parcel(memo=memo), NOW + 120) == memo
        _, (before, after), (again,) = receiver.taken
        assert (before["labels"]["severity"], before["endsAt"]) == ("slight", "2027-01-15T08:01:00Z")
        assert (after["labels"]["severity"], after["endsAt"]) == ("very-strong", "2027-01-17T08:01:00Z")
        assert before["labels"] | {"severity": "very-strong"} == after["labels"] == again["labels"]

        hook = msgspec.structs.replace(channel, kind=ChannelKind.WEBHOOK)
        channels.send(hook, parcel(memo=slight), NOW + 60)
        body = receiver.taken[-1]
        assert body["status"] == "firing"
        assert [one["status"] for one in body["alerts"]] == ["resolved", "firing"]
        assert "severity" not in body["commonLabels"]


def test_what_is_open_is_said_again_as_it_was_said_last():
    with receiving() as receiver:
        channel = Channel(name="am", url=f"http://{receiver.address}", kind=ChannelKind.ALERTMANAGER)
        memos = [channels.send(channel, parcel(msgspec.structs.replace(FACTS, alert=one)), NOW) for one in (1, 2)]
        (one,), (two,) = receiver.taken
        channels.repeat(channel, [*memos, json.dumps({"alertname": "Watchkeeper", "alert": "3"})], NOW + DAY)
        again = receiver.taken[-1]
    end = {"endsAt": "2027-01-18T08:00:00Z"}
    assert again == [one | end, two | end, {"labels": {"alertname": "Watchkeeper", "alert": "3"}} | end]


def test_a_test_message_is_over_as_it_begins():
    with receiving() as receiver:
        channel = Channel(name="am", url=f"http://{receiver.address}", kind=ChannelKind.ALERTMANAGER)
        channels.send(channel, Parcel(title="A test", body="It works."), NOW)
        ((alert,),) = receiver.taken
    assert alert["startsAt"] == alert["endsAt"]


@pytest.mark.parametrize(
    ("status", "permanent", "of_channel"),
    [(503, False, False), (400, True, False), (301, True, True), (403, True, True)],
)
def test_refusals_are_told_apart(status: int, permanent: bool, of_channel: bool):
    with receiving() as receiver:
        receiver.statuses = [status]
        receiver.headers = {"Retry-After": "120"}
        channel = Channel(name="am", url=f"http://{receiver.address}", kind=ChannelKind.ALERTMANAGER)
        with pytest.raises(ChannelError, match=str(status)) as caught:
            channels.send(channel, parcel(), NOW)
    assert (caught.value.permanent, caught.value.is_of_channel) == (permanent, of_channel)
    assert caught.value.retry_after_s == (0 if permanent else 120)


@pytest.mark.parametrize(("url", "permanent"), [("http://127.0.0.1:1/", False), ("ftp://there/", True)])
def test_who_cannot_be_reached(url: str, permanent: bool):
    with pytest.raises(ChannelError) as caught:
        channels.send(Channel(name="am", url=url, kind=ChannelKind.ALERTMANAGER), parcel(), NOW)
    assert caught.value.permanent is permanent
