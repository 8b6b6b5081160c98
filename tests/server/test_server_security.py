"""What the server refuses, and what it tells browsers to refuse."""

from __future__ import annotations

from pathlib import Path

import pytest
from litestar.testing import TestClient

from tests.server.fakes import FakeService
from tests.server.reading import form
from watchkeeper.server import create_app
from watchkeeper.server.pages.answers import own_place
from watchkeeper.server.security import without_port


@pytest.mark.parametrize("address", ["/", "/alerts/1", "/metrics/seats", "/nowhere", "/sign-in?token=x", "/health"])
def test_every_answer_carries_a_strict_policy(reader: TestClient, address: str) -> None:
    headers = reader.get(address).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize("action", ["/alerts/1/answer", "/metrics/departures/answer", "/answers/1/undo", "/sign-out"])
@pytest.mark.parametrize("token", [None, "", "0011.2233", "x"])
def test_a_form_without_our_token_changes_nothing(
    reader: TestClient, service: FakeService, action: str, token: str | None
) -> None:
    fields = {"answer": "real"} | ({} if token is None else {"form_token": token})
    answer = reader.post(action, data=fields)
    assert answer.status_code == 403
    assert "reload" in answer.text
    assert service.drafts == []
    assert reader.get("/").status_code == 200


def test_a_token_of_another_session_is_not_ours(reader: TestClient, service: FakeService, cache_dir: Path) -> None:
    service.tokens.add("second")
    app = create_app(service, secret=b"s" * 32, cache_dir=cache_dir)
    with TestClient(app, base_url="http://127.0.0.1") as other:
        fields = form(other.get("/sign-in?token=second").text, "/sign-in")
        other.post("/sign-in", data=fields)
        stolen = form(other.get("/").text, "/sign-out")
    assert reader.post("/sign-out", data=stolen).status_code == 403


def test_tokens_differ_from_page_to_page_and_all_work(reader: TestClient) -> None:
    first, second = (form(reader.get("/alerts/1").text, "/alerts/1/answer")["form_token"] for _ in range(2))
    assert first != second
    answer = reader.post("/alerts/1/answer", data={"form_token": first, "answer": "real"}, follow_redirects=False)
    assert answer.status_code == 303


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8321", "127.0.0.1.evil.example", "169.254.169.254", ""])
def test_other_hosts_are_refused(reader: TestClient, host: str) -> None:
    answer = reader.get("/", headers={"host": host})
    assert answer.status_code == 421
    assert "Departures" not in answer.text
    assert reader.get("/health", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["localhost:8321", "127.0.0.1", "[::1]:99", "LOCALHOST"])
def test_loopback_hosts_are_served(stranger: TestClient, host: str) -> None:
    assert stranger.get("/sign-in?token=x", headers={"host": host}).status_code == 200


def test_hosts_lose_their_port_only() -> None:
    assert without_port("[::1]:8321") == "[::1]"
    assert without_port("[::1]") == "[::1]"
    assert without_port("Example.com:80") == "example.com"


@pytest.mark.parametrize(
    "place",
    ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "alerts/1", "", "/a\nb"],
)
def test_the_way_back_leads_nowhere_else(place: str) -> None:
    assert own_place(place) == "/"


def test_the_way_back_keeps_its_filters() -> None:
    assert own_place("/?show=all&page=2") == "/?show=all&page=2"


@pytest.mark.parametrize("address", ["/", "/?show=all", "/alerts/5", "/metrics", "/metrics/seats", "/alerts/1"])
def test_a_title_with_markup_is_shown_and_not_run(reader: TestClient, address: str) -> None:
    page = reader.get(address).text
    assert "<script>alert" not in page
    assert 'alert("x")</script' not in page


def test_notes_and_searches_with_markup_are_shown_and_not_run(reader: TestClient) -> None:
    fields = form(reader.get("/alerts/1").text, "/alerts/1/answer")
    evil = '"><img src=x onerror=alert(1)></script>'
    page = reader.post("/alerts/1/answer", data={**fields, "answer": "event", "note": evil}).text
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page
    assert "<img src=x" not in reader.get("/", params={"text": evil}).text


def test_no_script_and_no_style_stands_in_a_page(reader: TestClient) -> None:
    for address in ("/?show=all", "/alerts/1", "/metrics/departures", "/told"):
        page = reader.get(address).text
        assert "<style" not in page
        assert ' style="' not in page
        assert " onclick" not in page
        assert page.count("<script") == page.count("defer></script>") + page.count('type="application/json"')


def test_large_bodies_are_refused(reader: TestClient) -> None:
    answer = reader.post("/alerts/1/answer", data={"note": "x" * 200_000})
    assert answer.status_code == 413
