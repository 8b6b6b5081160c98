"""Ideas on the pages: the list, the report with its plots, a decision, and an idea assessed in a form."""

from __future__ import annotations

from pathlib import Path

import pytest
from litestar.testing import TestClient

from tests.server.fakes import FakeService
from tests.server.ideas import make_ideas
from tests.server.reading import form, text
from watchkeeper.domain.access import Role


@pytest.fixture(autouse=True)
def ideas(service: FakeService, tmp_path: Path) -> None:
    service.assessments = make_ideas(tmp_path)


def test_the_list_says_what_was_foreseen_decided_and_achieved(reader: TestClient) -> None:
    page = text(reader.get("/assessments").text)
    assert "the 90 % band held in 1" in page
    assert "accuracy 0.84 (0.81 to 0.87)" in page
    assert "0.83, as foreseen" in page
    assert "wait, Ada" in page


def test_a_report_shows_its_parts_its_plots_and_the_system_that_follows(reader: TestClient) -> None:
    answer = reader.get("/assessments/2")
    page = text(answer.text)
    assert "It works <mostly>." in page
    assert ": it beats the rule" in page
    assert "late-flights:" in page
    assert "lowest: accuracy: 0.8" in page
    assert answer.text.count("<svg") >= 3


def test_a_decision_is_written_down_with_its_reason(reader: TestClient) -> None:
    fields = form(reader.get("/assessments/1").text, "/assessments/1")
    said = {**fields, "act": "decide", "choice": "no", "reason": "too few users"}
    assert reader.post("/assessments/1", data=said, follow_redirects=False).status_code == 303
    assert ": too few users" in text(reader.get("/assessments/1").text)
    assert reader.post("/assessments/1", data={**said, "reason": " "}).status_code == 422
    assert reader.post("/assessments/1", data={**fields, "act": "achieved", "level": "much"}).status_code == 422


def test_an_idea_without_data_is_assessed_in_the_form(reader: TestClient) -> None:
    fields = form(reader.get("/assessments").text, "/assessments")
    said = {"name": "New", "row": "a user", "target": "buys", "rows": "2,000", "columns": "5", "effects": "0.5; 0.3"}
    answer = reader.post("/assessments", data={**fields, **said}, follow_redirects=False)
    assert answer.headers["location"] == "/assessments/3"
    assert "New" in text(reader.get("/assessments/3").text)
    wrong = reader.post("/assessments", data={**fields, **said, "rows": "many"})
    assert wrong.status_code == 422
    assert "are numbers" in text(wrong.text)


def test_who_may_not_configure_may_not_decide(reader: TestClient, service: FakeService) -> None:
    fields = form(reader.get("/assessments/1").text, "/assessments/1")
    service.role = Role.RESPONDER
    said = {**fields, "act": "decide", "choice": "no", "reason": "x"}
    assert reader.post("/assessments/1", data=said).status_code == 403


def test_an_idea_that_is_not_there_is_not_found(reader: TestClient) -> None:
    assert reader.get("/assessments/99").status_code == 404
