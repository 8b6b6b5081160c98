"""One metric's page, the list of metrics, and what was told."""

from __future__ import annotations

from litestar.testing import TestClient

from tests.server.fakes import FakeService
from tests.server.flights import METRICS, YEAR
from tests.server.reading import form, text
from watchkeeper.domain.question import Reply
from watchkeeper.domain.times import DAY, HOUR
from watchkeeper.server.close_up import cut, shown_window
from watchkeeper.server.pages.metric import metric_screen
from watchkeeper.server.pages.told import Message, told_page


def test_a_metric_shows_its_record_its_series_and_its_alerts(reader: TestClient) -> None:
    page = text(reader.get("/metrics/departures?series=2").text)
    assert "Departures per hour JFK" in page
    assert "10 real, 4 false" in page
    assert "Tue 29 Oct 2013, 01:00" in page
    assert "America/New_York" in page
    assert "fell to 4 flights" in page
    assert "all 3 series" in page


def test_a_metric_without_points_yet_has_no_time_of_its_newest(reader: TestClient) -> None:
    assert "none yet" in text(reader.get("/metrics/seats").text)


def test_the_chart_comes_as_data_that_a_browser_keeps(reader: TestClient) -> None:
    answer = reader.get("/metrics/departures/chart.json?series=2")
    assert answer.status_code == 200
    assert len(answer.json()["columns"]["t"]) == 301 * 24
    again = reader.get("/metrics/departures/chart.json?series=2", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


def test_pictures_of_the_year_and_of_a_window(reader: TestClient) -> None:
    for query in ("by=day", "from=2013-02-01T00:00&to=2013-03-01T00:00&scheme=dark"):
        answer = reader.get(f"/metrics/departures/chart.png?series=2&{query}")
        assert answer.headers["content-type"] == "image/png"


def test_a_time_that_cannot_be_read_is_told(reader: TestClient) -> None:
    answer = reader.get("/metrics/departures?from=yesterday")
    assert answer.status_code == 422
    assert "write it as" in text(answer.text)


def test_months_are_links_that_work_without_scripts(reader: TestClient) -> None:
    page = reader.get("/metrics/departures?series=2&from=2013-02-01T00:00&to=2013-03-01T00:00").text
    assert "from=2013-02-01T00:00&amp;to=2013-03-01T00:00#close-up" in page
    assert 'aria-current="true">Feb</a>' in page
    assert 'data-from="2013-02-01T00:00" data-to="2013-03-01T00:00"' in page


def test_an_hourly_metric_opens_on_its_newest_weeks_and_a_daily_one_whole(service: FakeService) -> None:
    hourly = service.metric_page("departures", 2).chart
    assert shown_window(hourly, None, None) == (hourly.time[-1] + HOUR - 28 * DAY, hourly.time[-1] + HOUR)
    daily = service.metric_page("seats").chart
    assert shown_window(daily, None, None) == (daily.time[0], daily.time[-1] + DAY)
    assert metric_screen(service.metric_page("seats")).year is None


def test_a_window_outside_the_chart_is_moved_into_it(service: FakeService) -> None:
    chart = service.metric_page("departures", 2).chart
    start, end = shown_window(chart, YEAR + 900 * DAY, None)
    assert chart.time[0] <= start < end <= chart.time[-1] + HOUR
    assert len(cut(chart, YEAR, YEAR + DAY).time) == 24


def test_the_list_of_metrics(reader: TestClient) -> None:
    page = text(reader.get("/metrics").text)
    assert "Share cancelled" in page
    assert "71 %" in page
    assert "45 to 88 %" in page
    assert "Raise the budget of flights from 1 to 2 a month." in page


def test_a_metric_shows_how_right_it_was(reader: TestClient) -> None:
    page = text(reader.get(f"/metrics/{METRICS[0].name}").text)
    assert "71 % 45 to 88 %, of 14" in page
    assert "2 missed" in page


def test_what_was_told(reader: TestClient, service: FakeService) -> None:
    page = text(reader.get("/told").text)
    assert page.index("fell to 4 flights") < page.index("3 other series moved")
    assert 'href="http://127.0.0.1:8321/alerts/2"' in reader.get("/told").text


def test_what_was_told_names_what_went_to_channels_without_a_file_and_why_the_rest_did_not(reader: TestClient) -> None:
    every = text(reader.get("/told").text)
    assert "team sent" in every
    assert "pager held: muted: the database moves" in every
    held = text(reader.get("/told?outcome=held").text)
    assert "pager" in held
    assert "team sent" not in held
    assert "Nothing was failed" not in held
    assert "Nothing failed." in text(reader.get("/told?outcome=failed").text)


def test_a_message_is_taken_apart_at_its_first_lines() -> None:
    page = told_page(("Subject: 1\nA sentence.\n\n- one\n- two\n", "Only a subject"))
    assert page.messages == (
        Message(subject="Subject: 1", sentence="A sentence.", rest="- one\n- two"),
        Message(subject="Only a subject", sentence="", rest=""),
    )


def test_a_metric_asks_about_what_it_kept_quiet(reader: TestClient, service: FakeService) -> None:
    page = reader.get("/metrics/departures?series=2").text
    assert "Was Departures per hour (JFK) fine?" in text(page)
    fields = form(page, "/questions/1/reply")
    done = reader.post("/questions/1/reply", data={**fields, "reply": "missed"}, follow_redirects=False)
    assert (done.status_code, done.headers["location"]) == (303, "/metrics/departures?series=2")
    assert service.questions.replies == [(1, Reply.MISSED, "Ada")]
    assert "Was Departures per hour (JFK) fine?" not in text(reader.get("/metrics/departures").text)
    assert reader.post("/questions/1/reply", data={**fields, "reply": "perhaps"}).status_code == 422
