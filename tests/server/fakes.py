"""A made-up service behind the pages: the view records with numbers that look like the flights of the demo.

It remembers answers and undoes, so that a test can follow a person through the pages; it detects nothing.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from functools import cache

from watchkeeper.domain.alert import Alert, Cause, Change, Member, Status, Transition
from watchkeeper.domain.errors import GuardError, InputError, NotFoundError
from watchkeeper.domain.feedback import Answer, Feedback
from watchkeeper.domain.metric import Direction, Kind, Metric, Series
from watchkeeper.domain.times import DAY, HOUR, format_duration
from watchkeeper.server.facade import Order
from watchkeeper.watch import views

YEAR = 1357016400
"""1 January 2013, midnight in New York."""
BLIZZARD = 1360350000
"""8 February 2013, 14:00 in New York."""
GUARDED, CROWDED = 4, 1

METRICS = (
    Metric(
        name="departures",
        source="flights",
        query="…",
        step="1h",
        title="Departures per hour",
        description="Scheduled flights that left, by airport of origin.",
        kind=Kind.COUNT,
        unit="flights",
        dimensions=("origin",),
        timezone="America/New_York",
        group="airports",
        owner="Flight operations",
        runbook="https://runbooks.example/departures\nFirst ask the towers. Then look at the weather desk.",
        direction=Direction.DOWN,
    ),
    Metric(
        name="cancelled-share",
        source="flights",
        query="…",
        step="1h",
        title="Share cancelled",
        kind=Kind.RATE,
        dimensions=(),
        timezone="America/New_York",
        group="airports",
        owner="Flight operations",
        direction=Direction.UP,
    ),
    Metric(
        name="seats",
        source="flights",
        query="…",
        step="1d",
        title='Seats flown <script>alert("x")</script>',
        kind=Kind.SUM,
        unit="seats",
        timezone="America/New_York",
    ),
)

SERIES = (
    Series(id=1, metric="departures", values=("EWR",)),
    Series(id=2, metric="departures", values=("JFK",)),
    Series(id=3, metric="departures", values=("LGA",)),
    Series(id=4, metric="cancelled-share"),
    Series(id=5, metric="seats"),
)

_PROFILE = (0, 0, 0, 0, 0, 9, 22, 24, 26, 21, 17, 18, 19, 20, 21, 24, 23, 22, 21, 19, 14, 7, 3, 1)


def metric_named(name: str) -> Metric:
    """The metric of that name."""
    found = [metric for metric in METRICS if metric.name == name]
    if not found:
        raise NotFoundError(f"there is no metric {name!r}: the metrics are {', '.join(each.name for each in METRICS)}")
    return found[0]


@cache
def line_of(series: Series, start: int, end: int, holes: tuple[tuple[int, int], ...] = ()) -> views.SeriesChart:
    """Numbers like a day at an airport, with the blizzard in them."""
    metric = metric_named(series.metric)
    noise = random.Random(series.id)
    step = metric.step_s
    columns: dict[str, list[float | None]] = {name: [] for name in ("value", "expected", "lower", "upper", "score")}
    time: list[int] = []
    alerts: list[bool] = []
    learning: list[bool] = []
    for instant in range(YEAR + (start - YEAR) // step * step, end, step):
        level = _level(metric, instant)
        spread = max(0.08 * level, 0.6 * math.sqrt(level + 1.0) if metric.kind is Kind.COUNT else 0.02 * level)
        value: float = max(0.0, level + spread * noise.gauss(0, 0.8))
        is_storm = BLIZZARD <= instant < BLIZZARD + 26 * HOUR and level > 0
        if is_storm:
            value = 0.62 + 0.2 * noise.random() if metric.kind is Kind.RATE else value * 0.08 * noise.random()
        if metric.kind is Kind.COUNT:
            value = round(value)
        is_hole = any(low <= instant < high for low, high in holes)
        time.append(instant)
        is_early = instant < YEAR + 21 * DAY
        columns["value"].append(None if is_hole else value)
        for name, number in (
            ("expected", level),
            ("lower", max(0.0, level - 2.6 * spread)),
            ("upper", level + 2.6 * spread),
        ):
            columns[name].append(None if is_early else number)
        columns["score"].append(None if is_early or is_hole else (3.1 if is_storm else -1.0))
        alerts.append(is_storm and not is_early)
        learning.append(is_early)
    return views.SeriesChart(series=series, metric=metric, time=time, is_alert=alerts, is_learning=learning, **columns)


def _level(metric: Metric, instant: int) -> float:
    """What is usual at that hour."""
    local = instant - YEAR
    hour, day = local // HOUR % 24, local // DAY % 7
    week = (1.0, 1.02, 1.03, 1.02, 0.82, 0.94, 1.0)[(day + 1) % 7]
    if metric.name == "seats":
        return 132_000 * week * (1 + 0.06 * math.sin(local / (365 * DAY) * 2 * math.pi))
    if metric.kind is Kind.RATE:
        return 0.021 + 0.006 * math.sin(hour / 24 * 2 * math.pi)
    return _PROFILE[hour] * week


def _member(
    series: int, start: int, hours: int, value: float, expected: float, score: float, is_open: bool = False
) -> Member:
    return Member(
        series=series,
        start=start,
        end=start + hours * HOUR,
        is_open=is_open,
        peak_time=start + hours // 2 * HOUR,
        peak_score=score,
        value=value,
        expected=expected,
        lower=expected * 0.7,
        upper=expected * 1.3,
    )


def _silence(series: int, start: int, hours: int) -> Member:
    nothing = math.nan
    return Member(
        series=series,
        start=start,
        end=start + hours * HOUR,
        is_open=True,
        cause=Cause.SILENCE,
        peak_time=start + hours * HOUR,
        peak_score=1.4,
        value=nothing,
        expected=nothing,
        lower=nothing,
        upper=nothing,
    )


def _alert(id_: int, members: tuple[Member, ...], severity: float) -> Alert:
    return Alert(
        id=id_,
        family="airports",
        status=Status.OPEN if any(member.is_open for member in members) else Status.RESOLVED,
        start=min(member.start for member in members),
        end=max(member.end for member in members),
        severity=severity,
        members=members,
    )


_STORM = tuple(_member(series, BLIZZARD, 26, 1.0, 22.0, 3.4 - 0.2 * series) for series in (1, 2, 3))
ALERTS = (
    _alert(1, (*_STORM, _member(4, BLIZZARD - 2 * HOUR, 28, 0.81, 0.02, 3.9)), 13.2),
    _alert(2, (_member(2, YEAR + 300 * DAY + 9 * HOUR, 3, 4.0, 24.0, 1.6, is_open=True),), 1.6),
    _alert(3, (_silence(3, YEAR + 299 * DAY + 6 * HOUR, 5),), 1.4),
    _alert(4, (_member(1, YEAR + 180 * DAY + 15 * HOUR, 6, 6.0, 23.0, 2.1),), 2.1),
    _alert(5, (_member(5, YEAR + 331 * DAY, 48, 171_312.0, 128_400.0, 0.7),), 0.7),
    _alert(6, (_member(4, YEAR + 66 * DAY + 8 * HOUR, 9, 0.24, 0.02, 2.4),), 2.4),
)

SENTENCES = {
    1: "Share cancelled rose to 81 %, above the usual 2 % on a Friday at 12:00; 3 other series moved with it",
    2: "Departures per hour at JFK fell to 4 flights, 83 % below what is usual for a Monday morning",
    3: "Departures per hour at LGA went quiet: no data for 5 hours, where there is data at this time of day",
    4: "Departures per hour at EWR fell to 6 flights, 74 % below what is usual for a Sunday afternoon",
    5: "Seats flown rose to 171,312 seats, 33 % above what is usual for a Thursday",
    6: "Share cancelled rose to 24 %, where 2 % is usual for a Friday morning",
}


@dataclass
class FakeService:
    """The facade of `watch.service.Watchkeeper`, remembering what it was told."""

    log: list[Feedback] = field(default_factory=list)
    receipts: dict[int, views.Receipt] = field(default_factory=dict)
    drafts: list[views.Draft] = field(default_factory=list)
    tokens: set[str] = field(default_factory=lambda: {"good-token"})
    keys: set[str] = field(default_factory=lambda: {"session-1"})
    is_empty: bool = False
    many: int = 0

    def inbox(
        self, *, show: str = "open", order: Order = "severity", page: int = 1, text: str = "", metric: str = ""
    ) -> views.Inbox:
        lines = [] if self.is_empty else [self._line(alert) for alert in ALERTS]
        lines += [self._line(ALERTS[3]) for _ in range(self.many)]
        groups = {
            "open": [line for line in lines if line.alert.status is Status.OPEN],
            "answered": [line for line in lines if line.answer],
            "explained": [line for line in lines if line.explained_by],
            "quiet": [],
            "resolved": [line for line in lines if line.alert.status is Status.RESOLVED],
            "all": lines,
        }
        chosen = [
            line
            for line in groups[show]
            if text.lower() in line.sentence.lower() and metric in ("", line.peak_metric.name)
        ]
        chosen.sort(key=lambda line: -(line.alert.severity if order == "severity" else line.alert.start))
        size = 20
        return views.Inbox(
            show=show,
            order=order,
            lines=tuple(chosen[(page - 1) * size : page * size]),
            counts={name: len(group) for name, group in groups.items()},
            page=page,
            pages=max(1, -(-len(chosen) // size)),
            metrics=() if self.is_empty else self.metrics(),
            told_in="/var/lib/watchkeeper/told.txt",
        )

    def metrics(self) -> tuple[views.MetricLine, ...]:
        return tuple(
            views.MetricLine(
                metric=metric,
                series_count=sum(series.metric == metric.name for series in SERIES),
                alerts_30_days=place,
                answered=7 * (2 - place),
                real=5 * (2 - place),
                false_alarms=2 * (2 - place),
                newest_point=YEAR + 301 * DAY if place < 2 else None,
            )
            for place, metric in enumerate(METRICS)
        )

    def told(self, limit: int = 50) -> tuple[str, ...]:
        link = "Look and answer: http://127.0.0.1:8321/alerts/"
        told = ((2, "Departures per hour: Mon 28 Oct 2013 10:00"), (1, "Share cancelled: Fri 08 Feb 2013 12:00"))
        return tuple(f"{head}\n{SENTENCES[id_]}\n\n- one\n- two\n{link}{id_}" for id_, head in told)[:limit]

    def alert_page(self, alert_id: int) -> views.AlertPage:
        alert = self._alert(alert_id)
        charts = tuple(
            line_of(SERIES[member.series - 1], alert.start - 8 * DAY, alert.end + 2 * DAY, _holes(member))
            for member in alert.members
        )
        own = views.Mark(
            kind="alert", start=alert.start, end=alert.end, label=f"alert #{alert.id}", link=f"/alerts/{alert.id}"
        )
        marks = [own]
        explained = self._explained(alert)
        if explained:
            marks.append(
                views.Mark(kind="event", start=explained.start, end=explained.end, label=explained.note or "Event")
            )
        return views.AlertPage(
            line=self._line(alert),
            members=tuple(self._member_line(member) for member in alert.members),
            charts=charts,
            marks=tuple(tuple(marks) for _ in charts),
            history=self._history(alert),
            answers=tuple(line for line in self.log if line.alert == alert.id),
            similar=tuple(self._line(other) for other in ALERTS if other.id != alert.id)[:3],
        )

    def metric_page(self, name: str, series_id: int | None = None) -> views.MetricPage:
        metric_named(name)
        series = tuple(each for each in SERIES if each.metric == name)
        found = [each for each in series if each.id == series_id] or list(series[:1])
        if series_id is not None and found[0].id != series_id:
            raise NotFoundError(f"metric {name} has no series {series_id}")
        chosen = found[0]
        alerts = tuple(self._line(alert) for alert in ALERTS if any(each.series == chosen.id for each in alert.members))
        marks = [
            views.Mark(
                kind="alert",
                start=line.alert.start,
                end=line.alert.end,
                label=line.title,
                link=f"/alerts/{line.alert.id}",
            )
            for line in alerts
        ]
        marks.append(
            views.Mark(kind="new_normal", start=YEAR + 150 * DAY, end=YEAR + 150 * DAY, label="New summer timetable")
        )
        marks.append(views.Mark(kind="event", start=YEAR + 183 * DAY, end=YEAR + 185 * DAY, label="Independence Day"))
        return views.MetricPage(
            line=next(line for line in self.metrics() if line.metric.name == name),
            series=series,
            chosen=chosen,
            chart=line_of(
                chosen, YEAR, YEAR + 301 * DAY, ((YEAR + 299 * DAY, YEAR + 300 * DAY),) if chosen.id == 3 else ()
            ),
            marks=tuple(marks),
            alerts=alerts,
            answers=tuple(line for line in self.log if chosen.id in line.series),
        )

    def answer(self, draft: views.Draft) -> views.Receipt:
        self.drafts.append(draft)
        if draft.alert is not None:
            alert = self._alert(draft.alert)
            draft_series = draft.series or tuple(member.series for member in alert.members)
            start, end = draft.start or alert.start, draft.end or alert.end
        else:
            draft_series, start, end = draft.series, draft.start or 0, draft.end or 0
        if draft.answer is not Answer.NEW_NORMAL and end <= start:
            raise InputError("the window ends before it begins: give a later end")
        if draft.alert == GUARDED and draft.answer is Answer.FALSE_ALARM and not draft.force:
            raise GuardError("1 alert that a person confirmed as real would no longer fire: alert 6, 8 March 2013.")
        said = Feedback(
            id=len(self.log) + 1,
            by=draft.by,
            given_at=1763900000 + len(self.log),
            answer=draft.answer,
            series=draft_series,
            start=start,
            end=end,
            alert=draft.alert,
            note=draft.note,
        )
        return self._keep(
            said, "2 of the last 9 alerts would not have fired; all 4 confirmed ones still do.", before=9, after=7
        )

    def undo(self, feedback_id: int, by: str) -> views.Receipt:
        said = next((line for line in self.log if line.id == feedback_id), None)
        if said is None:
            raise NotFoundError(f"there is no answer {feedback_id} to undo")
        undone = Feedback(
            id=len(self.log) + 1,
            by=by,
            given_at=1763900000 + len(self.log),
            alert=said.alert,
            series=said.series,
            undoes=said.id,
        )
        return self._keep(undone, "Taken back: everything is as if it had not been said.", before=7, after=9)

    def receipt(self, feedback_id: int) -> views.Receipt:
        if feedback_id not in self.receipts:
            raise NotFoundError(f"there is no answer {feedback_id}")
        return self.receipts[feedback_id]

    def make_sign_in_link(self, base_url: str) -> str:
        self.tokens.add("another-token")
        return f"{base_url}/sign-in?token=another-token"

    def redeem(self, token: str) -> str | None:
        if token not in self.tokens:
            return None
        self.tokens.remove(token)
        key = f"session-{len(self.keys) + 1}"
        self.keys.add(key)
        return key

    def is_signed_in(self, key: str) -> bool:
        return key in self.keys

    def _keep(self, said: Feedback, sentence: str, *, before: int, after: int) -> views.Receipt:
        self.log.append(said)
        receipt = views.Receipt(
            feedback=said,
            sentence=sentence,
            before=before,
            after=after,
            vanished=(),
            appeared=(),
            confirmed=4,
            confirmed_kept=4,
        )
        self.receipts[said.id] = receipt
        return receipt

    def _alert(self, alert_id: int) -> Alert:
        found = [alert for alert in ALERTS if alert.id == alert_id]
        if not found:
            raise NotFoundError(f"there is no alert {alert_id}: the inbox lists all there are")
        return found[0]

    def _in_force(self, alert: Alert) -> list[Feedback]:
        undone = {line.undoes for line in self.log}
        return [line for line in self.log if line.alert == alert.id and line.answer and line.id not in undone]

    def _explained(self, alert: Alert) -> Feedback | None:
        return next((line for line in reversed(self._in_force(alert)) if line.answer is Answer.EVENT), None)

    def _line(self, alert: Alert) -> views.AlertLine:
        series = SERIES[alert.peak.series - 1]
        metric = metric_named(series.metric)
        answers = self._in_force(alert)
        chart = line_of(
            series, alert.peak.start - 30 * metric.step_s, alert.peak.end + 6 * metric.step_s, _holes(alert.peak)
        )
        surprising = tuple(alert.peak.start <= instant < alert.peak.end for instant in chart.time)
        return views.AlertLine(
            alert=alert,
            sentence=SENTENCES[alert.id],
            title=f"{metric.label}{', ' + series.label if series.label else ''}",
            timezone=metric.timezone,
            peak_metric=metric,
            peak_series=series,
            series_count=len(alert.members),
            metric_count=len({SERIES[member.series - 1].metric for member in alert.members}),
            duration_s=alert.end - alert.start,
            answer=answers[-1] if answers else None,
            explained_by=self._explained(alert),
            still_fires=not (answers and answers[-1].answer is Answer.FALSE_ALARM),
            spark=views.Spark(values=tuple(chart.value), is_surprising=surprising),
        )

    def _member_line(self, member: Member) -> views.MemberLine:
        series = SERIES[member.series - 1]
        metric = metric_named(series.metric)
        if member.cause is Cause.SILENCE:
            sentence = f"No data for {format_duration(member.end - member.start)}."
        else:
            sentence = f"{member.value:g} at its most surprising, where {member.expected:g} is usual."
        return views.MemberLine(member=member, metric=metric, series=series, sentence=sentence)

    def _history(self, alert: Alert) -> tuple[views.TransitionLine, ...]:
        opened = Transition(
            id=1, alert=alert.id, change=Change.OPENED, at=alert.start + HOUR, recorded_at=alert.start + HOUR + 40
        )
        lines = [views.TransitionLine(transition=opened, deliveries=("told.txt, 41 seconds later",))]
        if alert.status is Status.RESOLVED:
            closed = Transition(
                id=2,
                alert=alert.id,
                change=Change.RESOLVED,
                at=alert.end,
                recorded_at=alert.end + 30,
                detail="the values are back inside the band",
            )
            lines.append(views.TransitionLine(transition=closed, deliveries=()))
        return tuple(lines)


def _holes(member: Member) -> tuple[tuple[int, int], ...]:
    return ((member.start, member.end),) if member.cause is Cause.SILENCE else ()
