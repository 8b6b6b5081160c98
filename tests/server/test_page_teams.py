"""A team's page: which metrics earn their noise, and what would help."""

from __future__ import annotations

from litestar.testing import TestClient

from tests.server.reading import text


def test_the_metrics_of_an_owner_with_what_would_help(reader: TestClient) -> None:
    page = text(reader.get("/teams").text)
    assert "earns its noise" in page
    assert "Raise the budget of flights from 1 to 2 a month." in page
    assert "0.07 to 1.3" in page


def test_a_team_without_metrics_is_told_how_it_gets_some(reader: TestClient) -> None:
    page = text(reader.get("/teams?owner=rides").text)
    assert "Ada" in page
    assert "Nothing of Rides is watched yet" in page


def test_the_inbox_asks_about_a_quiet_window_unless_something_is_filtered(reader: TestClient) -> None:
    assert "Was Departures per hour (JFK) fine?" in text(reader.get("/").text)
    assert "Was Departures per hour (JFK) fine?" not in text(reader.get("/?text=storm").text)
