"""Every alert with what is known of it, kept in memory, so that a list of ten thousand is a matter of milliseconds.

Derived, never the truth: it follows the ledger, and judges an alert again where it, an answer or its metric's points
changed (`Judgements.stamp`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import RLock

from watchkeeper.domain.alert import Alert, Cause, Member, Status
from watchkeeper.domain.feedback import Answer, Feedback
from watchkeeper.domain.handling import UNHANDLED, Care, care_of
from watchkeeper.domain.metric import Metric, Series
from watchkeeper.domain.recurrence import occurrences
from watchkeeper.learn import in_force
from watchkeeper.notify import message
from watchkeeper.stores.ledger import Ledger, alerts, feedback, handlings, metrics, transitions, users
from watchkeeper.watch.judge import Judgement
from watchkeeper.watch.judgements import Judgements
from watchkeeper.watch.policy import FINE
from watchkeeper.watch.upstream import REACH_S, upstream_of
from watchkeeper.watch.weighing import latest_on_alerts


@dataclass(frozen=True, slots=True)
class Entry:
    """One alert: its leading metric and series, its words, and what people and today's knowledge say of it."""

    alert: Alert
    metric: Metric
    series: Series
    names: frozenset[str]
    title: str
    sentence: str
    haystack: str
    care: Care
    answer: Feedback | None = None
    explained_by: Feedback | None = None
    still_fires: bool = True
    upstream: int | None = None
    is_removed: bool = False
    """Whether its metrics are watched no more."""

    @property
    def owner(self) -> str:
        """Whom it was given to, or else its metric's owner."""
        return self.care.owner or self.metric.owner

    def groups(self, now: int) -> tuple[str, ...]:
        """The lists of the inbox in which it stands at `now` (seconds UTC); see `views.Show`."""
        is_explained = self.explained_by is not None or self.upstream is not None
        found = ["all"]
        if self.answer is not None:
            found.append("answered")
        if is_explained:
            found.append("explained")
        if self.alert.status is Status.RESOLVED:
            found.append("resolved")
        if self.answer is None and not is_explained and not self.is_removed:
            taken = self.care.acknowledged is not None or self.care.is_snoozed(now)
            found.append("acknowledged" if taken else "open" if self.still_fires else "quiet")
        return tuple(found)


@dataclass(frozen=True, slots=True)
class _Known:
    """What was found of a metric: as judged under a stamp, with a digest of its findings."""

    metric: Metric
    series: tuple[int, ...]
    stamp: int
    digest: bytes


