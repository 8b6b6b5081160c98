"""Builds the records that pages and commands show."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from typing import get_args

from sqlalchemy import Connection

from watchkeeper.domain.alert import Alert, Member, severity_level
from watchkeeper.domain.errors import NotFoundError
from watchkeeper.domain.feedback import Answer, Feedback
from watchkeeper.domain.metric import Metric, Series, SourceKind
from watchkeeper.domain.times import DAY
from watchkeeper.learn import in_force
from watchkeeper.learn.settle import LEAST_OVERLAP
from watchkeeper.notify import message
from watchkeeper.stores.ledger import (
    Ledger,
    alerts,
    deliveries,
    feedback,
    handlings,
    metrics,
    questions,
    series,
    transitions,
    watermarks,
)
from watchkeeper.watch import causes, views, withheld
from watchkeeper.watch.charts import chart, marks_of, shown, spark
from watchkeeper.watch.health import health_of
from watchkeeper.watch.hindsight import hindsight
from watchkeeper.watch.index import Entry, Index
from watchkeeper.watch.judge import Judgement
from watchkeeper.watch.judgements import Judgements
from watchkeeper.watch.record import record_of
from watchkeeper.watch.settling import judged_after, overlaps

PAGE = 20
CHARTS = 6
SIMILAR = 5


class Look:
    """Read-only questions over ledger and judgements; each answer is one record."""

    def __init__(self, ledger: Ledger, judgements: Judgements, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._clock = clock
        self._index = Index(ledger, judgements)
        self._judgements = judgements

    def inbox(self, wanted: views.Wanted) -> views.Inbox:
        """See Watchkeeper.inbox."""
        entries = self._index.entries()
        groups = self._groups(wanted)
        chosen = groups.get(wanted.show, groups["all"])
        if wanted.order == "severity":
            chosen.sort(key=_by_severity)
        else:
            chosen.sort(key=_by_age)
        pages = max(1, math.ceil(len(chosen) / PAGE))
        page = min(max(1, wanted.page), pages)
        return views.Inbox(
            show=wanted.show,
            order=wanted.order,
            lines=tuple(self._lines(chosen[(page - 1) * PAGE : page * PAGE])),
            counts={name: len(group) for name, group in groups.items()},
            page=page,
            pages=pages,
            metrics=self.metrics(),
            told_in=", ".join(self._channels()),
            owners=tuple(sorted({one.owner for one in entries if one.owner})),
            tags=tuple(sorted({tag for one in entries for tag in one.metric.tags})),
        )

    def severest(self, limit: int, skipped: int, wanted: views.Wanted) -> tuple[list[views.AlertLine], int]:
        """The most severe alerts of a list of the inbox behind the first `skipped`, and how many it has."""
        chosen = sorted(self._groups(wanted)[wanted.show], key=_by_severity)
        return self._lines(chosen[skipped : skipped + limit]), len(chosen)

    def newest(self, limit: int, before: tuple[int, int] | None, wanted: views.Wanted) -> list[views.AlertLine]:
        """The newest alerts of a list of the inbox, by start, then id, behind the one with this (start, id)."""
        chosen = sorted(self._groups(wanted)[wanted.show], key=_by_age)
        if before is not None:
            chosen = [one for one in chosen if (one.alert.start, one.alert.id) < before]
        return self._lines(chosen[:limit])

    def _groups(self, wanted: views.Wanted) -> dict[str, list[Entry]]:
        """The alerts that are wanted, by the lists of the inbox that they are in."""
        now = int(self._clock())
        groups: dict[str, list[Entry]] = {name: [] for name in get_args(views.Show)}
        for one in self._index.entries():
            if _is_wanted(one, wanted):
                for name in one.groups(now):
                    groups[name].append(one)
        return groups

    def alert_page(self, alert_id: int) -> views.AlertPage:
        """See Watchkeeper.alert_page."""
        line = self.line_of(alert_id)
        alert = line.alert
        with self._ledger.read() as tx:
            members = {one.id: one for one in series.by_id(tx, [member.series for member in alert.members])}
            whole = feedback.log(tx, series=list(members))
            changes = transitions.of_alert(tx, alert_id)
            told = deliveries.of_alert(tx, alert_id)
            handled = handlings.of_alerts(tx, [alert_id]).get(alert_id, [])
        log = in_force(whole)
        related = [one.alert for one in self._index.of_series(members)]
        judgements = self._judgements.of_series(list(members))
        ranked = alert.ranked
        charts, marks = [], []
        for place, member in enumerate(ranked[:CHARTS]):
            judgement = judgements[member.series]
            charts.append(chart(judgement, member.series, *shown(alert, judgement), has_week=not place))
            marks.append(tuple(marks_of(member.series, related, log)))
        return views.AlertPage(
            line=line,
            members=tuple(
                views.MemberLine(
                    member=member,
                    metric=judgements[member.series].metric,
                    series=members[member.series],
                    sentence=message.sentence(member, judgements[member.series].metric, members[member.series]),
                )
                for member in ranked
            ),
            charts=tuple(charts),
            marks=tuple(marks),
            history=tuple(
                views.TransitionLine(
                    transition=change,
                    deliveries=tuple(
                        f"{one.target}: {one.outcome}{f' ({one.reason})' if one.reason else ''}"
                        for one in told
                        if one.transition == change.id
                    ),
                )
                for change in changes
            ),
            answers=tuple(_about(whole, alert)),
            similar=tuple(self._similar(alert)),
            why=self._why(judgements[ranked[0].series], ranked[0]),
            causes=self.explanation(alert).sentence,
            hindsight=hindsight(
                ranked[0], judgements[ranked[0].series], whole, changes[0].recorded_at, alert.knowledge
            ),
            handled=tuple(handled),
        )

    def metric_page(self, name: str, series_id: int | None) -> views.MetricPage:
        """See Watchkeeper.metric_page."""
        with self._ledger.read() as tx:
            metric = metrics.metric(tx, name)
            members = tuple(series.of_metric(tx, name))
            if not members:
                raise NotFoundError(f"metric {name} has no points yet: {_why_none(tx, metric)}")
            chosen = next((one for one in members if one.id == series_id), members[0])
            if series_id is not None and chosen.id != series_id:
                raise NotFoundError(f"series {series_id} is not one of metric {name}")
            whole = feedback.log(tx, series=[chosen.id])
            is_pushed = any(one.kind is SourceKind.PUSH for one in metrics.sources(tx) if one.name == metric.source)
            overlap = 0 if is_pushed else overlaps(tx).get(name, LEAST_OVERLAP)
            (waiting,) = judged_after(tx, [metric])
        judgement = self._judgements.of(metric)
        entries = sorted(self._index.of_series([chosen.id]), key=lambda one: -one.alert.start)
        return views.MetricPage(
            line=self.metric_line(metric),
            series=members,
            chosen=chosen,
            chart=chart(judgement, chosen.id),
            marks=tuple(marks_of(chosen.id, [one.alert for one in entries], in_force(whole))),
            alerts=tuple(self._lines(entries)),
            answers=tuple(whole),
            health=health_of(judgement, chosen.id, int(self._clock()), waiting.settle_s, overlap),
        )

    def metrics(self) -> tuple[views.MetricLine, ...]:
        """See Watchkeeper.metrics."""
        with self._ledger.read() as tx:
            known = metrics.metrics(tx)
        return tuple(self.metric_line(metric) for metric in known)

    def line_of(self, alert_id: int) -> views.AlertLine:
        """One alert as a line; NotFoundError."""
        return self._lines([self._index.get(alert_id)])[0]

    def explanation(self, alert: Alert) -> views.Explanation:
        """Which dimension values explain what the alert's leading metric did."""
        found = causes.causes_of(alert, self._judgements.of_series([alert.peak.series])[alert.peak.series])
        lines = tuple(views.CauseLine(where=one.where, share=one.share, factor=one.factor) for one in found)
        return views.Explanation(sentence=causes.sentence(alert, found), causes=lines)

    def similar(self, alert: Alert) -> list[tuple[int, str, Answer | None, str]]:
        """Start, time zone, answer and its note of similar alerts of the past, the most similar first."""
        return [
            (
                line.alert.start,
                line.timezone,
                line.answer.answer if line.answer is not None else None,
                line.answer.note if line.answer is not None else "",
            )
            for line in self._similar(alert, earlier=True)
        ]

    def picture(self, alert_id: int) -> tuple[views.SeriesChart, tuple[views.Mark, ...]]:
        """The chart of an alert's most surprising series, and what lies behind it."""
        with self._ledger.read() as tx:
            alert = alerts.get(tx, alert_id)
            log = in_force(feedback.log(tx, series=[alert.peak.series]))
        judgement = self._judgements.of_series([alert.peak.series])[alert.peak.series]
        related = [one.alert for one in self._index.of_series([alert.peak.series])]
        drawn = chart(judgement, alert.peak.series, *shown(alert, judgement))
        return drawn, tuple(marks_of(alert.peak.series, related, log))

    def sentences(self, alert: Alert) -> list[str]:
        """Every member in a sentence, the most surprising first."""
        judgements = self._judgements.of_series([member.series for member in alert.members])
        return [
            message.sentence(one, judgements[one.series].metric, _series(judgements, one.series))
            for one in alert.ranked
        ]

    def began(self, start: int, end: int) -> list[Entry]:
        """The alerts that began in `[start, end)` (seconds), each with what is known of it."""
        return [one for one in self._index.entries() if start <= one.alert.start < end]

    def lines_of(self, chosen: Sequence[Alert]) -> list[views.AlertLine]:
        """Alerts as lines, in the order given."""
        return self._lines([self._index.get(one.id) for one in chosen])

    def _lines(self, entries: Sequence[Entry]) -> list[views.AlertLine]:
        """Entries as lines of a list, with their sparks."""
        judgements = self._judgements.of_series([one.series.id for one in entries])
        now = int(self._clock())
        return [
            views.AlertLine(
                alert=one.alert,
                sentence=one.sentence,
                title=one.title,
                timezone=one.metric.timezone,
                peak_metric=one.metric,
                peak_series=one.series,
                series_count=len({member.series for member in one.alert.members}),
                metric_count=len(one.names),
                duration_s=one.alert.end - one.alert.start,
                answer=one.answer,
                explained_by=one.explained_by,
                still_fires=one.still_fires,
                spark=spark(judgements[one.series.id], one.series.id, one.alert.start, one.alert.end),
                care=one.care,
                is_snoozed=one.care.is_snoozed(now),
                spoken_of=self._index.spoken_of(one),
                upstream=one.upstream,
            )
            for one in entries
        ]

    def metric_line(self, metric: Metric) -> views.MetricLine:
        """A metric with its record."""
        with self._ledger.read() as tx:
            ids = [one.id for one in series.of_metric(tx, metric.name)]
            until = watermarks.get(tx, metric.name)
            asked = questions.listed(tx, metric.name)
            held_back = withheld.known(tx).get(metric.name)
        told = self._index.of_metric(metric.name)
        answers = [one.answer.answer for one in told if one.answer is not None]
        return views.MetricLine(
            metric=metric,
            series_count=len(ids),
            alerts_30_days=sum(1 for one in told if until is not None and one.alert.start >= until - 30 * DAY),
            answered=len(answers),
            real=answers.count(Answer.REAL),
            false_alarms=answers.count(Answer.FALSE_ALARM),
            newest_point=None if until is None else until - metric.step_s,
            record=record_of(
                metric,
                [one.alert for one in told],
                {one.alert.id: one.answer for one in told if one.answer is not None},
                self._index.answers_on(ids),
                until,
                taken={one.alert.id for one in told if one.care.acknowledged is not None or one.care.owner},
                questions=asked,
            ),
            withheld=0 if held_back is None else held_back.rows,
        )

    def _similar(self, alert: Alert, *, earlier: bool = False) -> list[views.AlertLine]:
        mine = {member.series for member in alert.members}
        scored = []
        for other in self._index.of_series(mine):
            if other.alert.id == alert.id or (earlier and other.alert.start >= alert.start):
                continue
            theirs = {member.series for member in other.alert.members}
            alike = len(mine & theirs) / len(mine | theirs)
            size = abs(math.log(max(0.1, other.alert.severity) / max(0.1, alert.severity)))
            scored.append((-alike, size, other.alert.id, other))
        return self._lines([other for *_, other in heapq.nsmallest(SIMILAR, scored, key=lambda one: one[:3])])

    def _why(self, judgement: Judgement, member: Member) -> views.Why | None:
        """Why answers make the detector stricter or more sensitive about a member, and the alerts they were said on."""
        reason = judgement.reason(member)
        if reason is None:
            return None
        with self._ledger.read() as tx:
            said = {one.id: one for one in feedback.by_id(tx, reason.answers)}
        lines = [said[one] for one in reason.answers if one in said]
        answered = ((one.alert, one.answer) for one in lines if one.alert is not None and one.answer is not None)
        return views.Why(sentence=reason.sentence, answered=tuple(dict.fromkeys(answered)))

    def _channels(self) -> list[str]:
        with self._ledger.read() as tx:
            return [channel.name for channel in metrics.channels(tx)]


