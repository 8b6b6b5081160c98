"""Every decision to tell, hold back or drop has the reason of the first stage that has one."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from tests.stores.shared import ORDERS, alert, member
from watchkeeper.domain.alert import Alert, Change, Status, Transition
from watchkeeper.domain.config import Channel, ChannelKind
from watchkeeper.domain.feedback import Answer, Feedback
from watchkeeper.domain.handling import Care, Deed, Handling, Mute
from watchkeeper.domain.metric import Series
from watchkeeper.domain.route import Route
from watchkeeper.domain.times import DAY, HOUR
from watchkeeper.watch.concern import Concern
from watchkeeper.watch.incidents import GONE
from watchkeeper.watch.policy import Case, Decision, Verdict, allowance, decide
from watchkeeper.watch.views import AlertLine, Spark

NOW = 10 * DAY
OPEN = alert(member(1), id=1)
OVER = msgspec.structs.replace(OPEN, status=Status.RESOLVED)
TEAM = Channel(name="team", url="json://x")
MACHINE = Channel(name="am", url="http://x", kind=ChannelKind.ALERTMANAGER)
LINE = AlertLine(
    alert=OPEN,
    sentence="Orders fell",
    title="Orders",
    timezone="UTC",
    peak_metric=msgspec.structs.replace(ORDERS, owner="checkout", tags=("web",)),
    peak_series=Series(id=1, metric="orders", values=("DE", "web")),
    series_count=1,
    metric_count=1,
    duration_s=HOUR,
    answer=None,
    explained_by=None,
    still_fires=True,
    spark=Spark(values=(), is_surprising=()),
    spoken_of=((1, "orders", ("web",)),),
)


def said(answer: Answer) -> Feedback:
    return Feedback(id=5, by="Ada", given_at=1, answer=answer, alert=1)


def judge(
    change: Change = Change.OPENED,
    *,
    of: Alert = OPEN,
    line: dict[str, object] | None = None,
    recorded_at: int = NOW,
    told: int = 0,
    channel: Channel = TEAM,
    detail: str = "",
    **given: object,
) -> Decision:
    transition = Transition(id=1, alert=1, change=change, at=NOW - HOUR, recorded_at=recorded_at, detail=detail)
    asked: Callable[[], AlertLine] = lambda: msgspec.structs.replace(LINE, alert=of, **(line or {}))  # noqa: E731
    return decide(
        Case(
            transition=transition,
            alert=of,
            channel=channel,
            now=NOW,
            concern=lambda: _concern(asked()),
            line=asked,
            told_lately=lambda: told,
            **given,  # type: ignore[arg-type]
        )
    )


def _concern(line: AlertLine) -> Concern:
    return Concern(metric=line.peak_metric, spoken_of=line.spoken_of, care=line.care, answer=line.answer)


@pytest.mark.parametrize("change", [Change.OPENED, Change.REOPENED, Change.WOKEN, Change.FLIPPED])
def test_news_is_told(change: Change):
    assert judge(change).verdict is Verdict.TELL


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (Change.UPDATED, "grouped"),
        (Change.RESOLVED, "resolved"),
        (Change.ANSWERED, "answer"),
        (Change.UNDONE, "answer"),
        (Change.ACKNOWLEDGED, "deed"),
        (Change.COMMENTED, "deed"),
    ],
)
def test_what_people_know_already_is_not_told(change: Change, reason: str):
    told = judge(change, was_told=True)
    assert (told.verdict, told.reason) == (Verdict.DROP, reason)


VERY_STRONG = msgspec.structs.replace(OPEN, severity=20.0)
PAGER = Route(name="at-once", channels=("team",), severity="very strong")
INBOX = Route(name="all", channels=("inbox",))


@pytest.mark.parametrize("channel", [TEAM, msgspec.structs.replace(MACHINE, name="team")])
def test_what_grows_until_a_route_fits_is_told_then_and_once(channel: Channel):
    routes = (PAGER, INBOX)
    assert judge(routes=routes, channel=channel).reason == "routed elsewhere"
    assert judge(Change.UPDATED, routes=routes, channel=channel).reason == "routed elsewhere"
    assert judge(Change.UPDATED, of=VERY_STRONG, routes=routes, channel=channel).verdict is Verdict.TELL
    later = judge(Change.UPDATED, of=VERY_STRONG, routes=routes, channel=channel, was_told=True)
    assert later.reason == ("told" if channel.is_machine else "grouped")


def test_what_was_over_budget_is_told_once_it_is_strong():
    assert judge(Change.UPDATED, told=6).reason == "over budget"
    assert judge(Change.REOPENED, told=6).reason == "over budget"
    assert judge(Change.REOPENED, told=6, was_told=True).verdict is Verdict.TELL
    assert judge(Change.UPDATED, told=6, of=VERY_STRONG).verdict is Verdict.TELL


def test_growing_says_nothing_where_something_else_holds_it_back():
    past = msgspec.structs.replace(VERY_STRONG, status=Status.RESOLVED)
    assert judge(Change.UPDATED, of=past, stale_s=HOUR // 2).reason == "past"
    assert judge(Change.UPDATED, of=VERY_STRONG, line={"answer": said(Answer.EVENT)}).reason == "answered"
    assert judge(Change.UPDATED, of=VERY_STRONG, line={"explained_by": said(Answer.EVENT)}).reason == "explained"
    assert judge(Change.UPDATED, of=VERY_STRONG, is_waiting=True).reason == "waits already"
    assert judge(Change.REOPENED, is_waiting=True).reason == "waits already"
    assert judge(Change.UPDATED, of=VERY_STRONG, is_refused=True).reason == "refused"
    assert judge(Change.UPDATED, of=VERY_STRONG, detail=GONE).reason == "gone"


def test_a_machine_hears_that_it_is_over_wherever_the_routes_lead_by_now():
    routes = (INBOX, Route(name="night", channels=("am",), hours="22:00-06:00", owner=("nobody",)))
    assert judge(Change.RESOLVED, of=OVER, channel=MACHINE, was_told=True, routes=routes).verdict is Verdict.TELL


def test_a_machine_hears_every_change_of_what_it_was_told_of():
    for change in (Change.UPDATED, Change.RESOLVED):
        assert judge(change, of=OVER, channel=MACHINE, was_told=True, stale_s=HOUR // 2).reason in ("told", "past")
    assert judge(Change.RESOLVED, of=OVER, channel=MACHINE).reason == "unknown there"
    assert judge(Change.RESOLVED, of=OVER, channel=MACHINE, was_told=True, stale_s=0).verdict is Verdict.TELL


def test_a_machine_is_told_once_a_run_of_what_it_is_told_as_it_stands():
    assert judge(Change.UPDATED, channel=MACHINE, was_told=True, is_current=True).reason == "current there"
    assert judge(Change.REOPENED, is_current=True).verdict is Verdict.TELL  # people are told what happened


def test_the_past_is_not_told_but_what_still_goes_on_is():
    assert judge(of=OVER, stale_s=HOUR // 2).reason == "past"
    assert judge(of=OPEN, stale_s=HOUR // 2).verdict is Verdict.TELL
    assert judge(of=OVER, recorded_at=NOW - 2 * DAY).reason == "too late"


def test_explained_or_answered_is_not_told_but_a_flip_is():
    event = {"explained_by": said(Answer.EVENT)}
    assert judge(line=event).reason == "explained"
    assert judge(Change.REOPENED, line={"answer": said(Answer.FALSE_ALARM)}).words == "answered: Ada said “false alarm”"
    assert judge(Change.REOPENED, line={"answer": said(Answer.REAL)}).verdict is Verdict.TELL
    assert judge(Change.FLIPPED, line=event).verdict is Verdict.TELL


def test_muted_waits_while_it_goes_on_and_is_dropped_once_it_is_over():
    mute = Mute(id=1, by="Ada", made_at=0, start=NOW - HOUR, end=NOW + HOUR, tag="web")
    waits = judge(mutes=(mute,))
    assert (waits.verdict, waits.reason, waits.until) == (Verdict.WAIT, "muted", NOW + HOUR)
    assert judge(mutes=(mute,), of=OVER).verdict is Verdict.DROP
    other = msgspec.structs.replace(mute, tag="", metric="visits")
    assert judge(mutes=(other,)).verdict is Verdict.TELL
    two = {"spoken_of": ((1, "orders", ("web",)), (2, "visits", ()))}
    assert judge(mutes=(mute,), line=two).verdict is Verdict.TELL  # one of its series is not muted


def test_snoozed_is_told_when_the_snooze_is_over():
    snooze = Handling(id=1, alert=1, by="Ada", at=NOW, deed=Deed.SNOOZE, until=NOW + HOUR)
    care = {"care": Care(snoozed=snooze)}
    assert judge(Change.REOPENED, line=care).words.startswith("snoozed by Ada until 1970-01-11T01:00:00Z")
    assert judge(Change.WOKEN, line={"care": Care(snoozed=msgspec.structs.replace(snooze, until=NOW))}).reason == "told"


def test_slight_alerts_over_budget_are_held_back_and_strong_ones_never():
    assert judge(told=5).verdict is Verdict.TELL
    held = judge(told=6)
    assert held.reason == "over budget"
    assert "6 alerts within a month that nobody called real, where 1 was asked for" in held.words
    assert judge(told=60, of=msgspec.structs.replace(OPEN, severity=2.5)).verdict is Verdict.TELL
    assert allowance(1.0) == 6.0


def test_routes_lead_to_their_channels_and_a_gap_in_them_to_all():
    pager = Route(name="night", channels=("pager",), owner=("checkout",))
    elsewhere = judge(routes=(pager,))
    assert elsewhere.words == "routed elsewhere: night (pager)"
    gap = msgspec.structs.replace(pager, owner=("search",))
    assert judge(routes=(gap,)).verdict is Verdict.TELL
    both = Route(name="all", channels=("team", "pager"))
    assert judge(routes=(pager, both)).verdict is Verdict.TELL


def test_out_of_hours_waits_until_they_begin():
    day = Route(name="day", channels=("team",), hours="08:00-18:00")
    waits = judge(routes=(day,))
    assert (waits.verdict, waits.until) == (Verdict.WAIT, NOW + 8 * HOUR)
    assert waits.words == "outside the hours of route day: waits until 1970-01-11T08:00:00Z"
    assert judge(routes=(day,), of=OVER).reason == "out of hours"
    always = Route(name="always", channels=("team",))
    assert judge(routes=(day, always)).verdict is Verdict.TELL


def test_the_first_stage_decides():
    mute = Mute(id=1, by="Ada", made_at=0, start=NOW - HOUR, end=NOW + HOUR)
    assert judge(line={"explained_by": said(Answer.EVENT)}, mutes=(mute,), told=99).reason == "muted"
    assert judge(line={"explained_by": said(Answer.EVENT)}, told=99).reason == "over budget"
