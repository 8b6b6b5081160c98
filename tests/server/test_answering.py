"""Every answer becomes the right draft, says what it changed, and can be taken back."""

from __future__ import annotations

import pytest
from litestar.testing import TestClient

from tests.server.fakes import FakeService
from tests.server.flights import BLIZZARD, GUARDED
from tests.server.reading import form, forms, text
from watchkeeper.domain.feedback import Answer
from watchkeeper.domain.times import HOUR
from watchkeeper.watch.views import Draft, Reach


def say(reader: TestClient, place: str, action: str, follow: bool = True, **fields: str) -> object:
    """Fill in the form of a page and send it."""
    hidden = form(reader.get(place).text, action)
    return reader.post(action, data={**hidden, **fields}, follow_redirects=follow)


@pytest.mark.parametrize("answer", list(Answer))
def test_one_click_on_an_alert_speaks_of_the_alert_itself(
    reader: TestClient, service: FakeService, answer: Answer
) -> None:
    say(reader, "/alerts/1", "/alerts/1/answer", answer=answer.value, note="", **{"from": "", "to": ""})
    assert service.drafts == [Draft(answer=answer, by="Ada", alert=1)]


def test_an_event_may_repeat_and_reach_every_series_with_the_same_value(
    reader: TestClient, service: FakeService
) -> None:
    fields = {"reach": "value:origin", "repeat": "holidays", "country": " us-ny ", "from": "", "to": ""}
    assert 'value="value:origin"' in reader.get("/alerts/2").text
    say(reader, "/alerts/1", "/alerts/1/answer", answer="event", note="", **fields)
    reached = {"reach": Reach.VALUE, "dimension": "origin"}
    assert service.drafts == [Draft(answer=Answer.EVENT, by="Ada", alert=1, repeat="holidays:US-NY", **reached)]
    say(reader, "/alerts/1", "/alerts/1/answer", answer="bad_data", note="", **fields | {"repeat": "weekly"})
    assert service.drafts[1].repeat == ""
    window = {"from": "2013-02-08T09:00", "to": "2013-02-08T10:00", "scope": "value:origin", "repeat": "yearly"}
    say(reader, "/metrics/departures", "/metrics/departures/answer", answer="event", note="", **window)
    said = service.drafts[2]
    assert (said.reach, said.dimension, said.repeat) == (Reach.VALUE, "origin", "yearly")
    say(reader, "/alerts/1", "/alerts/1/answer", answer="real", note="", **fields)
    assert service.drafts[3] == Draft(answer=Answer.REAL, by="Ada", alert=1)