def _by_severity(entry: Entry) -> tuple[float, int, int]:
    return (-entry.alert.severity, -entry.alert.start, -entry.alert.id)


def _by_age(entry: Entry) -> tuple[int, int]:
    return (-entry.alert.start, -entry.alert.id)


def _is_wanted(entry: Entry, wanted: views.Wanted) -> bool:
    alert = entry.alert
    return (
        (not wanted.metric or wanted.metric in entry.names)
        and (not wanted.owner or entry.owner == wanted.owner or entry.owner in wanted.kin)
        and (not wanted.tag or wanted.tag in entry.metric.tags)
        and (wanted.severity <= 1 or severity_level(alert.severity) >= wanted.severity)
        and (wanted.start is None or alert.end > wanted.start)
        and (wanted.end is None or alert.start < wanted.end)
        and (not wanted.text or wanted.text.lower() in entry.haystack)
    )


def _about(log: Sequence[Feedback], alert: Alert) -> list[Feedback]:
    """The lines said on the alert or on part of its window, and what undoes them."""
    said = [one for one in log if one.alert == alert.id or _overlaps(one, alert)]
    known = {one.id for one in said}
    for one in log:
        if one.undoes in known and one.id not in known:
            said.append(one)
            known.add(one.id)
    return sorted(said, key=lambda one: one.id)


def _overlaps(line: Feedback, alert: Alert) -> bool:
    return line.answer is not None and line.start < alert.end and alert.start < max(line.end, line.start + 1)


def _series(judgements: dict[int, Judgement], series_id: int) -> Series:
    judgement = judgements[series_id]
    return judgement.series[judgement.place(series_id)]


def _why_none(tx: Connection, metric: Metric) -> str:
    """Why a metric has no points, and what to do."""
    held_back = withheld.known(tx).get(metric.name)
    if held_back is None:
        return "`watchkeeper run` reads them"
    return (
        f"the last reading withheld all its {held_back.rows:,} rows, of groups under {metric.min_group_size}; "
        "fewer dimensions or a longer step make larger groups"
    )
