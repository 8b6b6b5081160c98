"""The pages of systems: what is wrong, what is missing, and a word on a test."""

from __future__ import annotations

from litestar.testing import TestClient

from tests.server.fakes import FakeService
from tests.server.reading import form


def test_the_list_says_how_each_fares(reader: TestClient):
    page = reader.get("/systems").text
    assert "Late departures" in page
    assert "Trouble with weather." in page
    assert "3 of 11 for production" in page


def test_a_system_shows_its_inputs_its_guard_and_what_is_missing(reader: TestClient):
    page = reader.get("/systems/late").text
    assert "6 hours were promised" in page
    assert "alert #1" in page
    assert "Tripped to basic." in page
    assert "weather: no error_after" not in page
    assert "Nobody wrote what to do." in page
    assert "quality is measured" in page


def test_a_person_says_how_far_a_test_is(reader: TestClient, service: FakeService):
    fields = form(reader.get("/systems/late").text, "/systems/late")
    said = {**fields, "test": "reproducible", "points": "0.5", "note": "by hand"}
    assert reader.post("/systems/late", data=said, follow_redirects=False).status_code == 303
    assert (service.systems.said[-1].test, service.systems.said[-1].by) == ("reproducible", "Ada")
    assert "by hand" in reader.get("/systems/late").text
    assert reader.post("/systems/late", data={**said, "points": "2"}).status_code == 400
    for points in ("nan", "inf", "x"):
        assert reader.post("/systems/late", data={**said, "points": points}).status_code in (400, 422)


def test_a_runbook_is_markdown_and_no_html(reader: TestClient):
    page = reader.get("/systems/late").text
    assert "<em>met office</em>" in page
    assert "<code>curl feed</code>" in page
    assert "&lt;b&gt;wait&lt;/b&gt;" in page


def test_no_such_system(reader: TestClient):
    assert reader.get("/systems/none").status_code == 404


def test_the_page_draws_how_right_it_was_and_when_the_fallback_answered(reader: TestClient):
    page = reader.get("/systems/late").text
    assert "Accuracy over time" in page
    assert "Shaded: the fallback answered everybody" in page
    true = page.split('class="interval-line" d="')[1].split('"')[0]
    assert (true.count("M"), true.count("L")) == (2, 1), "the line is broken where the truth is not known"
    assert page.count('class="truth-fallback"') == 2, "once for a desk, once for a phone"
    assert 'viewBox="0 0 720 240"' in page
    assert 'viewBox="0 0 340 240"' in page
    assert "What happened" in page
