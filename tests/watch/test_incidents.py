"""Runs become alerts: together what moved together, and the same however often one looks."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from watchkeeper.domain.alert import Alert, Cause, Change, Member, Status
from watchkeeper.watch.incidents import Run, Step, fold

STEP = 3600
SLACK = 3 * STEP


def run(series: int, start: int, length: int, score: float = 2.0, *, is_open: bool = False) -> Run:
    member = Member(
        series=series,
        start=start * STEP,
        end=(start + length) * STEP,
        is_open=is_open,
        peak_time=start * STEP,
        peak_score=score,
        value=1.0,
        expected=10.0,
        lower=8.0,
        upper=12.0,
    )
    return Run(member=member, known_at=(start + 1) * STEP, step_s=STEP)


def apply(alerts: dict[int, Alert], steps: list[Step]) -> None:
    """What the ledger does with steps: keep the last state of each alert, and give new ones an id of their own."""
    fresh: dict[int, int] = {}
    for step in steps:
        ident = step.alert.id
        if ident < 0:
            ident = fresh.setdefault(ident, len(alerts) + 1)
        alerts[ident] = msgspec.structs.replace(step.alert, id=ident)


def whole(runs: list[Run], until: int) -> dict[int, Alert]:
    alerts: dict[int, Alert] = {}
    apply(alerts, fold([], runs, family="f", slack_s=SLACK, until=until, judged=range(9)))
    return alerts


def seen_at(one: Run, now: int) -> Run:
    """The run as far as it was known at an instant."""
    if one.member.end < now:
        return one
    return msgspec.structs.replace(one, member=msgspec.structs.replace(one.member, end=now, is_open=True))


def test_series_that_move_together_are_one_alert():
    (alert,) = whole([run(1, 10, 4, 3.0), run(2, 11, 2, 1.0)], 100 * STEP).values()
    assert [member.series for member in alert.members] == [1, 2]
    assert alert.severity == 4.0
    assert alert.status is Status.RESOLVED


def test_what_happens_after_the_slack_is_another_alert():
    assert len(whole([run(1, 10, 1), run(2, 15, 1)], 100 * STEP)) == 2
    assert len(whole([run(1, 10, 1), run(2, 14, 1)], 100 * STEP)) == 1


def test_what_a_series_does_again_within_hours_reopens_its_alert():
    alerts = whole([run(1, 10, 1)], 20 * STEP)
    (alert,) = alerts.values()
    assert alert.status is Status.RESOLVED
    again = run(1, 19, 2)
    steps = fold([alert], [again], family="f", slack_s=SLACK, until=40 * STEP, judged=[1])
    assert [(step.alert.id, step.change) for step in steps] == [(1, Change.REOPENED), (1, Change.RESOLVED)]
    assert len(whole([run(1, 10, 1), run(1, 21, 1)], 100 * STEP)) == 2  # more than six hours after it was over
    assert len(whole([run(1, 10, 1), run(2, 19, 2)], 100 * STEP)) == 2  # another series


def test_a_level_that_stays_different_for_weeks_draws_in_nobody_else():
    assert len(whole([run(1, 0, 24 * 20), run(2, 24 * 5, 2)], 24 * 30 * STEP)) == 2


def test_an_open_run_keeps_its_alert_open_and_a_late_joiner_reopens():
    steps = fold([], [run(1, 10, 4, is_open=True)], family="f", slack_s=SLACK, until=14 * STEP, judged=[1])
    assert [step.change for step in steps] == [Change.OPENED]
    day = msgspec.structs.replace(run(2, 12, 1), known_at=40 * STEP)
    steps = fold([], [run(1, 10, 4), day], family="f", slack_s=SLACK, until=60 * STEP, judged=[1])
    assert [step.change for step in steps] == [Change.OPENED, Change.RESOLVED, Change.REOPENED, Change.RESOLVED]


def test_an_alert_that_goes_on_remembers_with_what_knowledge_it_opened():
    (opened,) = fold([], [run(1, 10, 1, is_open=True)], family="f", slack_s=SLACK, until=11 * STEP, judged=[1])
    stored = msgspec.structs.replace(opened.alert, id=7, knowledge=5)
    grown = fold([stored], [run(1, 10, 2, is_open=True)], family="f", slack_s=SLACK, until=12 * STEP, judged=[1])
    assert [(one.change, one.alert.end, one.alert.knowledge) for one in grown] == [(Change.UPDATED, 12 * STEP, 5)]


def test_what_is_not_seen_any_more_is_over():
    (opened,) = fold([], [run(1, 10, 4, is_open=True)], family="f", slack_s=SLACK, until=14 * STEP, judged=[1])
    alert = msgspec.structs.replace(opened.alert, id=7)
    unseen = fold([alert], [], family="f", slack_s=SLACK, until=20 * STEP, judged=[2])
    assert unseen == []  # its series was not looked at
    steps = fold([alert], [], family="f", slack_s=SLACK, until=20 * STEP, judged=[1])
    assert [step.change for step in steps] == [Change.UPDATED, Change.RESOLVED]
    assert not steps[-1].alert.members[0].is_open


def test_silence_and_anomaly_of_one_series_are_two_members():
    quiet = run(1, 12, 2)
    quiet = msgspec.structs.replace(quiet, member=msgspec.structs.replace(quiet.member, cause=Cause.SILENCE))
    (alert,) = whole([run(1, 10, 2), quiet], 100 * STEP).values()
    assert {member.cause for member in alert.members} == {Cause.ANOMALY, Cause.SILENCE}


@st.composite
def separate_runs(draw: st.DrawFn) -> list[Run]:
    """Runs of a few series; those of one series do not touch, as runs of points never do."""
    runs = []
    for series in range(1, draw(st.integers(1, 4)) + 1):
        at = draw(st.integers(0, 30))
        for _ in range(draw(st.integers(0, 5))):
            length = draw(st.integers(1, 40))
            runs.append(run(series, at, length, draw(st.sampled_from([0.5, 1.0, 2.0]))))
            at += length + draw(st.integers(1, 40))
    return runs


@settings(max_examples=300, deadline=None)
@given(separate_runs(), st.lists(st.integers(1, 60), min_size=1, max_size=12))
def test_folding_at_once_and_bit_by_bit_gives_the_same_alerts(runs: list[Run], waits: list[int]):
    end = max([one.member.end for one in runs], default=0) + 2 * SLACK
    expected = {(a.start, a.end, a.status, a.severity, a.members) for a in whole(runs, end).values()}
    alerts: dict[int, Alert] = {}
    mark, now = 0, 0
    while mark < end:
        now = min(end, now + waits[now % len(waits)] * STEP)
        known = [seen_at(one, now) for one in runs if one.known_at <= now and one.member.end >= mark]
        apply(alerts, fold(list(alerts.values()), known, family="f", slack_s=SLACK, until=now, judged=range(9)))
        mark = now
    assert {(a.start, a.end, a.status, a.severity, a.members) for a in alerts.values()} == expected
