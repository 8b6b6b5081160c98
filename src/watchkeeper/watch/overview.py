"""A week in one look: what moved, what was said, how well the watch itself did. For a page, a mail, a printer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from watchkeeper.domain.errors import ChannelError, InputError
from watchkeeper.domain.feedback import Answer
from watchkeeper.domain.times import WEEK
from watchkeeper.learn import in_force
from watchkeeper.notify import channels as ways
from watchkeeper.notify.message import count_alerts
from watchkeeper.notify.parcel import Parcel
from watchkeeper.stores.history import History
from watchkeeper.stores.ledger import Ledger, audit, feedback, metrics, series, watermarks
from watchkeeper.watch import withheld
from watchkeeper.watch.look import Look
from watchkeeper.watch.views import MetricLine
from watchkeeper.watch.week import Week, text

SHOWN = 10
NOISY = 2.0
"""A metric is noisy when its alerts of 30 days, those confirmed as real left out, exceed so many times its budget."""


class Overview:
    """Weeks, and sending one. Methods may be called from any thread."""

    def __init__(self, ledger: Ledger, history: History, look: Look, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._history = history
        self._look = look
        self._clock = clock

    def week(self, end: int | None = None) -> Week:
        """The seven days before `end` (default: the newest instant that anything was judged up to, at most now)."""
        with self._ledger.read() as tx:
            known, marks = metrics.metrics(tx), watermarks.all_of(tx)
            judged = [marks[one.name] for one in known if one.name in marks]
            log = in_force(feedback.log(tx))
        end = end if end is not None else min(int(self._clock()), max(judged, default=int(self._clock())))
        start = end - WEEK
        began = self._look.began(start, end)
        biggest = sorted(began, key=lambda one: (-one.alert.severity, -one.alert.start, -one.alert.id))[:SHOWN]
        said = [one.answer.answer for one in began if one.answer is not None]
        watched = self._look.metrics()
        zones = [one.timezone for one in known]
        return Week(
            start=start,
            end=end,
            timezone=max(set(zones), key=zones.count) if zones else "UTC",
            moved=tuple(self._look.lines_of([one.alert for one in biggest])),
            alerts=len(began),
            before=len(self._look.began(start - WEEK, start)),
            answered=len(said),
            real=said.count(Answer.REAL),
            false_alarms=said.count(Answer.FALSE_ALARM),
            explained=sum(one.explained_by is not None for one in began),
            missed=sum(one.answer is Answer.MISSED and start <= one.start < end for one in log),
            events=tuple(one for one in log if one.answer is Answer.EVENT and one.start < end and one.end > start),
            noisy=tuple(one for one in watched if _is_noisy(one)),
            silent=self._silent(watched, end - WEEK),
            watched=len(watched),
            sentence=_sentence(len(began), len(said), said.count(Answer.REAL)),
        )

    def _silent(self, watched: Sequence[MetricLine], since: int) -> tuple[MetricLine, ...]:
        """The metrics that had no point from `since` (seconds) on, each with the newest that it had: periods without
        any are judged too, so that how far a metric was judged says nothing of it.
        """
        with self._ledger.read() as tx:
            members, held_back = series.by_metric(tx), withheld.known(tx)
        last = self._history.last_time([one.id for of_metric in members.values() for one in of_metric])
        silent = []
        for line in watched:
            name = line.metric.name
            times = [last[one.id] for one in members.get(name, ()) if one.id in last]
            if name in held_back:
                times.append(held_back[name].newest)
            newest = max(times, default=None)
            if newest is None or newest < since:
                silent.append(msgspec.structs.replace(line, newest_point=newest))
        return tuple(silent)

    def send(self, channel: str, by: str, end: int | None = None, link: str = "") -> Week:
        """Send the week to people. NotFoundError; InputError where the channel is a machine's; ChannelError says why it
        did not arrive.
        """
        now = int(self._clock())
        with self._ledger.read() as tx:
            found = metrics.channel(tx, channel)
        if found.is_machine:
            raise InputError(
                f"channel {channel}: {found.kind.value} takes alerts; send the week to a channel of people"
            )
        week = self.week(end)
        title, *body = text(week)
        if link:
            body.append(f"Look closer: {link}/overview")
        try:
            ways.send(found, Parcel(title=title, body="\n".join(body)), now)
        except ChannelError as error:
            raise ChannelError(
                f"the digest did not arrive: {error}",
                permanent=error.permanent,
                is_of_channel=error.is_of_channel,
                retry_after_s=error.retry_after_s,
            ) from None
        with self._ledger.write() as tx:
            audit.add(tx, by, now, "digest", channel)
        return week


def _is_noisy(line: MetricLine) -> bool:
    return line.alerts_30_days - line.real > NOISY * line.metric.false_alerts_per_month


def _sentence(alerts: int, answered: int, real: int) -> str:
    if not alerts:
        return "Nothing was told this week."
    told = count_alerts(alerts)
    if not answered:
        return f"{told}, none answered yet."
    return f"{told}, {answered} answered, {real} of them real."
