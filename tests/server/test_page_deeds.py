"""Acknowledging, assigning, snoozing, commenting and muting on the pages."""

from __future__ import annotations

import pytest
from litestar.testing import TestClient

from tests.server.fakes import FakeService
from tests.server.reading import form, text
from watchkeeper.domain.handling import Deed
from watchkeeper.domain.times import HOUR


def send(reader: TestClient, action: str, page: str = "/alerts/2", **fields: str) -> int:
    token = form(reader.get(page).text, "/sign-out")
    return int(reader.post(action, data={**token, **fields}, follow_redirects=False).status_code)


def test_an_alert_is_taken_given_and_talked_about(reader: TestClient, service: FakeService) -> None:
    assert send(reader, "/alerts/2/handle", act="acknowledge") == 303
    assert send(reader, "/alerts/2/handle", act="assign", owner="Search team") == 303
    assert send(reader, "/alerts/2/handle", act="snooze", lasting="4h") == 303
    assert send(reader, "/alerts/2/handle", act="comment", text="it is the proxy") == 303
    assert send(reader, "/alerts/2/handle", act="tick", text="ask the towers") == 303
    assert send(reader, "/alerts/2/handle", act="learn", text="look at the queue") == 303
    assert [line.deed for line in service.deeds.log] == list(Deed)
    page = text(reader.get("/alerts/2").text)
    assert "Acknowledged by Ada" in page
    assert "Given to Search team" in page
    assert "it is the proxy" in page


def test_a_deed_is_taken_back_and_struck(reader: TestClient, service: FakeService) -> None:
    send(reader, "/alerts/2/handle", act="acknowledge")
    assert send(reader, "/handlings/1/undo") == 303
    page = reader.get("/alerts/2").text
    assert "Acknowledged by" not in text(page)
    assert "taken-back" in page
    assert service.deeds.log[-1].undoes == 1


@pytest.mark.parametrize(
    ("action", "fields", "status"),
    [
        ("/alerts/2/handle", {"act": "dance"}, 422),
        ("/alerts/2/handle", {"act": "snooze", "lasting": "soon"}, 422),
        ("/alerts/99/handle", {"act": "acknowledge"}, 404),
        ("/mutes", {"of": "metric:departures", "zone": "UTC"}, 422),
        ("/mutes", {"of": "planet:mars", "zone": "UTC", "lasting": "1h"}, 422),
        ("/mutes", {"zone": "Mars/Olympus", "lasting": "1h"}, 422),
        ("/mutes", {"of": "series:²", "zone": "UTC", "lasting": "1h"}, 422),
        ("/mutes", {"of": "series:" + "9" * 5_000, "zone": "UTC", "lasting": "1h"}, 422),
        ("/mutes", {"zone": "UTC", "lasting": "9" * 5_000 + "d"}, 422),
        ("/mutes", {"zone": "UTC", "from": "0001-01-01", "lasting": "1h"}, 422),
    ],
)
def test_what_cannot_be_done_is_told(reader: TestClient, action: str, fields: dict[str, str], status: int) -> None:
    assert send(reader, action, **fields) == status


def test_a_mute_is_read_on_the_chosen_clock_listed_and_ended(reader: TestClient, service: FakeService) -> None:
    window = {"from": "2026-11-23T22:00", "to": "2026-11-24T02:00", "zone": "America/New_York"}
    assert "Nothing is muted" in text(reader.get("/mutes").text)
    assert send(reader, "/mutes", of="metric:departures", repeat="weekly", note="batches", **window) == 303
    (mute,) = service.deeds.kept
    assert (mute.metric, mute.repeat, mute.end - mute.start) == ("departures", "weekly", 4 * HOUR)
    page = text(reader.get("/mutes?of=metric:departures").text)
    assert "metric departures" in page
    assert "22:00 – Tue 24 Nov 2026, 02:00" in page
    assert "every week" in page
    assert send(reader, "/mutes/1/end") == 303
    assert "over" in text(reader.get("/mutes").text)
