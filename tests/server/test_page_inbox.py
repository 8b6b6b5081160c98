"""The inbox: what it lists, how it is filtered, what it says when it is empty."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from litestar.testing import TestClient

from tests.server.fakes import FakeService
from tests.server.flights import GUARDED, SENTENCES
from tests.server.reading import form, text
from watchkeeper.domain.times import DAY, parse_instant
from watchkeeper.server.pages.inbox import Filters, inbox_page
from watchkeeper.server.pages.news import News, changes


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
    assert "1 alert in 30 days, 1 false allowed" in page


def test_of_many_metrics_those_with_most_alerts_stand_beside_and_the_others_are_folded(service: FakeService) -> None:
    inbox = service.inbox()
    line = inbox.metrics[0]
    many = tuple(
        msgspec.structs.replace(
            line, metric=msgspec.structs.replace(line.metric, name=f"m{number}", title=""), alerts_30_days=number
        )
        for number in range(90)
    )
    page = inbox_page(msgspec.structs.replace(inbox, metrics=many), Filters())
    assert [line.metric.name for line in page.beside] == ["m89", "m88", "m87", "m86", "m85", "m84"]
    assert len(page.folded) == 60
    assert page.folded[0].metric.name == "m0"


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


def test_owner_tag_severity_and_time_are_asked_of_the_service(reader: TestClient, service: FakeService) -> None:
    address = "/?show=all&owner=Flight+operations&tag=critical&severity=3&since=2013-02-01&until=2013-02-28"
    page = reader.get(address).text
    day = parse_instant("2013-02-01")
    asked = {"owner": "Flight operations", "tag": "critical", "severity": 3, "start": day, "end": day + 28 * DAY}
    assert service.asked == asked
    assert '<details class="more-filters" open>' in page
    assert "severity=3" in page
    assert reader.get("/?severity=9").status_code in (400, 422)
    assert reader.get("/?since=soon").status_code == 422


def test_a_dead_channel_is_a_banner(reader: TestClient, service: FakeService) -> None:
    assert "People may not be told" not in reader.get("/").text
    service.failing = ("Failing for 2 hours: channel team: the other side answered 404.",)
    assert "People may not be told. Failing for 2 hours: channel team" in text(reader.get("/").text)


def bulk(reader: TestClient, **fields: object) -> str:
    token = form(reader.get("/?show=all").text, "/alerts/bulk")
    answer = reader.post("/alerts/bulk", data={**token, "next": "/?show=all", **fields}, follow_redirects=False)
    assert answer.status_code == 303
    return str(answer.headers["location"])


def test_several_alerts_get_one_answer_one_receipt_and_one_undo(reader: TestClient, service: FakeService) -> None:
    location = bulk(reader, alert=["1", "2"], answer="real")
    assert location == "/?show=all&receipt=1,2"
    page = reader.get(location).text
    assert "Noted: Real, on 2 alerts" in text(page)
    fields = form(page, "/answers/undo")
    undone = reader.post("/answers/undo", data=fields)
    assert "Taken back: 2 answers" in text(undone.text)
    assert [line.undoes for line in service.log] == [None, None, 2, 1]


def test_what_would_cost_a_confirmed_alert_is_left_out_of_several(reader: TestClient, service: FakeService) -> None:
    location = bulk(reader, alert=["2", str(GUARDED)], answer="false_alarm")
    assert location == f"/?show=all&receipt=1&left={GUARDED}"
    assert f"Nothing was said on alert {GUARDED}" in text(reader.get(location).text)
    assert [line.alert for line in service.log] == [2]


def test_several_alerts_are_acknowledged(reader: TestClient, service: FakeService) -> None:
    assert bulk(reader, alert=["2", "5"], act="acknowledge") == "/?show=all"
    assert [line.alert for line in service.deeds.log] == [2, 5]
    token = form(reader.get("/").text, "/sign-out")
    for chosen in ((), ("²",), ("9" * 5_000,)):
        assert reader.post("/alerts/bulk", data={**token, "answer": "real", "alert": chosen}).status_code == 422


def test_a_stream_says_when_something_changed(service: FakeService) -> None:
    async def listen() -> list[str]:
        stream = changes(News(service))
        heard = [str((await anext(stream)).event)]
        service.deeds.acknowledge([1], "Ada")
        while heard[-1] != "news":
            heard.append(str((await anext(stream)).event))
        return heard

    heard = asyncio.run(asyncio.wait_for(listen(), 20))
    assert (heard[0], heard[-1]) == ("open", "news")


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