class Index:
    """The entries of a ledger. Methods may be called from any thread; each answers as the ledger stands then."""

    def __init__(self, ledger: Ledger, judgements: Judgements) -> None:
        self._ledger = ledger
        self._judgements = judgements
        self._lock = RLock()
        self._entries: dict[int, Entry] = {}
        self._of_series: dict[int, set[int]] = {}
        self._of_metric: dict[str, set[int]] = {}
        self._known: dict[str, _Known] = {}
        self._metric_of: dict[int, str] = {}
        self._log: tuple[Feedback, ...] = ()
        self._said: dict[int, Feedback] = {}
        self._events: dict[tuple[int, tuple[int, ...]], Feedback] = {}
        self._seen = (0, 0)
        self._erased = 0
        self._removed: frozenset[str] = frozenset()

    def entries(self) -> list[Entry]:
        """Every entry."""
        with self._lock:
            self._refresh()
            return list(self._entries.values())

    def get(self, alert_id: int) -> Entry:
        """One entry; NotFoundError."""
        with self._lock:
            self._refresh()
            if alert_id not in self._entries:
                raise alerts.missing(alert_id)
            return self._entries[alert_id]

    def of_series(self, series: Iterable[int]) -> list[Entry]:
        """The entries with one of these series, by number."""
        with self._lock:
            self._refresh()
            found = set().union(*(self._of_series.get(one, set()) for one in series))
            return [self._entries[one] for one in sorted(found)]

    def of_metric(self, name: str) -> list[Entry]:
        """The entries with a series of this metric, by number."""
        with self._lock:
            self._refresh()
            return [self._entries[one] for one in sorted(self._of_metric.get(name, ()))]

    def answers_on(self, series: Collection[int]) -> list[Feedback]:
        """The answers in force that speak of one of these series, the oldest first."""
        wanted = frozenset(series)
        with self._lock:
            self._refresh()
            return [line for line in self._log if not wanted.isdisjoint(line.series)]

    def spoken_of(self, entry: Entry) -> tuple[tuple[int, str, tuple[str, ...]], ...]:
        """For every member of an entry its series, its metric and that metric's tags."""
        with self._lock:
            held = [(one.series, self._known[self._metric_of[one.series]].metric) for one in entry.alert.members]
        return tuple((number, metric.name, metric.tags) for number, metric in held)

    # following the ledger

    def _refresh(self) -> None:
        with self._ledger.read() as tx:
            seen = (transitions.newest(tx), feedback.last_id(tx))
            if users.erased(tx) != self._erased:  # names in the logs are others now
                self._erased = users.erased(tx)
                self._forget()
            stamped = {name for name, one in self._known.items() if self._judgements.stamp(name) != one.stamp}
            total, removed = alerts.count(tx), metrics.removed(tx)
            other, self._removed = removed ^ self._removed, removed
            if seen == self._seen and not stamped and not other and total == len(self._entries):
                return
            changed = set(transitions.alerts_since(tx, self._seen[0])) if seen[0] != self._seen[0] else set()
            found = alerts.named(tx, changed)
            if total < len(self._entries.keys() | found.keys()):
                self._drop(self._entries.keys() - alerts.ids(tx))
            cares = {one: care_of(log) for one, log in handlings.of_alerts(tx, changed).items()} if changed else {}
            log = in_force(feedback.log(tx)) if seen[1] != self._seen[1] else None
        renewed = self._rejudge(stamped, {one.series for alert in found.values() for one in alert.members})
        for name in renewed | other:  # its words may be other ones: a title, a unit
            for number in self._of_metric.get(name, set()) - found.keys():
                found[number] = self._entries[number].alert
                cares[number] = self._entries[number].care
        stale = set(found) | self._hear(log)
        touched = {one.series for alert in found.values() for one in alert.members}
        touched |= {one.series for number in stale - found.keys() for one in self._entries[number].alert.members}
        held = self._judgements.of_series(sorted(touched))
        for alert in found.values():
            self._put(self._word(alert, cares.get(alert.id, UNHANDLED), held))
        for number in stale:
            self._entries[number] = self._judge(self._entries[number], held)
        self._look_upstream(stale)
        self._seen = seen

    def _rejudge(self, stamped: Collection[str], series: Collection[int]) -> set[str]:
        """Look at metrics anew; the names of those of which other things are found now."""
        wanted = [self._known[name].series[0] for name in stamped]
        wanted += [one for one in series if one not in self._metric_of]
        before = {name: self._judgements.stamp(name) for name in self._known}
        renewed = set()
        for judgement in {id(one): one for one in self._judgements.of_series(wanted).values()}.values():
            name, members = judgement.metric.name, judgement.columns.series
            known = _Known(
                judgement.metric, members, before.get(name, self._judgements.stamp(name)), _digest(judgement)
            )
            was = self._known.get(name)
            if was is not None and (was.metric, was.series, was.digest) != (known.metric, members, known.digest):
                renewed.add(name)
            self._known[name] = known
            self._metric_of.update(dict.fromkeys(members, name))
        return renewed

    def _hear(self, log: Sequence[Feedback] | None) -> set[int]:
        """Take in the answers; the alerts that they concern."""
        said, events = self._said, {(0, one.series): one for one in self._calendars()}
        if log is not None:
            self._log = tuple(log)
            said = latest_on_alerts(log)
            spoken = (one for one in log if one.answer is Answer.EVENT and said.get(one.alert or 0, one) is one)
            events |= {(one.id, one.series): one for one in spoken}
        else:
            events |= {key: one for key, one in self._events.items() if one.id}
        stale = {one for one in {*said, *self._said} if said.get(one) != self._said.get(one)}
        for key in events.keys() ^ self._events.keys():
            stale.update(*(self._of_series.get(one, set()) for one in key[1]))
        self._said, self._events = said, events
        return stale.intersection(self._entries)

    def _put(self, entry: Entry) -> None:
        self._entries[entry.alert.id] = entry
        for member in entry.alert.members:
            self._of_series.setdefault(member.series, set()).add(entry.alert.id)
        for name in entry.names:
            self._of_metric.setdefault(name, set()).add(entry.alert.id)

    def _forget(self) -> None:
        self._entries, self._of_series, self._of_metric = {}, {}, {}
        self._log, self._said, self._events, self._seen = (), {}, {}, (0, 0)

    def _drop(self, gone: Iterable[int]) -> None:
        """Alerts that were older than they are kept."""
        for number in gone:
            entry = self._entries.pop(number)
            for member in entry.alert.members:
                self._of_series[member.series].discard(number)
            for name in entry.names:
                self._of_metric[name].discard(number)

    def _word(self, alert: Alert, care: Care, held: Mapping[int, Judgement]) -> Entry:
        """What does not depend on answers."""
        judgement = held[alert.peak.series]
        series = judgement.series[judgement.place(alert.peak.series)]
        others = len({member.series for member in alert.members}) - 1
        title = message.subject(judgement.metric, series)
        sentence = message.headline(alert, judgement.metric, series, others)
        names = frozenset(held[member.series].metric.name for member in alert.members)
        return Entry(
            alert=alert,
            metric=judgement.metric,
            series=series,
            names=names,
            is_removed=names <= self._removed,
            title=title,
            sentence=sentence,
            haystack=f"{title} {sentence} #{alert.id}".lower(),
            care=care,
        )

    def _judge(self, entry: Entry, held: Mapping[int, Judgement]) -> Entry:
        """What depends on answers."""
        members = entry.alert.members
        explaining = (
            event
            for event in self._events.values()
            if all(one.series in event.series and _accounts(event, one, held[one.series]) for one in members)
        )
        return replace(
            entry,
            answer=self._said.get(entry.alert.id),
            explained_by=next(explaining, None),
            still_fires=any(held[one.series].fires(one) for one in members),
        )

    def _look_upstream(self, stale: Collection[int]) -> None:
        """Which alert of what they depend on explains these and those near them in time."""
        if not stale:
            return
        first = min(self._entries[one].alert.start for one in stale) - 2 * REACH_S
        last = max(self._entries[one].alert.end for one in stale) + 2 * REACH_S
        near = [
            one
            for one in self._entries.values()
            if one.alert.end >= first and one.alert.start <= last and self._may_depend(one)
        ]
        if not near:
            return
        metric_of = {
            member.series: self._known[self._metric_of[member.series]].metric
            for one in near
            for member in one.alert.members
        }
        fine = {alert for alert, one in self._said.items() if one.answer in FINE}
        with self._ledger.read() as tx:
            above = upstream_of(tx, [one.alert for one in near], metric_of, metrics.metrics(tx), fine)
        for one in near:
            if above.get(one.alert.id) != one.upstream:
                self._entries[one.alert.id] = replace(one, upstream=above.get(one.alert.id))

    def _may_depend(self, entry: Entry) -> bool:
        return (
            entry.upstream is not None
            or any(self._known[name].metric.depends_on for name in entry.names)
            or all(one.cause is Cause.SILENCE for one in entry.alert.members)
        )

    def _calendars(self) -> list[Feedback]:
        """The calendars of the configuration, as the events that they are; nobody said them, so their number is 0."""
        return [
            Feedback(
                id=0,
                by="configuration",
                given_at=0,
                answer=Answer.EVENT,
                series=known.series,
                note=f"holiday in {known.metric.calendar}",
                repeat=known.metric.calendar_rule,
                zone=known.metric.timezone,
            )
            for known in self._known.values()
            if known.metric.calendar
        ]


def _digest(judgement: Judgement) -> bytes:
    """The same for the same findings."""
    made = hashlib.blake2b(digest_size=16)
    for column in (judgement.columns.time, judgement.alert, judgement.silent, judgement.explained):
        made.update(column.tobytes())
    return made.digest()


def _accounts(event: Feedback, member: Member, judgement: Judgement) -> bool:
    """Whether the event explains the member: always, or if it repeats in occurrences of which nothing was known yet."""
    if not event.repeat:
        return event.start <= member.peak_time < event.end
    if judgement.fires(member):
        return False
    time = judgement.columns.time[judgement.columns.of(judgement.place(member.series))]
    known = occurrences(
        event.repeat, event.zone, event.start, event.end, member.peak_time + 1, since=int(time[0]) if len(time) else 0
    )
    return any(one.start <= member.peak_time < one.end for one in known)
