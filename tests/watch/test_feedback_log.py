"""What people said can be written out, read in elsewhere, and means the same there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.watch import shop
from tests.watch.test_service import alert_at, same_state, state
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.errors import GuardError, InputError
from watchkeeper.domain.feedback import Answer
from watchkeeper.domain.times import DAY, HOUR, format_instant
from watchkeeper.watch.service import Watchkeeper
from watchkeeper.watch.views import Draft


def exported(service: Watchkeeper) -> list[str]:
    return [json.dumps(line) for line in service.export_feedback()]


def say_things(service: Watchkeeper) -> None:
    first, later = alert_at(service, shop.DROP).alert, alert_at(service, shop.LATER_DROP).alert
    said = service.answer(Draft(answer=Answer.FALSE_ALARM, by="ann", alert=first.id, note="maintenance"))
    service.answer(Draft(answer=Answer.EVENT, by="bob", alert=later.id))
    series = service.metric_page("orders").chosen.id
    service.answer(Draft(answer=Answer.NEW_NORMAL, by="cem", series=(series,), start=shop.END - 40 * HOUR))
    service.undo(said.feedback.id, "ann")


def test_the_log_read_in_elsewhere_gives_the_same_state(service: Watchkeeper, home: Path):
    say_things(service)
    lines = exported(service)
    assert [json.loads(line)["kind"] for line in lines] == ["false_alarm", "event", "new_normal", "undo"]
    assert json.loads(lines[0])["series"] == ["orders{country=DE}", "orders{country=US}"]
    with Watchkeeper.open(home / "elsewhere") as other:
        other.apply(parse_config(shop.CONFIG.format(shop=home / "shop.db", told=home / "other.txt")), "tester")
        other.run_until(shop.END)
        done = other.import_feedback(lines, "log.jsonl", "tester")
        assert (done.added, done.present) == (4, 0)
        assert same_state(state(other), state(service))
        again = other.import_feedback(lines, "log.jsonl", "tester")
        assert (again.added, again.present) == (0, 4)
        assert len(exported(other)) == 4


def test_a_second_yes_is_said_elsewhere_too(service: Watchkeeper, home: Path):
    series = service.metric_page("orders").chosen.id
    window = {"series": (series,), "start": shop.END - 40 * HOUR, "end": shop.END - 38 * HOUR}
    for force in (False, True):
        service.answer(Draft(answer=Answer.MISSED, by="ann", force=force, **window))
    lines = exported(service)
    assert [json.loads(line).get("force") for line in lines] == [None, True]
    with Watchkeeper.open(home / "elsewhere") as other:
        other.apply(parse_config(shop.CONFIG.format(shop=home / "shop.db", told=home / "other.txt")), "tester")
        other.run_until(shop.END)
        assert other.import_feedback(lines, "log.jsonl", "tester").added == 2
        assert exported(other) == lines


def test_what_was_said_twice_and_taken_back_once_still_stands_elsewhere(service: Watchkeeper, home: Path):
    """In the same second, by the same person: the undo takes back the second line and not the first."""
    first = alert_at(service, shop.DROP).alert
    twice = [service.answer(Draft(answer=Answer.FALSE_ALARM, by="ann", alert=first.id)) for _ in range(2)]
    service.undo(twice[1].feedback.id, "ann")
    lines = exported(service)
    with Watchkeeper.open(home / "elsewhere") as other:
        other.apply(parse_config(shop.CONFIG.format(shop=home / "shop.db", told=home / "other.txt")), "tester")
        other.run_until(shop.END)
        for added, present in ((3, 0), (0, 3)):
            done = other.import_feedback(lines, "log.jsonl", "tester")
            assert (done.added, done.present) == (added, present)
            assert same_state(state(other), state(service))


def test_an_event_that_repeats_explains_once_and_survives_the_log(service: Watchkeeper, home: Path):
    before = state(service)
    line = alert_at(service, shop.DROP)
    said = service.answer(Draft(answer=Answer.EVENT, by="ann", alert=line.alert.id, repeat="weekly", note="sale"))
    assert "the first occurrence is explained" in said.sentence
    explained = alert_at(service, shop.DROP).explained_by
    assert explained is not None
    assert explained.repeat == "weekly"
    assert alert_at(service, shop.LATER_DROP).still_fires  # a day later than a week on: no occurrence
    lines = exported(service)
    assert json.loads(lines[0])["repeat"] == "weekly"
    with Watchkeeper.open(home / "elsewhere") as other:
        other.apply(parse_config(shop.CONFIG.format(shop=home / "shop.db", told=home / "other.txt")), "tester")
        other.run_until(shop.END)
        other.import_feedback(lines, "log.jsonl", "tester")
        assert same_state(state(other), state(service))
    service.undo(said.feedback.id, "ann")
    assert same_state(state(service), before)


def test_a_repeat_that_is_not_known_or_of_no_event_is_refused(service: Watchkeeper):
    alert = alert_at(service, shop.DROP).alert.id
    with pytest.raises(InputError, match="repeat 'monthly' is not known"):
        service.answer(Draft(answer=Answer.EVENT, by="ann", alert=alert, repeat="monthly"))
    with pytest.raises(InputError, match="only an event can repeat"):
        service.answer(Draft(answer=Answer.MISSED, by="ann", alert=alert, repeat="weekly"))
    assert exported(service) == []


def test_a_new_title_changes_nothing(service: Watchkeeper, home: Path):
    say_things(service)
    before, lines = state(service), exported(service)
    config = shop.CONFIG.format(shop=home / "shop.db", told=home / "told.txt").replace("title: Orders", "title: Sales")
    service.apply(parse_config(config), "tester")
    assert exported(service) == lines
    assert [page.chart.value for page in state(service)] == [page.chart.value for page in before]
    assert [page.chart.is_alert for page in state(service)] == [page.chart.is_alert for page in before]
    assert "Sales" in alert_at(service, shop.DROP).sentence


def test_a_bad_line_is_named_and_nothing_is_taken_in(service: Watchkeeper):
    say_things(service)
    lines = exported(service)
    with pytest.raises(InputError, match=r"log\.jsonl: line 5"):
        service.import_feedback([*lines, '{"kind": "perhaps"}'], "log.jsonl", "tester")
    assert exported(service) == lines


def test_a_preview_says_what_the_answer_then_does_and_writes_nothing(service: Watchkeeper):
    before = exported(service)
    line = alert_at(service, shop.DROP)
    draft = Draft(answer=Answer.FALSE_ALARM, by="ann", alert=line.alert.id)
    seen = service.preview(draft)
    assert exported(service) == before
    assert alert_at(service, shop.DROP).still_fires
    done = service.answer(draft)
    assert (seen.vanished, seen.before, seen.after, seen.sentence) == (
        done.vanished,
        done.before,
        done.after,
        done.sentence,
    )


def test_an_import_that_would_lose_a_confirmed_alert_needs_a_second_yes(service: Watchkeeper):
    drop = alert_at(service, shop.DROP).alert
    service.answer(Draft(answer=Answer.REAL, by="ann", alert=drop.id))
    before = exported(service)
    void = json.dumps(
        {
            "kind": "bad_data",
            "series": "*",
            "start": format_instant(drop.start - HOUR),
            "end": format_instant(drop.end + HOUR),
            "given_at": format_instant(shop.END + 60),
        }
    )
    with pytest.raises(GuardError, match=rf"log\.jsonl: .*#{drop.id}.*--force"):
        service.import_feedback([void], "log.jsonl", "tester")
    assert exported(service) == before
    assert alert_at(service, shop.DROP).still_fires
    assert service.import_feedback([void], "log.jsonl", "tester", force=True).added == 1
    assert not alert_at(service, shop.DROP).still_fires


def test_bad_data_that_the_source_mends_loses_no_confirmed_alert(service: Watchkeeper, home: Path):
    drop = alert_at(service, shop.DROP).alert
    service.answer(Draft(answer=Answer.REAL, by="ann", alert=drop.id))
    draft = Draft(
        answer=Answer.BAD_DATA,
        by="bob",
        series=tuple({one.series for one in drop.members}),
        start=drop.start,
        end=drop.end,
    )
    with pytest.raises(GuardError, match=f"#{drop.id}"):
        service.answer(draft)  # the source says the same again, so the points would be void
    assert len(exported(service)) == 1
    shop.change(
        home / "shop.db", "update orders set orders = orders / 2 where time >= ? and time < ?", drop.start, drop.end
    )
    done = service.answer(draft)  # now it says otherwise, and what it says is as surprising
    assert "came back different" in done.sentence
    assert done.confirmed_kept == 1
    assert alert_at(service, shop.DROP).still_fires


def test_old_answers_fade_where_a_half_life_is_set(service: Watchkeeper, home: Path):
    text = shop.CONFIG.format(shop=home / "shop.db", told=home / "told.txt")
    line = alert_at(service, shop.DROP)
    service.answer(Draft(answer=Answer.FALSE_ALARM, by="ann", alert=line.alert.id))
    lasting = service.alert_page(alert_at(service, shop.LATER_DROP).alert.id).why
    assert lasting is not None
    assert lasting.sentence.startswith("Quieter")
    service.apply(parse_config(text.replace("kind: count", "kind: count\n    half_life: 1d")), "tester")
    service.run_until(shop.END + 20 * DAY)
    assert service.alert_page(alert_at(service, shop.LATER_DROP).alert.id).why is None
    assert not alert_at(service, shop.DROP).still_fires  # in its own window an answer holds whatever its age
