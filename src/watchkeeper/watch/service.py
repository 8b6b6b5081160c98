"""Watchkeeper as one object: what the command line, the pages and the API call."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import Any, Literal, Self

import msgspec

from watchkeeper.domain.config import Config
from watchkeeper.domain.config_lines import Places
from watchkeeper.domain.errors import WatchkeeperError
from watchkeeper.domain.feedback import Answer
from watchkeeper.domain.metric import SourceKind
from watchkeeper.learn.settle import LEAST_OVERLAP
from watchkeeper.sources.pipelined import Asked
from watchkeeper.stores import places
from watchkeeper.stores.history import History
from watchkeeper.stores.ledger import (
    Ledger,
    feedback,
    metrics,
    series,
    transitions,
    watermarks,
)
from watchkeeper.watch import answers, applying, collect, feedback_log, plan, removing, views, withheld
from watchkeeper.watch.access import Access
from watchkeeper.watch.achieved import read_achieved
from watchkeeper.watch.assessments import Assessments
from watchkeeper.watch.backfill import Backfills
from watchkeeper.watch.backups import Backups
from watchkeeper.watch.briefs import Briefs
from watchkeeper.watch.channels import Channels
from watchkeeper.watch.deeds import Deeds
from watchkeeper.watch.digest import Digests
from watchkeeper.watch.drafting import Drafting
from watchkeeper.watch.flag_news import FlagNews
from watchkeeper.watch.flags import Flags
from watchkeeper.watch.foresight import foresee
from watchkeeper.watch.guard import run_guards
from watchkeeper.watch.judgements import Judgements
from watchkeeper.watch.keys import kept_key
from watchkeeper.watch.leases import LEASE_S, Leases
from watchkeeper.watch.links import Links
from watchkeeper.watch.listing import Listing
from watchkeeper.watch.look import Look
from watchkeeper.watch.one_click import OneClick
from watchkeeper.watch.overview import Overview
from watchkeeper.watch.policy import STALE_S
from watchkeeper.watch.pushes import Pushes
from watchkeeper.watch.questions import Questions
from watchkeeper.watch.readings import Readings
from watchkeeper.watch.replies import Replies
from watchkeeper.watch.retention import Clearing
from watchkeeper.watch.rollout import run_rollouts
from watchkeeper.watch.runbooks import Runbooks
from watchkeeper.watch.settling import Settling, judged_after, overlaps, settled
from watchkeeper.watch.sign_in import SignIn
from watchkeeper.watch.systems import Systems
from watchkeeper.watch.teams import Teams
from watchkeeper.watch.telling import Telling
from watchkeeper.watch.ticks import Ticks
from watchkeeper.watch.tuning import Tuning
from watchkeeper.watch.vitals import Vitals


class Progressed(msgspec.Struct, frozen=True, kw_only=True):
    """What one run did: points new or different, alerts opened, messages sent, and what failed, in words."""

    points: int
    opened: int
    sent: int
    troubles: tuple[str, ...]


class Watchkeeper:
    """The service over one home directory: `ledger.db` and `history.duckdb`. Methods may be called from any thread."""

    def __init__(
        self,
        ledger: Ledger,
        history: History,
        *,
        link: str,
        link_key: bytes,
        home: Path,
        clock: Callable[[], float],
        lease_s: float = LEASE_S,
    ) -> None:
        self._ledger = ledger
        self._history = history
        self._clock = clock
        self._writing = RLock()
        self._judgements = Judgements(ledger, history)
        self._leases = Leases(ledger, is_shared=history.is_shared, lease_s=lease_s)
        self._ticks = Ticks(ledger, history, self._judgements, self._leases)
        self._settling = Settling(ledger, history, self._leases.is_mine)
        self.vitals = Vitals(ledger, clock)
        self._readings = Readings(ledger, history, self._judgements.forget, self.vitals.withheld)
        self.pushes = Pushes(
            ledger, history, home / places.PUSHED, self._judgements.forget, clock, self.vitals.withheld
        )
        self._look = Look(ledger, self._judgements, clock)
        self.drafting = Drafting(ledger, self._writing, clock)
        self.tuning = Tuning(ledger, self._judgements, self._writing, clock)
        self.deeds = Deeds(ledger, clock)
        self.runbooks = Runbooks(ledger, history)
        self.listing = Listing(ledger, self._judgements, self._look)
        self.overview = Overview(ledger, history, self._look, clock)
        self.digests = Digests(ledger, self.overview, link)
        self.replies = Replies(ledger, clock)
        self.access = Access(ledger, clock)
        self.teams = Teams(ledger, clock)
        self.sign_in = SignIn(ledger, clock)
        self.channels = Channels(ledger, clock)
        self.flags = Flags(ledger, clock, history)
        self.backfills = Backfills(ledger, history, self._judgements, self._ticks, self._leases, self._writing, clock)
        self._links = Links(ledger, link_key, link, clock)
        briefs = partial(Briefs, ledger, self._look, self._links, self.runbooks, link)
        self._telling = Telling(ledger, self._leases, briefs, FlagNews(ledger, self._links, link))
        self.one_click = OneClick(
            self._links,
            self.flags,
            self._look.line_of,
            preview=self.preview,
            answer=self.answer,
            undo=self.undo,
            receipt=self.receipt,
        )
        self.questions = Questions(ledger, self._judgements, clock, self.answer)
        self.flags.refresh()
        self.backups = Backups(ledger, history, home, clock, self.pushes.drain)
        self.systems = Systems(ledger, clock, history)
        self.assessments = Assessments(ledger, clock)
        self.retention = Clearing(ledger, history, self._leases, self._writing, self._ticks.forget, clock)

    @classmethod
    def open(
        cls,
        home: Path,
        *,
        ledger_url: str = "",
        history_url: str = "",
        link: str = "",
        clock: Callable[[], float] = time.time,
        lease_s: float = LEASE_S,
    ) -> Self:
        """Open or make the stores in `home`. `link` is the address that messages point to.

        `ledger_url` and `history_url` keep ledger and history in PostgreSQL instead (default: what the environment
        says, see `stores.places`); both belong together for good. Where both are in PostgreSQL, several servers may
        have them open and share the work; what one did is taken over `lease_s` after its last sign of life.

        Raises StoreError where another process holds them.
        """
        places.make(home)
        ledger = Ledger.open(ledger_url or places.ledger_url(home))
        try:
            history = History.open(history_url or places.history_place(home))
        except WatchkeeperError:
            ledger.close()
            raise
        return cls(
            ledger,
            history,
            link=link,
            link_key=kept_key(home / places.LINK_KEY),
            home=home,
            clock=clock,
            lease_s=lease_s,
        )

    def close(self) -> None:
        """Let go of the stores; where judging stands is kept, so that the next start goes on from here."""
        with self._writing:
            self._ticks.keep_all()
        self._readings.close()
        self.pushes.close()
        self._leases.close()
        self._history.close()
        self._ledger.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # setting up

    def apply(self, config: Config, by: str, places: Places | None = None, *, is_pruned: bool = False) -> None:
        """Insert or update what a configuration names; what it does not name stays, or goes where `is_pruned`.

        ConfigError says everything that is wrong, each with its place where `places` has it; then nothing is changed.
        """
        now = int(self._clock())
        with self._writing, self._ledger.write() as tx:
            applying.apply(tx, config, by, now, self.systems, self.flags, places, is_pruned=is_pruned)
        self._set_anew()

    def plan(self, config: Config, places: Places | None = None, *, is_pruned: bool = False) -> list[plan.Step]:
        """What applying a configuration would change, in its order; ConfigError as `apply`."""
        return plan.plan(self._ledger, config, places, is_pruned=is_pruned)

    def removal(self, kind: str, name: str) -> removing.Removal:
        """What removing something that is configured would mean. InputError for its kind, NotFoundError."""
        return applying.removal(self._ledger, kind, name)

    def remove(self, kind: str, name: str, by: str) -> removing.Removal:
        """Take something that is configured away. NotFoundError; InputError names what refers to it."""
        with self._writing:
            found = applying.remove(self._ledger, kind, name, by, int(self._clock()))
        self._set_anew()
        return found

    def _set_anew(self) -> None:
        self.pushes.forget()
        self._judgements.forget()
        self.flags.refresh()

    def standing(self) -> Config:
        """What is configured now."""
        return plan.standing(self._ledger)

    # running

    def run_until(
        self,
        now: int,
        progress: Callable[[str], None] = lambda step: None,
        *,
        stale_s: int = STALE_S,
        patience_s: float | None = None,
    ) -> Progressed:
        """Read what sources have up to `now`, judge it, store the alerts, tell people. Safe to repeat and to kill.

        What became known more than `stale_s` before `now` and is over is stored but not sent: nobody is woken about the
        past. Sources are waited for `patience_s` at most (None: until they are read or fail); the metrics of one that
        takes longer are judged by a later run.
        """
        began, troubles = time.perf_counter(), list[str]()
        self.systems.prepare(now, troubles, progress)
        points = self.collect(now, troubles, progress, patience_s=patience_s) + self.pushes.take_drained()
        with self._writing:
            if points:
                self._history.compact()
            opened = self._ticks.advance(now, progress, self._readings.busy)
            run_guards(self._ledger, self._history, self._look.line_of, now)
            run_rollouts(self._ledger, self._history, now, troubles)
            self.flags.refresh()
            self.retention.clear_daily(now)
            self._settling.learn(now)
            self.deeds.wake(now)
            read_achieved(self._ledger, self._history, now)
            self.questions.ask(now)
            sent = self._telling.go_round(now, stale_s, troubles)
            troubles += self.digests.send_due(now, self._leases.holds)
            lasting_s = time.perf_counter() - began
            self.vitals.ticked(points=points, opened=opened, sent=sent, troubles=len(troubles), lasting_s=lasting_s)
        return Progressed(points=points, opened=opened, sent=sent, troubles=tuple(troubles))

    def collect(
        self,
        now: int,
        troubles: list[str],
        progress: Callable[[str], None] = lambda step: None,
        *,
        patience_s: float | None = None,
    ) -> int:
        """Pull every metric's outstanding window; a source that fails is named in `troubles` and stops no other."""
        self._leases.refresh()
        with self._ledger.read() as tx:
            known = settled(tx, metrics.metrics(tx))
            judged_until = {one.name: collect.window(one, None, now)[1] for one in judged_after(tx, known)}
            sources = {source.name: source for source in metrics.sources(tx)}
            members = series.by_metric(tx)
            judged = watermarks.all_of(tx)
            held_back, reach = withheld.known(tx), overlaps(tx)
        last = self._history.last_time([one.id for of_metric in members.values() for one in of_metric])
        due = []
        for metric in known:
            if sources[metric.source].kind is SourceKind.PUSH or not self._leases.is_mine(metric.family):
                continue
            times = [last.get(one.id) for one in members.get(metric.name, ())]
            if metric.name in held_back:  # it came, and is not stored where its series was never shown
                times.append(held_back[metric.name].newest)
            newest = max((time for time in times if time is not None), default=None)
            start, end = collect.window(metric, newest, now, reach.get(metric.name, LEAST_OVERLAP))
            until = judged_until[metric.name]
            mark = judged.get(metric.name, until)
            if newest is not None and newest + metric.step_s >= end and mark >= until:
                continue  # the newest whole period is here; late rows are read again with the next one
            if metric.until_s is not None and judged.get(metric.name) == end:
                continue  # the data set has ended and was judged to its end
            start = min(start, mark)  # what was read early, and is judged now, is read again
            if start < end:
                due.append(Asked(metric, start, end))
        changed, failed = self._readings.read(due, sources, now=now, progress=progress, patience_s=patience_s)
        troubles += failed
        return changed

    # answering

    def answer(self, draft: views.Draft) -> views.Receipt:
        """Write an answer to the log and say what it changed.

        Raises InputError where the window or series make no sense, NotFoundError, and GuardError where alerts that a
        person confirmed would be lost and `draft.force` is not set; then nothing is written.
        """
        now, note = int(self._clock()), ""
        if draft.answer is Answer.BAD_DATA:
            note = answers.read_again(self._ledger, self._history, self._judgements, draft, now=now)
        with self._writing:
            return answers.give(self._ledger, self._judgements, draft, now=now, note=note)

    def preview(self, draft: views.Draft) -> views.Receipt:
        """What an answer would change, without saying it; raises as `answer` does, but never GuardError."""
        return answers.preview(self._ledger, self._judgements, draft, now=int(self._clock()))[0]

    def foresee(self, draft: views.Draft, series_id: int | None = None, **shown: int | None) -> views.Foresight:
        """What `preview` says, the alerts that would turn, and one series as it would be; see `foresight.foresee`."""
        now = int(self._clock())
        return foresee(self._ledger, self._judgements, draft, now=now, series_id=series_id, **shown)

    def undo(self, feedback_id: int, by: str) -> views.Receipt:
        """Take an answer back (or bring back one that was taken back); says what that changed."""
        with self._writing:
            return answers.undo(self._ledger, self._judgements, feedback_id, by, now=int(self._clock()))

    def receipt(self, feedback_id: int) -> views.Receipt:
        """What an answer or an undo changed, as it was told then."""
        return answers.receipt(self._ledger, feedback_id)

    def export_feedback(self) -> Iterator[dict[str, Any]]:
        """The log of feedback as objects, the oldest line first; see feedback_log."""
        return feedback_log.export(self._ledger)

    def import_feedback(
        self, lines: Iterable[str], place: str, by: str, *, force: bool = False
    ) -> feedback_log.Imported:
        """Append the lines that are not in the log yet, guarded as answers are; `place` names where they are from."""
        now = int(self._clock())
        with self._writing:
            return feedback_log.take_in(self._ledger, self._judgements, lines, place, by, now=now, force=force)

    def read_calendar(self, text: str, names: Iterable[str], place: str) -> list[dict[str, Any]]:
        """What `import_feedback` takes to make an iCalendar file's events known events of metrics."""
        return feedback_log.from_calendar(self._ledger, text, names, place)

    # looking

    def inbox(
        self,
        *,
        show: str = "open",
        order: Literal["severity", "newest"] = "severity",
        page: int = 1,
        text: str = "",
        metric: str = "",
        owner: str = "",
        tag: str = "",
        severity: int = 1,
        start: int | None = None,
        end: int | None = None,
    ) -> views.Inbox:
        """A page of alerts with counts; see `views.Wanted`."""
        wanted = views.Wanted(
            show=show,
            order=order,
            page=page,
            text=text,
            metric=metric,
            owner=owner,
            kin=self.teams.kin(owner) if owner else (),
            tag=tag,
            severity=severity,
            start=start,
            end=end,
        )
        return msgspec.structs.replace(self._look.inbox(wanted), failing=self.channels.failing())

    def newest(self) -> str:
        """A text that is another one after every change of an alert or an answer, by whichever process."""
        with self._ledger.read() as tx:
            return f"{transitions.newest(tx)}-{feedback.last_id(tx)}"

    def alert_page(self, alert_id: int) -> views.AlertPage:
        """One alert whole; NotFoundError."""
        return self.runbooks.added(self._look.alert_page(alert_id))

    def explanation(self, alert_id: int) -> views.Explanation:
        """Which dimension values explain an alert, and how much of it; NotFoundError."""
        return self._look.explanation(self._look.line_of(alert_id).alert)

    def line_of(self, alert_id: int) -> views.AlertLine:
        """One alert as a line; NotFoundError."""
        return self._look.line_of(alert_id)

    def metric_page(self, name: str, series_id: int | None = None) -> views.MetricPage:
        """One metric whole; NotFoundError."""
        return self._look.metric_page(name, series_id)

    def metrics(self) -> tuple[views.MetricLine, ...]:
        """Every metric with its record."""
        return self._look.metrics()
