"""A new idea on the page: a table is chosen, its columns are shown, it runs with progress, and its report is kept."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from litestar.testing import TestClient

from tests.assess.tables import visits
from tests.server.fakes import FakeService
from tests.server.ideas import make_ideas
from tests.server.reading import form, text
from watchkeeper.domain.metric import Source
from watchkeeper.stores.ledger import Ledger, metrics
from watchkeeper.watch.assessments import Assessments

SAID = {
    "source": "warehouse",
    "table": "flights",
    "name": "Will they buy?",
    "row": "one visit",
    "target": "bought",
    "time": "at",
    "metric": "roc_auc",
    "level": "0.7",
    "role.shop": "ignore",
}


@pytest.fixture(autouse=True)
def ideas(service: FakeService, tmp_path: Path) -> Assessments:
    """The desk over a ledger that knows a warehouse whose table `flights` holds visits."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    visits(240).to_pandas().to_sql("flights", engine, index=False)
    engine.dispose()
    make_ideas(tmp_path)
    ledger = Ledger.open(f"sqlite:///{tmp_path / 'ideas.db'}")
    with ledger.write() as tx:
        metrics.put_source(tx, Source(name="warehouse", kind="sql", url=f"sqlite:///{tmp_path / 'shop.db'}"))
    service.assessments = Assessments(ledger, time.time)
    return service.assessments


def test_a_table_is_chosen_and_its_columns_are_shown(reader: TestClient) -> None:
    assert "Choose where the rows are" in text(reader.get("/new-assessment").text)
    page = reader.get("/new-assessment?source=warehouse&table=flights").text
    assert "departed" in text(page)
    assert "known only afterwards" in text(page)


def test_an_idea_runs_and_its_report_is_kept(reader: TestClient, ideas: Assessments) -> None:
    fields = form(reader.get("/new-assessment?source=warehouse&table=flights").text, "/new-assessment")
    answer = reader.post("/new-assessment", data={**fields, **SAID, "time": ""}, follow_redirects=False)
    assert answer.status_code == 303, text(answer.text)
    place = answer.headers["location"]
    for _ in range(600):
        shown = reader.get(place, follow_redirects=False)
        if shown.status_code == 303:
            break
        assert "Being assessed: " in text(shown.text), text(shown.text)
        assert shown.headers["Refresh"] == "1"
        time.sleep(0.1)
    assert shown.headers["location"] == "/assessments/3"
    kept = ideas.page(3)
    assert kept.promised == 0.7
    assert kept.line.report.rows_total == 240
    assert "shop (to be ignored)" in " ".join(kept.line.report.notes)


def test_what_is_missing_or_no_number_is_said_at_the_form(reader: TestClient) -> None:
    fields = form(reader.get("/new-assessment?source=warehouse&table=flights").text, "/new-assessment")
    for said, words in (
        ({"target": ""}, "the column to predict"),
        ({"level": "high"}, "level: 'high' is not a number"),
        ({"level": "inf"}, "level: 'inf' is not a number"),
        ({"metric": "", "level": "0.7"}, "of which metric"),
    ):
        answer = reader.post("/new-assessment", data={**fields, **SAID, **said})
        assert answer.status_code == 422
        assert words in text(answer.text)


def test_a_source_that_fails_is_told_and_nothing_is_kept(reader: TestClient, ideas: Assessments) -> None:
    fields = form(reader.get("/new-assessment?source=warehouse&table=flights").text, "/new-assessment")
    answer = reader.post("/new-assessment", data={**fields, **SAID, "table": "nowhere"}, follow_redirects=False)
    for _ in range(100):
        page = text(reader.get(answer.headers["location"]).text)
        if "Being assessed" not in page:
            break
        time.sleep(0.05)
    assert "nowhere" in page
    assert len(ideas.lines()) == 2
    assert reader.get("/new-assessment/unknown").status_code == 404
    assert "unable to open" in text(reader.get("/new-assessment?source=gone").text)
