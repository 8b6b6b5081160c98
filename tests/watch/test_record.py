"""A metric's record is what people answered, with the doubt that few answers leave, and one suggestion."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.watch import shop
from tests.watch.test_service import alert_at
from watchkeeper.cli import main
from watchkeeper.domain.alert import Alert, Cause, Member, Status
from watchkeeper.domain.feedback import Answer, Feedback
from watchkeeper.domain.metric import Metric
from watchkeeper.domain.question import Question, Reply
from watchkeeper.domain.times import DAY, HOUR
from watchkeeper.watch.record import MetricRecord, Worth, record_of, wilson, worth
from watchkeeper.watch.service import Watchkeeper
from watchkeeper.watch.views import Draft

METRIC = Metric(name="orders", source="shop", query="select 1", step="1h", title="Orders")
UNTIL = 1_000 * DAY


def alert(number: int, days_ago: float) -> Alert:
    start = UNTIL - int(days_ago * DAY)
    member = Member(
        series=1,
        start=start,
        end=start + HOUR,
        is_open=False,
        cause=Cause.ANOMALY,
        peak_time=start,
        peak_score=1.0,
        value=1.0,
        expected=2.0,
        lower=1.5,
        upper=2.5,
    )
    return Alert(
        id=number,
        family="shop",
        status=Status.RESOLVED,
        start=start,
        end=start + HOUR,
        severity=1.0,
        members=(member,),
    )


def record(answers: list[Answer | None], *, missed: int = 0, days_ago: float = 10.0) -> MetricRecord:
    told = [alert(number, days_ago) for number in range(1, len(answers) + 1)]
    said = {
        one.id: Feedback(id=one.id, by="ann", given_at=UNTIL, answer=answer, series=(1,), alert=one.id)
        for one, answer in zip(told, answers, strict=True)
        if answer is not None
    }
    log = [*said.values()]
    log += [Feedback(id=99 + k, by="ann", given_at=UNTIL, answer=Answer.MISSED, series=(1,)) for k in range(missed)]
    return record_of(METRIC, told, said, log, UNTIL)


def test_the_interval_is_wilsons_and_narrows_with_answers():
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)  # Newcombe 1998, method 3
    assert wilson(10, 10)[1] == 1.0
    assert wilson(0, 10)[0] == 0.0
    assert wilson(80, 100)[0] > wilson(8, 10)[0]


def test_alerts_a_month_are_those_of_the_last_sixty_days():
    assert record([None] * 6).alerts_a_month == 3.0
    assert record([None] * 6, days_ago=61).alerts_a_month == 0.0
    assert record_of(METRIC, [], {}, [], None).precision is None


@pytest.mark.parametrize(
    ("answers", "missed", "said"),
    [
        ([None, None], 0, "Nobody acted on any of its 2 alerts of the last 60 days: name an owner"),
        ([Answer.FALSE_ALARM] * 6, 0, "6 of 6 alerts were false alarms: lower the budget of Orders from 1 to 0.5"),
        ([Answer.REAL] * 6, 1, "6 of 6 alerts were real and one was missed: raise the budget of Orders from 1 to 2"),
        ([Answer.REAL, *[None] * 5], 0, "Orders tells 3 alerts a month at a budget of 1"),
        ([Answer.REAL] * 6, 0, ""),
        ([Answer.REAL, Answer.FALSE_ALARM], 0, ""),
    ],
)
def test_one_thing_is_suggested_where_answers_suggest_any(answers: list[Answer | None], missed: int, said: str):
    found = record(answers, missed=missed).suggestion
    assert found.startswith(said)
    assert bool(found) == bool(said)


def test_a_verdict_is_in_the_record_and_its_undo_takes_it_out(service: Watchkeeper, home: Path):
    said = service.answer(Draft(answer=Answer.REAL, by="ann", alert=alert_at(service, shop.DROP).alert.id))
    found = service.metric_page("orders").line.record
    assert found is not None
    assert (found.real, found.precision) == (1, 1.0)
    service.close()
    printed = CliRunner().invoke(main, ["record", "orders", "--json", "--home", str(home / "watchkeeper")])
    assert json.loads(printed.output)["real"] == 1
    table = CliRunner().invoke(main, ["record", "--home", str(home / "watchkeeper")])
    assert "orders" in table.output
    with shop.open_service(home) as again:
        again.undo(said.feedback.id, "ann")
        after = again.metric_page("orders").line.record
        assert after is not None
        assert after.precision is None


def test_an_alert_is_seen_as_it_was_and_as_we_know_now(service: Watchkeeper):
    line = alert_at(service, shop.DROP)
    was = service.alert_page(line.alert.id).hindsight
    assert was is not None
    assert (was.knowledge, was.since, was.fires) == (0, 0, True)
    assert was.now == was.then
    assert line.alert.knowledge == 0
    said = service.answer(Draft(answer=Answer.EVENT, by="ann", alert=line.alert.id))
    now = service.alert_page(line.alert.id).hindsight
    assert now is not None
    assert (now.then, now.since, now.fires) == (was.then, 1, False)
    service.undo(said.feedback.id, "ann")
    again = service.alert_page(line.alert.id).hindsight
    assert again is not None
    assert (again.now, again.fires) == (was.now, True)


def test_replies_about_quiet_windows_estimate_what_is_missed_with_an_interval():
    asked = [
        Question(
            id=number,
            metric="orders",
            series=1,
            start=UNTIL - number * DAY,
            end=UNTIL - number * DAY + HOUR,
            decades=-0.5,
            slot_end=UNTIL,
            asked_at=UNTIL,
            reply=reply,
            feedback=None if reply is Reply.SKIP else 200 + number,
        )
        for number, reply in enumerate([Reply.MISSED, *[Reply.FINE] * 4, Reply.SKIP, Reply.MISSED])
    ]
    log = [
        Feedback(id=200 + number, by="ann", given_at=UNTIL, answer=Answer.FALSE_ALARM, series=(1,))
        for number in range(5)  # the last reply was taken back
    ]
    found = record_of(METRIC, [], {}, log, UNTIL, questions=asked)
    low, high = wilson(1, 5)
    assert found.asked == 5
    assert found.misses_a_month == pytest.approx(METRIC.questions_per_month / 5)
    assert (found.misses_low, found.misses_high) == pytest.approx(
        (low * METRIC.questions_per_month, high * METRIC.questions_per_month)
    )
    assert record_of(METRIC, [], {}, log, UNTIL).misses_a_month is None


def test_what_was_taken_care_of_was_acted_on():
    told = [alert(number, 10.0) for number in (1, 2)]
    assert record_of(METRIC, told, {}, [], UNTIL, taken={2}).suggestion == ""
    assert record_of(METRIC, told, {}, [], UNTIL).suggestion.startswith("Nobody acted on")


@pytest.mark.parametrize(
    ("answers", "earns"),
    [
        ([], Worth.QUIET),
        ([None], Worth.UNANSWERED),
        ([Answer.REAL, Answer.REAL, Answer.FALSE_ALARM], Worth.EARNED),
        ([Answer.REAL, Answer.FALSE_ALARM], Worth.NOISE),
    ],
)
def test_a_metric_earns_its_noise_where_more_is_real_than_false(answers: list[Answer | None], earns: Worth):
    assert worth(record(answers)) is earns
