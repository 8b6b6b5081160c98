"""The week in one look, and the page of sources and channels."""

from __future__ import annotations

from litestar.testing import TestClient

from tests.server.fakes import FakeService
from tests.server.reading import form, text


def test_a_week_says_what_moved_and_how_the_watch_did(reader: TestClient) -> None:
    page = text(reader.get("/overview").text)
    assert "6 alerts, 3 answered, 2 of them real." in page
    assert "2 the week before" in page
    assert "Share cancelled" in page
    assert "has had no point for a week, or ever" in page


def test_weeks_are_turned_like_pages(reader: TestClient) -> None:
    newest = reader.get("/overview").text
    assert "Week after" not in newest
    assert "until=2013-02-03T05:00:00Z" in newest
    assert "Week after" in reader.get("/overview?until=2013-02-03T05:00:00Z").text
    assert reader.get("/overview?until=soon").status_code == 422


def test_sources_and_channels_tell_how_they_fare_and_no_address(reader: TestClient) -> None:
    page = reader.get("/setup").text
    assert "Failing for 2 hours." in text(page)
    assert "duckdb:///" not in page


def test_a_channel_is_tested_from_the_page(reader: TestClient, service: FakeService) -> None:
    fields = form(reader.get("/setup").text, "/setup/channels/test")
    assert "The test reached team." in text(
        reader.post("/setup/channels/test", data={**fields, "channel": "team"}).text
    )
    assert service.channels.tested == [("team", "Ada")]
    answer = reader.post("/setup/channels/test", data={**fields, "channel": "gone"})
    assert answer.status_code == 502
    assert "the server answered 404; mend its url" in text(answer.text)
