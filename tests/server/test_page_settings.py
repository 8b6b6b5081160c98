"""The settings page: what would have been told, the slider's stops, and the second yes."""

from __future__ import annotations

import pytest
from litestar.testing import TestClient

from tests.server.fakes import FakeService
from tests.server.reading import form, text
from watchkeeper.server.pages.settings import BUDGETS, nearest_stop

HERE = "/metrics/departures/settings"


def test_the_page_says_what_is_set_and_what_it_tells(reader: TestClient) -> None:
    page = text(reader.get(HERE).text)
    assert "Settings of Departures per hour" in page
    assert "As it is set: 1 alert in 60 days." in page


def test_without_scripts_a_try_is_a_link_that_can_be_shared(reader: TestClient) -> None:
    page = reader.get(f"{HERE}?false_alerts_per_month=4&direction=down&smallest_change_share=5")
    assert "Would have been 2 alerts" in text(page.text)
    assert "New" in text(page.text)
    assert 'value="down" checked' in page.text
    assert 'name="smallest_change_share" min="0" step="any" value="5"' in page.text


def test_what_was_tried_has_an_address_without_the_token_of_the_form(reader: TestClient) -> None:
    page = reader.get(f"{HERE}?form_token=secret&false_alerts_per_month=4&direction=both")
    assert "Would have been 2 alerts" in text(page.text)
    assert page.url.query.decode() == "false_alerts_per_month=4&direction=both"
    assert "secret" not in page.text


def test_the_part_that_follows_the_slider_is_a_part(reader: TestClient) -> None:
    part = reader.get("/metrics/departures/trial?stop=9").json()
    assert "Would have been 2 alerts" in part["words"]
    assert "<html" not in part["words"]


def test_the_range_and_the_alerts_that_turn_lie_over_the_chart(reader: TestClient) -> None:
    told = reader.get("/metrics/departures/trial?stop=9&drawn=2").json()
    assert (told["drawn"], told["figure"]) == (2, None)
    assert sorted(turn["kind"] for turn in told["over"]["turns"]) == ["appears", "vanishes"]
    assert len(told["over"]["band"]["t"]) > 1000
    other = reader.get("/metrics/departures/trial?drawn=2&series=1").json()
    assert other["drawn"] == 1
    assert other["figure"]["columns"]["t"]
    assert (other["over"]["band"], other["over"]["turns"]) == (None, [])
    page = reader.get(f"{HERE}?false_alerts_per_month=4").text
    assert '"kind":"appears"' in page
    assert "range as tried" in page


def test_without_scripts_the_picture_shows_what_was_tried(reader: TestClient) -> None:
    as_set, tried = (reader.get(f"/metrics/departures/trial.png{query}") for query in ("", "?stop=9"))
    assert as_set.content.startswith(b"\x89PNG")
    assert tried.content != as_set.content
    assert 'src="/metrics/departures/trial.png?stop=9"' in reader.get(f"{HERE}?stop=9").text
    assert reader.get("/metrics/departures/trial.png?series=9,9").status_code == 422


def test_settings_are_kept_and_the_page_says_so(reader: TestClient, service: FakeService) -> None:
    fields = {**form(reader.get(HERE).text, HERE), "false_alerts_per_month": "2", "direction": "both"}
    answer = reader.post(HERE, data=fields)
    assert answer.status_code == 200
    assert "Saved" in text(answer.text)
    assert service.tuning.kept[-1][1]["false_alerts_per_month"] == 2.0
    assert service.tuning.kept[-1][2:] == ("Ada", False)


def test_a_lost_confirmed_alert_asks_a_second_time(reader: TestClient, service: FakeService) -> None:
    fields = {**form(reader.get(HERE).text, HERE), "direction": "up"}
    asked = reader.post(HERE, data=fields)
    assert asked.status_code == 409
    assert "confirmed" in text(asked.text)
    assert not service.tuning.kept
    again = reader.post(HERE, data=form(asked.text, HERE))
    assert again.status_code == 200
    assert service.tuning.kept[-1][3] is True


@pytest.mark.parametrize("query", ["false_alerts_per_month=many", "stop=99", "smallest_change=inf"])
def test_what_cannot_be_read_is_told_with_the_mend(reader: TestClient, query: str) -> None:
    answer = reader.get(f"{HERE}?{query}")
    assert answer.status_code == 422
    assert "settings" not in answer.url.query.decode()


def test_the_slider_stands_at_the_nearest_stop() -> None:
    assert [BUDGETS[nearest_stop(budget)] for budget in (0.01, 1.0, 1.1, 5.1, 400.0)] == [0.1, 1.0, 1.0, 6.0, 30.0]


def test_what_could_be_seen_comes_as_words_and_a_picture(reader: TestClient) -> None:
    assert "A 12 % drop is seen" in reader.get("/metrics/departures/power?series=2").text
    assert reader.get("/metrics/departures/power.png?series=2&scheme=dark").content == b"dark"
