"""Who gets in, and how."""

from __future__ import annotations

import pytest
from litestar.testing import TestClient

from tests.server.fakes import FakeService
from tests.server.reading import form, forms, text

PAGES = (
    "/",
    "/alerts/1",
    "/alerts/1/chart.png",
    "/metrics",
    "/metrics/departures",
    "/metrics/departures/chart.json",
    "/told",
)


@pytest.mark.parametrize("address", PAGES)
def test_without_a_session_every_page_says_how_to_get_a_link(stranger: TestClient, address: str) -> None:
    answer = stranger.get(address)
    assert answer.status_code == 401
    assert "watchkeeper link" in answer.text
    assert "Departures" not in answer.text


def test_opening_the_link_does_not_use_it_up(stranger: TestClient, service: FakeService) -> None:
    for _ in range(3):
        assert stranger.get("/sign-in?token=good-token").status_code == 200
        assert stranger.head("/sign-in?token=good-token").status_code in (200, 405)
    assert "good-token" in service.tokens


def test_the_button_signs_in_once(stranger: TestClient, service: FakeService) -> None:
    page = stranger.get("/sign-in?token=good-token").text
    fields = form(page, "/sign-in")
    answer = stranger.post("/sign-in", data={**fields, "name": "  Ada\n Lovelace "}, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "Signed in as Ada Lovelace" in stranger.get("/").text
    again = stranger.post("/sign-in", data=fields, follow_redirects=False)
    assert again.status_code in (401, 403)


def test_a_used_link_says_to_ask_for_a_new_one(stranger: TestClient) -> None:
    page = stranger.get("/sign-in?token=never-made").text
    answer = stranger.post("/sign-in", data=form(page, "/sign-in"))
    assert answer.status_code == 401
    assert "watchkeeper link" in answer.text


def test_a_link_without_its_token_has_no_button(stranger: TestClient) -> None:
    page = stranger.get("/sign-in").text
    assert "/sign-in" not in forms(page)
    assert "lacks its token" in text(page)


def test_a_changed_cookie_is_no_session(reader: TestClient) -> None:
    name = next(name for name in reader.cookies if "session" in name)
    reader.cookies[name] = reader.cookies[name][:-2] + "xx"
    assert reader.get("/").status_code == 401


def test_a_session_that_the_service_ended_is_over(reader: TestClient, service: FakeService) -> None:
    assert reader.get("/").status_code == 200
    service.keys.clear()
    assert reader.get("/").status_code == 401


def test_signing_out(reader: TestClient) -> None:
    fields = form(reader.get("/").text, "/sign-out")
    assert reader.post("/sign-out", data=fields, follow_redirects=False).status_code == 303
    assert reader.get("/").status_code == 401


def test_a_name_is_optional(stranger: TestClient, service: FakeService) -> None:
    fields = form(stranger.get("/sign-in?token=good-token").text, "/sign-in")
    stranger.post("/sign-in", data=fields)
    page = stranger.get("/alerts/1").text
    stranger.post("/alerts/1/answer", data={**form(page, "/alerts/1/answer"), "answer": "real"})
    assert service.drafts[0].by == "someone"
