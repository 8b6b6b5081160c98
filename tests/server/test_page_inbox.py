"""The inbox: what it lists, how it is filtered, what it says when it is empty."""

from __future__ import annotations

import pytest
from litestar.testing import TestClient

from tests.server.fakes import FakeService
from tests.server.flights import SENTENCES
from tests.server.reading import text
from watchkeeper.server.pages.inbox import Filters, inbox_page


def test_alerts_are_listed_with_sentence_time_length_owner_and_series(reader: TestClient) -> None:
    page = text(reader.get("/?show=all").text)
    for sentence in SENTENCES.values():
        assert sentence in page
    assert "Fri 8 Feb 2013, 12:00" in page
    assert "lasted 1.2 days" in page
    assert "4 series of 2 metrics" in page
    assert "Flight operations" in page


def test_every_time_has_the_exact_one_in_utc(reader: TestClient) -> None:
    page = reader.get("/?show=all").text
    assert 'datetime="2013-02-08T17:00:00Z" title="2013-02-08 17:00:00 UTC' in page


def test_each_alert_has_a_sparkline_and_a_severity_in_words(reader: TestClient) -> None:
    page = reader.get("/?show=all").text
    assert page.count('<svg class="spark"') == 6
    assert "spark-told" in page
    assert "very strong" in page


def test_metrics_stand_beside_with_their_record(reader: TestClient) -> None:
    page = text(reader.get("/").text)
    assert "10 of 14 real" in page
    assert "1 alert in 30 days" in page


def test_filters_live_in_the_address(reader: TestClient) -> None:
    page = reader.get("/?show=all&order=newest&text=quiet").text
    assert "went quiet" in page
    assert "fell to 4 flights" not in page
    assert 'value="quiet"' in page
    assert "/?show=resolved&amp;order=newest&amp;text=quiet" in page


def test_an_address_leaves_out_what_is_usual() -> None:
    filters = Filters(show="all", text="a b", page=3)
    assert filters.address() == "/?show=all&text=a+b"
    assert filters.address(page=2) == "/?show=all&text=a+b&page=2"
    assert Filters().address() == "/"


def test_long_lists_have_pages(reader: TestClient, service: FakeService) -> None:
    service.many = 50
    page = reader.get("/?show=all&page=2").text
    assert "Page 2 of 3" in text(page)
    assert 'href="/?show=all&amp;page=3" rel="next"' in page
    assert 'href="/?show=all" rel="prev"' in page


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/?show=answered", "No answers yet"),
        ("/?show=explained", "Mark a holiday"),
        ("/?show=quiet", "Nothing was made quiet"),
        ("/?text=zebra", "drop the filters"),
    ],
)
def test_an_empty_list_teaches(reader: TestClient, address: str, words: str) -> None:
    assert words in text(reader.get(address).text)


def test_an_empty_house_says_how_to_begin(reader: TestClient, service: FakeService) -> None:
    service.is_empty = True
    assert "watchkeeper apply" in reader.get("/").text


@pytest.mark.parametrize("address", ["/?show=nonsense", "/?order=best", "/?page=0", "/?page=x"])
def test_a_mistyped_address_is_told(reader: TestClient, address: str) -> None:
    answer = reader.get(address)
    assert answer.status_code in (400, 422)
    assert "Go back" in text(answer.text)


def test_the_record_is_pure(service: FakeService) -> None:
    inbox = service.inbox(show="all")
    page = inbox_page(inbox, Filters(show="all"))
    assert [tab.label for tab in page.tabs if tab.is_current] == ["All"]
    assert page == inbox_page(inbox, Filters(show="all"))
