"""One alert's page."""

from __future__ import annotations

import json
import re

import msgspec
import pytest
from litestar.testing import TestClient

from tests.server.fakes import FakeService
from tests.server.flights import SENTENCES
from tests.server.reading import form, text
from watchkeeper.server.pages.alert import alert_screen


def test_the_sentence_is_the_heading(reader: TestClient) -> None:
    page = reader.get("/alerts/1").text
    heading = re.search(r"<h1>(.*?)</h1>", page, re.DOTALL)
    assert heading
    assert text(heading[1]) == SENTENCES[1]


def test_the_page_shows_members_history_and_similar_alerts(reader: TestClient) -> None:
    page = text(reader.get("/alerts/1").text)
    assert "81 %" in page
    assert "22 flights" in page
    assert "Opened" in page
    assert "told.txt, 41 seconds later" in page
    assert "Similar alerts" in page


def test_what_explains_it_is_said_where_something_does(reader: TestClient) -> None:
    assert "91 % of the drop is origin = JFK." in reader.get("/alerts/1").text
    assert "What explains it" not in reader.get("/alerts/2").text


def test_the_runbook_is_linked(reader: TestClient) -> None:
    page = reader.get("/alerts/2").text
    assert 'href="https://runbooks.example/departures"' in page
    assert "First ask the towers." in page


def test_silence_has_no_value_and_says_so(reader: TestClient) -> None:
    page = text(reader.get("/alerts/3").text)
    assert "no data" in page
    assert "nan" not in page.lower().split()


def test_the_chart_data_is_complete_and_the_most_surprising_series_comes_first(reader: TestClient) -> None:
    page = reader.get("/alerts/1").text
    found = re.findall(r'<script type="application/json">(.*?)</script>', page, re.DOTALL)
    assert len(found) == 4
    data = json.loads(found[0])
    assert data["is_share"]
    assert len({len(column) for column in data["columns"].values()}) == 1
    assert set(data["config"]) == {"light", "dark"}
    assert {span["kind"] for span in data["spans"]} == {"alert"}


def test_without_scripts_the_chart_is_a_picture_in_both_schemes(reader: TestClient) -> None:
    page = reader.get("/alerts/1").text
    sources = [source.replace("&amp;", "&") for source in re.findall(r'(?:src|srcset)="(/alerts/1/chart[^"]+)"', page)]
    assert any("scheme=dark" in source for source in sources)
    for source in sources[:2]:
        answer = reader.get(source)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/png"
        assert answer.content.startswith(b"\x89PNG")


def test_a_picture_that_is_not_there_is_told(reader: TestClient) -> None:
    answer = reader.get("/alerts/1/chart.png?series=99")
    assert answer.status_code == 404
    assert "no chart of series 99" in text(answer.text)


@pytest.mark.parametrize(
    "address", ["/alerts/99", "/alerts/x", "/nowhere", "/metrics/none", "/metrics/departures?series=5"]
)
def test_what_is_not_there_is_a_page_that_says_the_mend(reader: TestClient, address: str) -> None:
    answer = reader.get(address)
    assert answer.status_code == 404
    assert "The inbox lists every alert" in text(answer.text)


def test_answers_so_far_are_listed_and_taken_back_ones_struck(reader: TestClient) -> None:
    for word in ("real", "event"):
        fields = form(reader.get("/alerts/1").text, "/alerts/1/answer")
        reader.post("/alerts/1/answer", data={**fields, "answer": word, "note": f"because {word}"})
    page = reader.get("/alerts/1").text
    reader.post("/answers/1/undo", data=form(page, "/answers/1/undo"))
    page = reader.get("/alerts/1").text
    assert "because event" in page
    assert "taken-back" in page
    assert "/answers/1/undo" not in page
    assert "/answers/2/undo" in page
    assert "Ada" in page


def test_guards_that_had_no_reason_to_act_are_not_listed(service: FakeService) -> None:
    page = service.alert_page(2)
    told = ("told: sent", "flag:ranking: held (the guard did nothing about it)", "flag:ranking: sent (serves basic)")
    (line, *_) = page.history
    (shown, *_) = alert_screen(
        msgspec.structs.replace(page, history=(msgspec.structs.replace(line, deliveries=told),))
    ).history
    assert shown.deliveries == ("told: sent", "flag:ranking: sent (serves basic)")


def test_a_reader_on_another_clock_is_told_the_time_on_their_own(reader: TestClient) -> None:
    assert "on your clock" not in text(reader.get("/alerts/2").text), "nobody has said which it is"
    reader.cookies.set("zone", "Europe%2FBerlin")
    assert "Mon 28 Oct 2013, 15:00 – 18:00 on your clock" in text(reader.get("/alerts/2").text)
    assert "When (Europe/Berlin)" in text(reader.get("/audit").text)
    for zone in ("America%2FNew_York", "no%2Fwhere", "%2E%2E%2Fetc%2Fpasswd"):
        reader.cookies.set("zone", zone)
        assert "on your clock" not in text(reader.get("/alerts/2").text)


def test_the_record_is_pure(service: FakeService) -> None:
    page = service.alert_page(1)
    screen = alert_screen(page)
    assert screen.figure
    assert screen.figure.title == "Share cancelled"
    assert [small.title for small in screen.small] == [
        f"Departures per hour ({name})" for name in ("EWR", "JFK", "LGA")
    ]
    assert screen.known == ()
    assert screen == alert_screen(page)


def test_an_alert_shows_what_it_was_and_what_is_known_now(reader: TestClient) -> None:
    page = text(reader.get("/alerts/1").text)
    assert "As it was 4 61 40 to 82 3.20 yes" in page
    assert "As we know now 4 – – – no" in page
    assert "Judged with the answers up to #4 on its series; 2 given since." in page
