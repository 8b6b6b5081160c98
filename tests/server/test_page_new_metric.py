"""The page of a new metric: choices in the address, the source's words at their place, nothing kept before the end."""

from __future__ import annotations

import pytest
from litestar.testing import TestClient

from tests.server.fakes import FakeService
from tests.server.reading import form, text
from watchkeeper.domain.errors import InputError
from watchkeeper.server.pages.new_metric import Choices, measure_of, metric_of

TABLE = "/new-metric?source=warehouse&table=flights"


def test_each_choice_offers_the_next(reader: TestClient) -> None:
    first = reader.get("/new-metric").text
    assert "warehouse" in first
    assert 'id="table"' not in first
    assert "flights" in reader.get("/new-metric?source=warehouse").text
    chosen = reader.get(TABLE).text
    assert '<option value="departed" selected>' in chosen
    assert "Switch on" not in chosen


def test_a_draft_is_drawn_and_says_what_it_would_have_told(reader: TestClient) -> None:
    page = reader.get(f"{TABLE}&measure=sum&of=seats&dimension_1=origin&title=Seats&draw=1").text
    assert "would have told 1 alert" in text(page)
    assert "2 rows of groups that are too small were withheld" in text(page)
    assert 'id="draft-0"' in page
    assert 'data-of="draft-0"' in page, "its year by day, under the newest weeks"
    assert f'data-newest="{28 * 86400 * 1000}"' in page
    picture = reader.get("/new-metric/chart.png?source=warehouse&table=flights&time_column=departed")
    assert picture.headers["content-type"] == "image/png"
    assert "A 12 % drop" in reader.get("/new-metric/power?source=warehouse&table=flights&time_column=departed").text


def test_what_the_database_says_stands_beside_the_query_as_it_was_typed(reader: TestClient) -> None:
    answer = reader.get("/new-metric?source=warehouse&by=query&query=selct+1&draw=1")
    assert answer.status_code == 200
    assert "syntax error at or near" in text(answer.text)
    assert ">selct 1</textarea>" in answer.text
    assert answer.text.index("</textarea>") < answer.text.index('id="trouble"') < answer.text.index('for="step"')
    assert 'aria-invalid="true" aria-describedby="trouble"' in answer.text
    assert "unable to open database file" in text(reader.get("/new-metric?source=gone").text)


def test_it_is_switched_on_once_and_by_whom(reader: TestClient, service: FakeService) -> None:
    page = reader.get(f"{TABLE}&measure=sum&of=seats&title=Seats flown&draw=1").text
    answer = reader.post("/new-metric", data=form(page, "/new-metric"))
    assert "Switched on" in text(answer.text)
    [(metric, by)] = service.drafting.created
    assert (metric.name, metric.measure, metric.time_column, by) == ("seats-flown", "sum(seats)", "departed", "Ada")


def test_a_name_that_is_taken_is_told_on_the_page(reader: TestClient, service: FakeService) -> None:
    page = reader.get(f"{TABLE}&title=Departures&draw=1").text
    answer = reader.post("/new-metric", data=form(page, "/new-metric"))
    assert answer.status_code == 422
    assert "choose another name" in text(answer.text)
    assert service.drafting.created == []


@pytest.mark.parametrize(
    ("choices", "measure"),
    [
        (Choices(), "count"),
        (Choices(measure="distinct", of="customer"), "count(distinct customer)"),
        (Choices(measure="avg", of="seats"), "avg(seats)"),
        (Choices(measure="share", of="status = 'paid'"), "share(status = 'paid')"),
        (Choices(measure="ratio", of="errors", per="calls"), "ratio(errors, calls)"),
    ],
)
def test_measures_are_said_as_a_configuration_says_them(choices: Choices, measure: str) -> None:
    assert measure_of(choices) == measure


def test_a_choice_that_is_missing_is_named() -> None:
    with pytest.raises(InputError, match="time column"):
        metric_of(Choices(source="warehouse", table="flights"))
    with pytest.raises(InputError, match="measured of"):
        metric_of(Choices(source="warehouse", table="flights", time_column="departed", measure="sum"))
    with pytest.raises(InputError, match="write a SELECT"):
        metric_of(Choices(source="warehouse", by="query"))
