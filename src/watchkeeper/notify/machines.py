"""Machines that route alerts further: Alertmanager's API, and whoever takes Alertmanager's webhook.

`alertmanager` posts to `/api/v2/alerts` (prometheus/alertmanager, api/v2/openapi.yaml, `postableAlerts`); `webhook`
posts what Alertmanager itself posts to its webhook receivers (version 4; documentation "webhook_config"). An alert is
known by its labels there, so those of the first message are used until it is over, whatever changes meanwhile; only the
severity follows, because machines route by it: the alert is then over by its old labels and fires by its new ones.

Alertmanager wants to hear of an alert again and again while it lasts (documentation "Sending alerts"), and keeps none
over its own restart: `repeat` says what is open once more, as it was said last.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any

from watchkeeper.domain.errors import ChannelError
from watchkeeper.domain.times import DAY, format_instant
from watchkeeper.notify.parcel import Facts, Parcel
from watchkeeper.notify.refusals import refusal

KEPT_FIRING_S = 2 * DAY
"""How long Alertmanager keeps an alert firing of which it hears nothing more: longer than runs that come once a day."""
TIMEOUT_S = 10.0
API_PATH = "/api/v2/alerts"
_NOT_A_LABEL = re.compile(r"[^a-zA-Z0-9_]")
_RESERVED = ("alertname", "alert", "metric", "group", "severity", "owner", "tags")


def post(channel: str, kind: str, url: str, parcel: Parcel, now: int) -> str:
    """Send; returns what it went by and said, to be given back with the alert's next message. ChannelError."""
    facts = parcel.facts
    if facts is None:
        facts = _test_facts(parcel, now)
    current = labels_of(facts)
    known = _remembered(parcel.memo)["labels"] if parcel.memo else current
    labels = known if facts.ended_at is not None else known | {"severity": current["severity"]}
    said = alert_of(facts, labels)
    if kind == "alertmanager":
        body: Any = [said | {"endsAt": format_instant(_end(facts, now))}]
        if labels != known:
            body.insert(0, alert_of(facts, known) | {"endsAt": format_instant(now)})
        url = _api(url)
    else:
        body = webhook_body(facts, labels, channel, known, now)
    _send(channel, url, body, parcel.key)
    return json.dumps({"labels": labels, "said": said}, sort_keys=True)


def repeat(channel: str, url: str, memos: Sequence[str], now: int) -> None:
    """Tell an Alertmanager of alerts that are open, as `post` told it last. ChannelError."""
    end = format_instant(now + KEPT_FIRING_S)
    _send(channel, _api(url), [_remembered(memo)["said"] | {"endsAt": end} for memo in memos], "")


def _remembered(memo: str) -> dict[str, Any]:
    """What `post` returned; earlier versions kept the labels alone."""
    kept: dict[str, Any] = json.loads(memo)
    return kept if "said" in kept else {"labels": kept, "said": {"labels": kept}}


def _api(url: str) -> str:
    base = url.rstrip("/")
    return base if base.endswith(API_PATH) else base + API_PATH


def _end(facts: Facts, now: int) -> int:
    return facts.ended_at if facts.ended_at is not None else now + KEPT_FIRING_S


def labels_of(facts: Facts) -> dict[str, str]:
    """The labels by which an alert is known and routed; dimensions by their own names, unless these are taken."""
    labels = {
        "alertname": "Watchkeeper",
        "alert": str(facts.alert),
        "metric": facts.metric,
        "group": facts.group,
        "severity": facts.severity.replace(" ", "-"),
        "owner": facts.owner,
        "tags": ",".join(facts.tags),
    }
    for name, value in facts.dimensions.items():
        plain = _NOT_A_LABEL.sub("_", name)
        labels[f"dimension_{plain}" if plain in _RESERVED or plain[:1].isdigit() else plain] = value
    return {name: value for name, value in labels.items() if value}


def annotations_of(facts: Facts) -> dict[str, str]:
    """What people read."""
    said = {
        "summary": facts.sentence,
        "description": facts.causes,
        "title": facts.title,
        "runbook_url": facts.runbook,
        "runbook": facts.to_do,
    }
    return {name: value for name, value in said.items() if value}


def alert_of(facts: Facts, labels: dict[str, str]) -> dict[str, Any]:
    """An alert of a POST to `/api/v2/alerts`, but for when it ends."""
    alert = {"labels": labels, "annotations": annotations_of(facts), "startsAt": format_instant(facts.started_at)}
    return alert | {"generatorURL": facts.link} if facts.link else alert


def webhook_body(
    facts: Facts, labels: dict[str, str], receiver: str, known: dict[str, str], now: int
) -> dict[str, Any]:
    """What Alertmanager posts to a webhook receiver, for a group of one alert; of two where its labels `known` there
    are others by now, since those are over then.
    """
    status = "firing" if facts.ended_at is None else "resolved"
    annotations = annotations_of(facts)
    grouped_by = {name: labels[name] for name in ("alertname", "alert") if name in labels}
    ended = format_instant(facts.ended_at) if facts.ended_at is not None else "0001-01-01T00:00:00Z"

    def entry(status: str, labels: dict[str, str], ended: str) -> dict[str, Any]:
        return {
            "status": status,
            "labels": labels,
            "annotations": annotations,
            "startsAt": format_instant(facts.started_at),
            "endsAt": ended,
            "generatorURL": facts.link,
            "fingerprint": hashlib.sha256(json.dumps(labels, sort_keys=True).encode()).hexdigest()[:16],
        }

    before = [entry("resolved", known, format_instant(now))] if known != labels else []
    return {
        "version": "4",
        "groupKey": "{}:{" + ", ".join(f"{name}={json.dumps(value)}" for name, value in grouped_by.items()) + "}",
        "truncatedAlerts": 0,
        "status": status,
        "receiver": receiver,
        "groupLabels": grouped_by,
        "commonLabels": dict(known.items() & labels.items()),
        "commonAnnotations": annotations,
        "externalURL": facts.link.partition("/alerts/")[0],
        "alerts": [*before, entry(status, labels, ended)],
    }


def _test_facts(parcel: Parcel, now: int) -> Facts:
    """A test: an alert that is over as it begins, so that nobody is called."""
    return Facts(
        alert=0,
        change="test",
        sentence=parcel.body,
        title=parcel.title,
        metric="test",
        group="test",
        owner="",
        tags=(),
        severity="slight",
        dimensions={},
        started_at=now,
        ended_at=now,
    )


def check(channel: str, url: str) -> None:
    """ChannelError where the URL is none that can be posted to."""
    import httpx

    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        raise _no_address(channel) from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise _no_address(channel)


def _no_address(channel: str) -> ChannelError:
    return ChannelError(
        f"channel {channel}: its URL is not one that can be posted to; it begins with http:// or https://",
        permanent=True,
        is_of_channel=True,
    )


def _send(channel: str, url: str, body: Any, key: str) -> None:
    import httpx

    headers = {"Idempotency-Key": key} if key else {}
    try:
        answer = httpx.post(url, json=body, headers=headers, timeout=TIMEOUT_S, follow_redirects=False)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        raise _no_address(channel) from None
    except httpx.TimeoutException:
        raise ChannelError(f"channel {channel}: no answer within {TIMEOUT_S:g} s; it will be tried again") from None
    except httpx.HTTPError as error:
        raise ChannelError(
            f"channel {channel}: the other side cannot be reached ({type(error).__name__}); it will be tried again"
        ) from None
    if not answer.is_success:
        raise refusal(channel, answer.status_code, answer.headers.get("retry-after", ""))
