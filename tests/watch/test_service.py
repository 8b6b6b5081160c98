"""The loop, whole and for real: a database is read, judged, people are told, they answer, and what they say counts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.watch import shop
from watchkeeper.domain.alert import Change, Status
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.errors import GuardError, InputError, NotFoundError
from watchkeeper.domain.feedback import Answer
from watchkeeper.domain.times import DAY, HOUR, WEEK, parse_instant
from watchkeeper.watch.hear import a_month
from watchkeeper.watch.service import Watchkeeper
from watchkeeper.watch.views import AlertLine, Draft, MetricPage, Reach

DROP_END = shop.DROP + shop.DROP_HOURS * HOUR


def alert_at(service: Watchkeeper, start: int) -> AlertLine:
    """The alert whose window holds the planted drop at `start`."""
    found = [line for line in service.inbox(show="all").lines if line.alert.start <= start + HOUR < line.alert.end]
    assert len(found) == 1
    return found[0]


def state(service: Watchkeeper) -> list[MetricPage]:
    """Everything the detector says of both series, and which alerts it would tell today."""
    page = service.metric_page("orders")
    return [service.metric_page("orders", one.id) for one in page.series]


def same_state(one: list[MetricPage], other: list[MetricPage]) -> bool:
    return [(page.chart, [line.still_fires for line in page.alerts]) for page in one] == [
        (page.chart, [line.still_fires for line in page.alerts]) for page in other
    ]


def test_the_planted_drops_are_one_alert_each(service: Watchkeeper, home: Path):
    line = alert_at(service, shop.DROP)
    assert line.series_count == 2
    assert line.alert.status is Status.RESOLVED
    assert "fell" in line.sentence
    assert {line.alert.id, alert_at(service, shop.LATER_DROP).alert.id} == {
        one.alert.id for one in service.inbox(show="all").lines[:2]
    }
    assert not (home / "told.txt").exists()  # all of it is past: nobody is woken


def test_watching_week_by_week_tells_what_watching_at_once_tells(service: Watchkeeper, home: Path):
    at_once = [line.alert for line in service.inbox(show="all", order="newest").lines]
    with Watchkeeper.open(home / "slowly") as slow:
        slow.apply(shop.parse_config(shop.CONFIG.format(shop=home / "shop.db", told=home / "slow.txt")), "tester")
        for week in range(1, shop.WEEKS + 1):
            slow.run_until(shop.START + week * WEEK, stale_s=WEEK + DAY)
        weekly = [line.alert for line in slow.inbox(show="all", order="newest").lines]
    assert [(a.start, a.end, a.status, a.members) for a in weekly] == [
        (a.start, a.end, a.status, a.members) for a in at_once
    ]
    told = (home / "slow.txt").read_text()
    assert told.count("## ") == len(weekly)


def test_a_ledger_in_postgresql_holds_what_one_in_a_file_holds(service: Watchkeeper, home: Path, postgres_url: str):
    with Watchkeeper.open(home / "elsewhere", ledger_url=postgres_url, clock=lambda: shop.END) as other:
        other.apply(shop.parse_config(shop.CONFIG.format(shop=home / "shop.db", told=home / "other.txt")), "tester")
        other.run_until(shop.END)
        line = alert_at(other, shop.DROP)
        assert [one.alert for one in other.inbox(show="all").lines] == [
            one.alert for one in service.inbox(show="all").lines
        ]
    assert not (home / "elsewhere" / "ledger.db").exists()
    with Watchkeeper.open(home / "elsewhere", ledger_url=postgres_url) as again:
        assert again.alert_page(line.alert.id).line.alert == line.alert


def test_real_is_a_label_that_later_answers_are_counted_against(service: Watchkeeper):
    before = state(service)
    first, later = alert_at(service, shop.DROP), alert_at(service, shop.LATER_DROP)
    receipt = service.answer(Draft(answer=Answer.REAL, by="ann", alert=first.alert.id))
    assert "Noted as real" in receipt.sentence
    assert receipt.vanished == ()
    assert alert_at(service, shop.DROP).answer is not None
    quieter = service.answer(Draft(answer=Answer.FALSE_ALARM, by="bob", alert=later.alert.id))
    assert quieter.confirmed == quieter.confirmed_kept == 1
    assert "the confirmed one still does" in quieter.sentence
    assert alert_at(service, shop.DROP).still_fires
    service.undo(quieter.feedback.id, "bob")
    service.undo(receipt.feedback.id, "ann")
    assert same_state(state(service), before)


def test_a_false_alarm_stops_alerts_like_it_and_its_undo_brings_them_back(service: Watchkeeper):
    before = state(service)
    line = alert_at(service, shop.DROP)
    receipt = service.answer(Draft(answer=Answer.FALSE_ALARM, by="ann", alert=line.alert.id, note="maintenance"))
    assert line.alert.id in receipt.vanished
    assert f"{len(receipt.vanished)} of {receipt.before} alerts" in receipt.sentence
    assert not alert_at(service, shop.DROP).still_fires
    why = service.alert_page(line.alert.id).why
    assert why is not None
    assert why.sentence.startswith("Quieter, because")
    assert why.answered == ((line.alert.id, Answer.FALSE_ALARM),)
    undone = service.undo(receipt.feedback.id, "ann")
    assert service.alert_page(line.alert.id).why is None
    assert "fire again" in undone.sentence
    assert same_state(state(service), before)
    with pytest.raises(InputError, match="undone already"):
        service.undo(receipt.feedback.id, "ann")
    assert service.receipt(receipt.feedback.id) == receipt


def test_undoing_an_undo_brings_the_answer_back(service: Watchkeeper):
    line = alert_at(service, shop.DROP)
    receipt = service.answer(Draft(answer=Answer.FALSE_ALARM, by="ann", alert=line.alert.id))
    after = state(service)
    undone = service.undo(receipt.feedback.id, "ann")
    service.undo(undone.feedback.id, "bob")
    assert same_state(state(service), after)
    service.undo(receipt.feedback.id, "cem")
    assert alert_at(service, shop.DROP).still_fires


def test_an_event_explains_its_alert_and_teaches_nothing(service: Watchkeeper):
    before = state(service)
    line = alert_at(service, shop.DROP)
    receipt = service.answer(Draft(answer=Answer.EVENT, by="ann", alert=line.alert.id, note="strike"))
    now = alert_at(service, shop.DROP)
    assert now.explained_by is not None
    assert now.explained_by.note == "strike"
    assert not now.still_fires
    assert line.alert.id in receipt.vanished
    assert line.alert.id in {one.alert.id for one in service.inbox(show="explained").lines}
    assert any(mark.kind == "event" for mark in service.alert_page(line.alert.id).marks[0])
    service.undo(receipt.feedback.id, "ann")
    assert same_state(state(service), before)


def test_a_missed_window_is_caught_from_now_on_and_the_price_is_said(service: Watchkeeper):
    series = service.metric_page("orders").chosen
    chart = service.metric_page("orders").chart
    quiet = [
        (score, time)
        for score, time, alert in zip(chart.score, chart.time, chart.is_alert, strict=True)
        if score is not None and not alert and time > shop.START + 5 * WEEK
    ]
    _, at = max(quiet)
    receipt = service.answer(
        Draft(answer=Answer.MISSED, by="ann", series=(series.id,), start=at, end=at + HOUR, note="checkout was slow")
    )
    assert any(member.start <= at < member.end for member in receipt.appeared)
    assert "more would have" in receipt.sentence
    chart = service.metric_page("orders").chart
    assert chart.is_alert[chart.time.index(at)]


def test_what_lies_so_deep_that_its_like_costs_more_than_the_budget_wants_a_second_yes(service: Watchkeeper):
    series, before = service.metric_page("orders").chosen.id, state(service)
    chart = before[0].chart
    late = [(score, time) for score, time in zip(chart.score, chart.time, strict=True) if time > shop.START + 5 * WEEK]
    ranked = sorted(((score, time) for score, time in late if score is not None), reverse=True)
    draft = next(
        draft
        for _, at in ranked
        if service.preview(
            draft := Draft(answer=Answer.MISSED, by="ann", series=(series,), start=at, end=at + HOUR)
        ).price
    )
    assert draft.start is not None
    noted = service.answer(draft)
    assert noted.price is not None
    assert f"about {noted.price:.2g} alerts a month more, where Orders may cost 1" in noted.sentence
    assert [one.start <= draft.start < one.end for one in noted.appeared] == [True], "it alone, in hindsight"
    forced = service.answer(msgspec.structs.replace(draft, force=True))
    assert forced.price is None
    assert "sensitive enough" in forced.sentence
    assert forced.feedback.is_forced
    assert len(forced.appeared) > 0
    [line] = service.metrics()
    assert line.record is not None
    assert line.record.missed == 1, "the second yes says the same window again"
    undone = service.undo(forced.feedback.id, "ann").sentence
    assert f"{len(forced.appeared)} that nobody was told of would not have fired" in undone
    assert service.receipt(noted.feedback.id).price == noted.price
    service.undo(noted.feedback.id, "ann")
    assert same_state(state(service), before)


def test_a_price_a_month_is_no_power_of_ten():
    assert [a_month(rate) for rate in (0.08, 4.33, 12.6, 1234.0)] == ["0.08", "4.3", "13", "1,234"]


def test_a_new_normal_begins_the_level_again_and_keeps_the_rest(service: Watchkeeper):
    before = service.metric_page("orders")
    at = shop.START + 6 * WEEK
    receipt = service.answer(Draft(answer=Answer.NEW_NORMAL, by="ann", series=(before.chosen.id,), start=at))
    after = service.metric_page("orders")
    split = before.chart.time.index(at)
    assert after.chart.expected[:split] == before.chart.expected[:split]
    assert after.chart.expected[split : split + 48] != before.chart.expected[split : split + 48]
    width = [
        [
            high - low
            for high, low in zip(page.chart.upper, page.chart.lower, strict=True)
            if high is not None and low is not None
        ]
        for page in (after, before)
    ]
    assert sum(width[0][-WEEK // HOUR * 4 :][:48]) > sum(width[1][-WEEK // HOUR * 4 :][:48])
    service.undo(receipt.feedback.id, "ann")
    assert service.metric_page("orders").chart == before.chart


def test_bad_data_of_a_time_to_come_leaves_what_comes_before_it_to_the_next_reading(home: Path):
    now = shop.END - 2 * DAY
    with shop.open_service(home, now) as service:
        service.run_until(now)
        one = service.metric_page("orders").chosen.id
        window = {"start": now + 2 * HOUR, "end": now + DAY}
        said = service.answer(Draft(answer=Answer.BAD_DATA, by="ann", series=(one,), **window))
        service.undo(said.feedback.id, "ann")
        service.run_until(now + 5 * HOUR)
        chart = service.metric_page("orders").chart
        assert chart.time[-1] == now + 4 * HOUR
        assert None not in chart.value[-10:]


def test_bad_data_is_void_until_the_source_gives_other_values(service: Watchkeeper, home: Path):
    line = alert_at(service, shop.DROP)
    receipt = service.answer(Draft(answer=Answer.BAD_DATA, by="ann", alert=line.alert.id))
    assert "nothing came back different" in receipt.sentence
    assert not alert_at(service, shop.DROP).still_fires
    service.undo(receipt.feedback.id, "ann")
    assert alert_at(service, shop.DROP).still_fires
    shop.change(home / "shop.db", shop.AS_A_WEEK_BEFORE, shop.DROP, DROP_END)
    receipt = service.answer(Draft(answer=Answer.BAD_DATA, by="ann", alert=line.alert.id))
    assert f"{2 * shop.DROP_HOURS} points came back different" in receipt.sentence
    chart = service.metric_page("orders").chart
    at = chart.time.index(shop.DROP + HOUR)
    assert chart.expected[at] == pytest.approx(chart.value[at], rel=0.5)
    assert not alert_at(service, shop.DROP).still_fires


def test_losing_a_confirmed_alert_needs_a_second_yes(service: Watchkeeper):
    line = alert_at(service, shop.DROP)
    service.answer(Draft(answer=Answer.REAL, by="ann", alert=line.alert.id))
    ids = tuple(member.series for member in line.alert.members)
    hours = Draft(answer=Answer.EVENT, by="bob", series=ids, start=shop.DROP, end=line.alert.end)
    with pytest.raises(GuardError, match=f"#{line.alert.id}.*force"):
        service.answer(hours)
    assert alert_at(service, shop.DROP).still_fires
    receipt = service.answer(
        Draft(answer=Answer.EVENT, by="bob", series=ids, start=shop.DROP, end=line.alert.end, force=True)
    )
    assert receipt.confirmed_kept == receipt.confirmed - 1


def test_bringing_an_answer_back_loses_no_confirmed_alert(service: Watchkeeper):
    line = alert_at(service, shop.DROP)
    ids = tuple(member.series for member in line.alert.members)
    hours = Draft(answer=Answer.EVENT, by="bob", series=ids, start=shop.DROP, end=line.alert.end)
    taken_back = service.undo(service.answer(hours).feedback.id, "bob").feedback
    service.answer(Draft(answer=Answer.REAL, by="ann", alert=line.alert.id))
    before = state(service)
    with pytest.raises(GuardError, match=f"#{line.alert.id}.*give the answer anew"):
        service.undo(taken_back.id, "bob")
    assert same_state(state(service), before)
    assert alert_at(service, shop.DROP).still_fires


def test_an_event_can_reach_every_series_of_the_metric(service: Watchkeeper):
    series = service.metric_page("orders").series
    hours = {"start": shop.END - 10 * HOUR, "end": shop.END - 8 * HOUR}
    one = service.answer(Draft(answer=Answer.EVENT, by="ann", series=(series[0].id,), **hours))
    assert one.feedback.series == (series[0].id,)
    for reach in (Reach.METRIC, Reach.GROUP):
        every = service.answer(Draft(answer=Answer.EVENT, by="ann", series=(series[0].id,), reach=reach, **hours))
        assert every.feedback.series == tuple(one.id for one in series)
    alert = alert_at(service, shop.DROP).alert.id
    with pytest.raises(InputError, match="leave its reach out"):
        service.answer(Draft(answer=Answer.REAL, by="ann", alert=alert, reach=Reach.GROUP))


def test_a_late_correction_of_an_old_answer_wins_and_the_log_keeps_both(service: Watchkeeper):
    untouched = state(service)
    line = alert_at(service, shop.DROP)
    first = service.answer(Draft(answer=Answer.FALSE_ALARM, by="ann", alert=line.alert.id))
    as_false = state(service)
    service.answer(Draft(answer=Answer.REAL, by="bob", alert=alert_at(service, shop.LATER_DROP).alert.id))
    corrected = service.answer(Draft(answer=Answer.REAL, by="cem", alert=line.alert.id, note="it was the checkout"))
    now = alert_at(service, shop.DROP)
    assert now.still_fires
    assert now.answer is not None
    assert (now.answer.by, now.answer.answer) == ("cem", Answer.REAL)
    said = [one for one in service.alert_page(line.alert.id).answers if one.alert == line.alert.id]
    assert [one.answer for one in said] == [Answer.FALSE_ALARM, Answer.REAL]
    later = service.receipt(corrected.feedback.id - 1)
    service.undo(later.feedback.id, "bob")
    service.undo(corrected.feedback.id, "cem")
    assert same_state(state(service), as_false)  # the older answer holds again
    service.undo(first.feedback.id, "ann")
    assert same_state(state(service), untouched)


def test_an_answer_can_reach_every_series_with_the_same_value(home: Path):
    shop.change(home / "shop.db", "insert into orders select time, 'US/app', orders from orders where country = 'US'")
    config = shop.CONFIG.format(shop=home / "shop.db", told=home / "told.txt")
    config = config.replace("[country]", "[country, device]").replace(
        "select time, country,", "select time, substr(country, 1, 2) as country, substr(country, 4) as device,"
    )
    hours = {"start": shop.END - 10 * HOUR, "end": shop.END - 8 * HOUR}
    with Watchkeeper.open(home / "split") as split:
        split.apply(shop.parse_config(config), "tester")
        split.run_until(shop.END)
        series = {one.values: one.id for one in split.metric_page("orders").series}
        assert set(series) == {("DE", ""), ("US", ""), ("US", "app")}
        us = Draft(
            answer=Answer.EVENT, by="ann", series=(series["US", ""],), reach=Reach.VALUE, dimension="country", **hours
        )
        assert set(split.answer(us).feedback.series) == {series["US", ""], series["US", "app"]}
        plain = Draft(
            answer=Answer.EVENT, by="ann", series=(series["US", ""],), reach=Reach.VALUE, dimension="device", **hours
        )
        assert set(split.answer(plain).feedback.series) == {series["US", ""], series["DE", ""]}
        unknown = Draft(answer=Answer.EVENT, by="ann", series=(series["US", ""],), reach=Reach.VALUE, **hours)
        with pytest.raises(InputError, match="no metric spoken of has it"):
            split.answer(unknown)


def test_a_calendar_of_the_configuration_explains_the_first_holiday_and_tells_nobody(home: Path):
    config = shop.CONFIG.format(shop=home / "shop.db", told=home / "told.txt")
    berlin = "DE-BE"  # International Women's Day, Sunday 8 March 2026
    sunday = parse_instant("2026-03-08")
    shop.change(
        home / "shop.db", "update orders set orders = orders / 5 where time >= ? and time < ?", sunday, sunday + DAY
    )
    answers = {}
    for name, calendar in (("without", ""), ("with", f"    calendar: {berlin}\n")):
        with Watchkeeper.open(home / name) as service:
            service.apply(
                parse_config(config.replace("    title: Orders\n", "    title: Orders\n" + calendar)), "tester"
            )
            service.run_until(shop.END)
            answers[name] = alert_at(service, sunday + 8 * HOUR)
    assert answers["without"].still_fires
    assert answers["without"].explained_by is None
    assert not answers["with"].still_fires
    explained = answers["with"].explained_by
    assert explained is not None
    assert explained.note == "holiday in DE-BE"


def test_answers_that_make_no_sense_are_refused_and_leave_nothing(service: Watchkeeper):
    series = service.metric_page("orders").chosen.id
    for draft, error, says in (
        (Draft(answer=Answer.REAL, by="ann", alert=999), NotFoundError, "999"),
        (Draft(answer=Answer.REAL, by="ann", series=(series,), start=1, end=2), InputError, "name one"),
        (Draft(answer=Answer.MISSED, by="ann", series=(series,)), InputError, "needs a window"),
        (Draft(answer=Answer.EVENT, by="ann", series=(series,), start=shop.END, end=shop.START), InputError, "swap"),
        (Draft(answer=Answer.EVENT, by="ann", series=(777,), start=1, end=2), NotFoundError, "777"),
        (Draft(answer=Answer.EVENT, by="ann", start=1, end=2), InputError, "name an alert, or a series and a window"),
    ):
        with pytest.raises(error, match=says):
            service.answer(draft)
    assert service.metric_page("orders").answers == ()


def test_each_change_of_an_alert_is_stored_and_says_where_it_was_told(service: Watchkeeper):
    line = alert_at(service, shop.DROP)
    service.answer(Draft(answer=Answer.REAL, by="ann", alert=line.alert.id))
    changes = [one.transition.change for one in service.alert_page(line.alert.id).history]
    assert changes[0] is Change.OPENED
    assert Change.RESOLVED in changes
    assert changes[-1] is Change.ANSWERED
    opened = service.alert_page(line.alert.id).history[0]
    assert opened.deliveries == ("team: held (about the past: found while catching up)",)


def test_late_points_lead_to_the_state_they_would_have_had_on_time(service: Watchkeeper, home: Path, tmp_path: Path):
    on_time = state(service)
    late = tmp_path / "late"
    late.mkdir()
    (home / "shop.db").rename(late / "shop.db")
    begin, end = shop.END - 2 * HOUR, shop.END
    shop.change(late / "shop.db", "create table kept as select * from orders where time >= ? and time < ?", begin, end)
    shop.change(late / "shop.db", "delete from orders where time >= ? and time < ?", begin, end)
    with shop.open_service(late) as other:
        other.run_until(shop.END)
        assert not same_state(state(other), on_time)
        shop.change(late / "shop.db", "insert into orders select * from kept")
        other.run_until(shop.END)
        assert [page.chart for page in state(other)] == [page.chart for page in on_time]


def test_a_series_that_goes_quiet_says_no_data_and_not_zero(home: Path):
    shop.change(home / "shop.db", "delete from orders where time >= ? and time < ?", shop.END - 30 * HOUR, shop.END)
    with shop.open_service(home) as service:
        service.run_until(shop.END)
        newest = service.inbox(show="all", order="newest").lines[0]
    assert newest.alert.status is Status.OPEN
    assert "sends no data" in newest.sentence
    assert {member.cause.value for member in newest.alert.members} == {"silence"}


KILLED = """
import sys
from pathlib import Path
from tests.watch import shop
from watchkeeper.domain.times import DAY, WEEK
with shop.open_service(Path(sys.argv[1])) as service:
    print("ready", flush=True)
    for day in range(1, shop.WEEKS * 7 + 1):
        service.run_until(shop.START + day * DAY, stale_s=WEEK + DAY)
        print(day, flush=True)
"""


@pytest.mark.parametrize("days", [10, 61])
def test_kill_9_at_any_moment_loses_nothing(home: Path, service: Watchkeeper, days: int):
    expected = [(a.start, a.end, a.status, a.members) for a in (line.alert for line in service.inbox(show="all").lines)]
    other = home / "other"
    other.mkdir()
    os.link(home / "shop.db", other / "shop.db")
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(other)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == str(days):
            break
    process.send_signal(signal.SIGKILL)
    process.stdout.close()
    process.wait()
    with shop.open_service(other) as after:
        for week in range(1, shop.WEEKS + 1):
            after.run_until(shop.START + week * WEEK, stale_s=WEEK + DAY)
        alerts = [line.alert for line in after.inbox(show="all").lines]
        assert [(a.start, a.end, a.status, a.members) for a in alerts] == expected
        for alert in alerts:
            changes = [one.transition.change for one in after.alert_page(alert.id).history]
            assert changes.count(Change.OPENED) == 1
    assert (other / "told.txt").read_text().count("## ") in (len(alerts), len(alerts) + 1)
