"""What is configured is removed where it is edited, after a page that says what that means."""

from __future__ import annotations

import pytest
from litestar.testing import TestClient

from tests.server.fakes import FakeService
from tests.server.reading import form, forms, text
from watchkeeper.domain.access import Role


@pytest.mark.parametrize(
    ("where", "kind", "name", "then"),
    [
        ("/metrics/departures/settings", "metric", "departures", "/metrics"),
        ("/flags/ranking", "flag", "ranking", "/flags"),
        ("/systems/late", "system", "late", "/systems"),
    ],
)
def test_a_page_leads_to_the_question_and_the_button_removes(
    reader: TestClient, service: FakeService, where: str, kind: str, name: str, then: str
) -> None:
    there = f"/remove/{kind}/{name}"
    assert f'href="{there}"' in reader.get(where).text
    page = reader.get(there).text
    assert "2 open alerts end" in text(page)
    assert ("With it go metric late.skill" in text(page)) == (kind == "system")
    assert service.removed == [], "a question removes nothing"
    done = reader.post(there, data=form(page, there), follow_redirects=False)
    assert (done.status_code, done.headers["location"]) == (303, then)
    assert service.removed == [(kind, name, "Ada")]


def test_what_something_refers_to_has_no_button(reader: TestClient) -> None:
    assert 'href="/remove/channel/team"' in reader.get("/setup").text
    page = reader.get("/remove/channel/team").text
    assert "route night (channels)" in text(page)
    assert "/remove/channel/team" not in forms(page)


def test_only_an_editor_is_led_there(reader: TestClient, service: FakeService) -> None:
    pages = ("/metrics/departures/settings", "/flags/ranking", "/systems/late", "/setup")
    assert all("/remove/" in reader.get(where).text for where in pages)
    service.role = Role.RESPONDER
    for where in pages:
        page = reader.get(where)
        assert page.status_code == 200, where
        assert "/remove/" not in page.text, where


def test_only_an_editor_removes(reader: TestClient, service: FakeService) -> None:
    there = "/remove/metric/departures"
    fields = form(reader.get(there).text, there)
    service.role = Role.RESPONDER
    assert reader.get(there).status_code == 403
    assert reader.post(there, data=fields).status_code == 403
    assert service.removed == []