def test_the_receipt_is_shown_where_the_button_was(reader: TestClient) -> None:
    hidden = form(reader.get("/alerts/1").text, "/alerts/1/answer")
    answer = reader.post("/alerts/1/answer", data={**hidden, "answer": "event"}, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/alerts/1?receipt=1"
    page = text(reader.get("/alerts/1?receipt=1").text)
    assert "Noted: Event" in page
    assert "2 of the last 9 alerts would not have fired" in page
    assert "9 alerts before, 7 now" in page
    assert "4 of 4 confirmed still fire" in page


def test_a_preview_says_what_an_answer_would_change_and_says_nothing_to_the_service(
    reader: TestClient, service: FakeService
) -> None:
    seen = reader.get("/alerts/1/preview", params={"answer": "event", "from": "", "to": "", "note": ""})
    assert seen.status_code == 200
    told = seen.json()
    assert "2 of the last 9 alerts would not have fired" in text(told["words"])
    assert "Confirmed, and lost #6" in text(told["words"])
    assert "and 2 more" in text(told["words"])
    assert [span["kind"] for span in told["over"]["turns"]] == ["lost", *["vanishes"] * 7, "appears"]
    assert set(told["over"]["band"]) == {"t", "v", "e", "lo", "hi", "a"}
    assert (service.drafts, service.log) == ([], [])
    assert reader.get("/alerts/1/preview", params={"answer": "perhaps"}).status_code == 422
    assert reader.get("/alerts/999/preview", params={"answer": "real"}).status_code == 404


def test_a_preview_of_a_window_is_cut_to_what_is_shown(reader: TestClient, service: FakeService) -> None:
    window = {"answer": "missed", "series": 2, "from": "2013-02-08T14:00", "to": "2013-02-08T15:00"}
    shown = {"shown_from": "2013-02-08T00:00", "shown_to": "2013-02-09T00:00"}
    seen = reader.get("/metrics/departures/preview", params={**window, **shown})
    assert len(seen.json()["over"]["band"]["t"]) == 24
    assert service.drafts == []
    assert reader.get("/metrics/departures/preview", params={"answer": "missed", "series": 2}).status_code == 422


@pytest.mark.parametrize(
    ("page", "action", "fields"),
    [
        ("/alerts/1", "/alerts/1/answer", {"answer": "event", "note": "storm"}),
        (
            "/metrics/departures?series=2",
            "/metrics/departures/answer",
            {"answer": "event", "from": "2013-02-08T14:00", "to": "2013-02-08T15:00", "note": "storm"},
        ),
    ],
)
def test_who_wants_to_see_it_first_is_asked_for_the_last_word(
    reader: TestClient, service: FakeService, page: str, action: str, fields: dict[str, str]
) -> None:
    asked = reader.post(action, data={**form(reader.get(page).text, action), **fields, "first": "1"}).text
    assert service.drafts == []
    assert "Confirmed, and lost #6" in text(asked)
    said = reader.post(action, data=form(asked, action))
    assert "Noted: Event" in text(said.text)
    assert [(draft.answer, draft.note) for draft in service.drafts] == [(Answer.EVENT, "storm")]


def test_undo_and_undo_of_the_undo(reader: TestClient, service: FakeService) -> None:
    say(reader, "/alerts/1", "/alerts/1/answer", answer="event")
    page = reader.get("/alerts/1?receipt=1").text
    undone = reader.post("/answers/1/undo", data=form(page, "/answers/1/undo"))
    assert "Taken back" in text(undone.text)
    assert str(undone.url).endswith("/alerts/1?receipt=2")
    assert service.log[-1].undoes == 1
    assert service.log[-1].by == "Ada"
    reader.post("/answers/2/undo", data=form(undone.text, "/answers/2/undo"))
    assert service.log[-1].undoes == 2


def test_the_price_of_a_missed_window_is_accepted_by_a_second_yes(reader: TestClient, service: FakeService) -> None:
    window = {"answer": "missed", "from": "2013-02-08T14:00", "to": "2013-02-08T15:00"}
    noted = say(reader, "/metrics/departures?series=2", "/metrics/departures/answer", **window)
    page = reader.post("/answers/1/yes", data=form(noted.text, "/answers/1/yes"))
    assert str(page.url).endswith("/metrics/departures?series=2&receipt=2")
    assert [(draft.force, draft.series, draft.start, draft.end) for draft in service.drafts] == [
        (False, (2,), BLIZZARD, BLIZZARD + HOUR),
        (True, (2,), BLIZZARD, BLIZZARD + HOUR),
    ]
    assert "/answers/2/yes" not in page.text
    reader.post("/answers/2/undo", data=form(page.text, "/answers/2/undo"))
    token = {"form_token": form(page.text, "/answers/2/undo")["form_token"]}
    assert reader.post("/answers/3/yes", data=token).status_code == 422


def test_an_answer_from_the_list_comes_back_to_the_list(reader: TestClient, service: FakeService) -> None:
    page = reader.get("/?show=all&order=newest").text
    fields = {**forms(page)["quick-answer"], "answer": "real"}
    answer = reader.post("/alerts/2/answer", data=fields, follow_redirects=False)
    assert answer.headers["location"] == "/?show=all&order=newest&receipt=1"
    assert "Noted: Real" in text(reader.get(answer.headers["location"]).text)


def test_a_window_on_an_alert_is_read_on_the_metrics_clock(reader: TestClient, service: FakeService) -> None:
    say(
        reader,
        "/alerts/1",
        "/alerts/1/answer",
        answer="event",
        note=" snow ",
        **{"from": "2013-02-08T14:00", "to": "2013-02-09T08:00"},
    )
    assert service.drafts == [
        Draft(answer=Answer.EVENT, by="Ada", alert=1, start=BLIZZARD, end=BLIZZARD + 18 * HOUR, note="snow")
    ]


def test_half_a_window_is_filled_from_the_alert(reader: TestClient, service: FakeService) -> None:
    say(reader, "/alerts/1", "/alerts/1/answer", answer="event", **{"from": "2013-02-08T14:00"})
    say(reader, "/alerts/1", "/alerts/1/answer", answer="missed", to="2013-02-09T08:00")
    say(reader, "/alerts/1", "/alerts/1/answer", answer="new_normal", **{"from": "2013-02-08T14:00"})
    windows = [(draft.start, draft.end) for draft in service.drafts]
    assert windows == [
        (BLIZZARD, BLIZZARD + 26 * HOUR),
        (BLIZZARD - 2 * HOUR, BLIZZARD + 18 * HOUR),
        (BLIZZARD, None),
    ]


@pytest.mark.parametrize(
    ("fields", "draft"),
    [
        (
            {"answer": "missed", "from": "2013-02-08T14:00", "to": "2013-02-08T15:00"},
            Draft(answer=Answer.MISSED, by="Ada", series=(2,), start=BLIZZARD, end=BLIZZARD + HOUR),
        ),
        (
            {"answer": "event", "from": "2013-02-08T14:00", "to": "2013-02-08T15:00", "scope": "all", "note": "x"},
            Draft(answer=Answer.EVENT, by="Ada", series=(1, 2, 3), start=BLIZZARD, end=BLIZZARD + HOUR, note="x"),
        ),
        (
            {"answer": "new_normal", "from": "2013-02-08T14:00", "to": "2013-02-08T15:00", "scope": "one"},
            Draft(answer=Answer.NEW_NORMAL, by="Ada", series=(2,), start=BLIZZARD),
        ),
        (
            {"answer": "bad_data", "from": "2013-02-08T14:00", "to": "2013-02-08T15:00"},
            Draft(answer=Answer.BAD_DATA, by="Ada", series=(2,), start=BLIZZARD, end=BLIZZARD + HOUR),
        ),
    ],
)
def test_a_window_of_a_metric(reader: TestClient, service: FakeService, fields: dict[str, str], draft: Draft) -> None:
    page = say(reader, "/metrics/departures?series=2", "/metrics/departures/answer", **fields)
    assert service.drafts == [draft]
    assert "Noted:" in text(page.text)  # type: ignore[attr-defined]
    assert "series=2" in str(page.url)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"answer": "event"}, "From: say when it began"),
        ({"answer": "event", "from": "2013-02-08T14:00"}, "To: say when it ended"),
        ({"answer": "event", "from": "2013-02-08T14:00", "to": "2013-02-08T13:00"}, "ends before it begins"),
        ({"answer": "event", "from": "noon", "to": "2013-02-08T13:00"}, "write it as"),
        ({"answer": "maybe", "from": "2013-02-08T14:00"}, "use one of real, false_alarm"),
        ({"answer": "real", "from": "2013-02-08T14:00"}, "said on an alert"),
        ({"answer": "event", "from": "2013-02-08T14:00", "to": "2013-02-08T15:00", "note": "x" * 2001}, "shorten it"),
        ({"answer": "event", "series": "two"}, "not the number of a series"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_mend(
    reader: TestClient, service: FakeService, fields: dict[str, str], words: str
) -> None:
    page = say(reader, "/metrics/departures?series=2", "/metrics/departures/answer", **fields)
    assert page.status_code == 422  # type: ignore[attr-defined]
    assert words in text(page.text)  # type: ignore[attr-defined]
    assert service.drafts == []


def test_losing_a_confirmed_alert_needs_a_second_yes(reader: TestClient, service: FakeService) -> None:
    place, action = f"/alerts/{GUARDED}", f"/alerts/{GUARDED}/answer"
    page = say(reader, place, action, answer="false_alarm", note="the test again")
    assert page.status_code == 409  # type: ignore[attr-defined]
    asked = text(page.text)  # type: ignore[attr-defined]
    assert "1 alert that a person confirmed as real would no longer fire" in asked
    assert "Yes, even so" in asked
    assert service.log == []
    reader.post(action, data=form(page.text, action))  # type: ignore[attr-defined]
    assert service.drafts[-1] == Draft(
        answer=Answer.FALSE_ALARM, by="Ada", alert=GUARDED, note="the test again", force=True
    )
    assert len(service.log) == 1


def test_answers_to_what_is_not_there(reader: TestClient) -> None:
    token = form(reader.get("/").text, "/sign-out")
    assert reader.post("/alerts/99/answer", data={**token, "answer": "real"}).status_code == 404
    assert reader.post("/answers/99/undo", data=token).status_code == 404
    assert reader.post("/metrics/none/answer", data={**token, "answer": "event"}).status_code == 404


def test_a_receipt_that_is_not_there_is_not_shown(reader: TestClient) -> None:
    answer = reader.get("/alerts/1?receipt=77")
    assert answer.status_code == 200
    assert 'class="receipt"' not in answer.text
