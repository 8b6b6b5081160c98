"""A made-up service behind the pages: the facade over made-up flights.

It remembers answers and undoes, so that a test can follow a person through the pages; it detects nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tests.server.flights import ALERTS, GUARDED, METRICS, SENTENCES, SERIES, YEAR, holes, line_of, metric_named
from tests.server.ideas import shared_ideas
from watchkeeper.domain.access import RIGHTS, Caller, Role, Scope, Token, User
from watchkeeper.domain.alert import Alert, Cause, Change, Member, Status, Transition
from watchkeeper.domain.errors import (
    ChannelError,
    ConfigError,
    GuardError,
    InputError,
    LinkError,
    NotFoundError,
    SourceError,
)
from watchkeeper.domain.feedback import Answer, Feedback
from watchkeeper.domain.flag import Flag, FlagChange, Guard, Mode, Trip
from watchkeeper.domain.handling import Deed, Handling, Mute, care_of
from watchkeeper.domain.metric import Metric, Series, Source
from watchkeeper.domain.question import Question, Reply
from watchkeeper.domain.readiness import Evidence, Score, newest, score, trend
from watchkeeper.domain.system import Input, Stage, System
from watchkeeper.domain.team import Team
from watchkeeper.domain.times import DAY, HOUR, format_duration
from watchkeeper.flags import GuardState, Standing
from watchkeeper.server.facade import Order
from watchkeeper.stores.ledger.audit import Entry
from watchkeeper.watch import views
from watchkeeper.watch.channels import ChannelLine, ToldLine
from watchkeeper.watch.flag_views import FlagLine, FlagPage
from watchkeeper.watch.hindsight_views import Hindsight, Sight
from watchkeeper.watch.record import MetricRecord
from watchkeeper.watch.removing import Removal
from watchkeeper.watch.runbook import fill
from watchkeeper.watch.runbook_views import AlertRunbook, Part, Piece
from watchkeeper.watch.system_check import Known, check
from watchkeeper.watch.system_views import InputLine, MetricNow, SystemLine, SystemPage, Truth
from watchkeeper.watch.teams import TeamLine
from watchkeeper.watch.trials import Drafted, Held, PowerTold, Trial, TrialChart, TriedAlert
from watchkeeper.watch.week import Week

NOW = 1_763_900_000


class FakeFlags:
    """Two flags, one of them tripped and asking whether to return."""

    def lines(self) -> tuple[FlagLine, ...]:
        plain = {"variants": {"model": True, "basic": False}, "default": "model", "fallback": "basic"}
        guard = Guard(trips=(Trip(metric="delay", direction="up"),), mode=Mode.ACT, confirm_return=True)
        ranking = Flag(name="ranking", title="Smart ranking", owner="search", guard=guard, runbook="Ask Ada.", **plain)
        asks = GuardState(standing=Standing.ASKED_TO_RETURN, since=YEAR, cause="an alert on delay (alert #1)")
        return (
            FlagLine(flag=ranking, state=asks, override=None, serving="basic", sentence="Tripped to basic."),
            FlagLine(
                flag=Flag(name="beta", **plain),
                state=GuardState(),
                override=None,
                serving="model",
                sentence="Everybody gets model.",
            ),
        )

    def page(self, name: str) -> FlagPage:
        line = next(one for one in self.lines() if one.flag.name == name)
        detail = "Flag Smart ranking now serves basic to everybody, because of an alert on delay (alert #1)."
        change = FlagChange(id=1, flag=name, at=YEAR, by="watchkeeper", what="tripped", detail=detail)
        return FlagPage(line=line, changes=(change,))


def tried_chart(series: Series, *, is_same: bool) -> TrialChart:
    """Sixty days; under any change the range is wider, one alert appears and one vanishes."""
    drawn = line_of(series, YEAR, YEAR + 60 * DAY)
    wide = msgspec.structs.replace(drawn, upper=[None if edge is None else 1.2 * edge for edge in drawn.upper])
    turned = tuple(
        views.Mark(kind=kind, start=YEAR + day * DAY, end=YEAR + day * DAY + HOUR, label=kind)
        for kind, day in (("appears", 9), ("vanishes", 20))
    )
    members = tuple(one for one in SERIES if one.metric == series.metric)
    return TrialChart(
        series=members,
        now=drawn,
        then=drawn if is_same else wide,
        turned=() if is_same else turned,
        is_band_new=not is_same,
    )


@dataclass
class FakeTuning:
    """One alert as it is set, another under any change; an alert would be lost by telling rises only."""

    kept: list[tuple[str, dict[str, Any], str, bool]] = field(default_factory=list)

    def metric(self, name: str) -> Metric:
        return metric_named(name)

    def attempt(self, name: str, changes: dict[str, Any], series_id: int | None = None) -> Trial:
        present = metric_named(name)
        tried = msgspec.convert({**msgspec.to_builtins(present), **changes}, Metric, strict=False)
        one = TriedAlert(start=YEAR + DAY, end=YEAR + DAY + HOUR, sentence="Departures fell 40 %", series=1)
        new = TriedAlert(start=YEAR + 9 * DAY, end=YEAR + 9 * DAY + HOUR, sentence="Departures fell 9 %", series=2)
        same = tried == present
        return Trial(
            metric=tried,
            days=60,
            told=(one,) if same else (new, one),
            new=() if same else (new,),
            gone=(),
            lost=(4,) if tried.direction.value == "up" else (),
            sentence="As it is set: 1 alert in 60 days."
            if same
            else "Would have been 2 alerts in 60 days, where it was 1 (1 new).",
            drawn=tried_chart(SERIES[(series_id or 2) - 1], is_same=same),
        )

    def keep(self, name: str, changes: dict[str, Any], by: str, *, force: bool = False) -> Metric:
        trial = self.attempt(name, changes)
        if trial.lost and not force:
            raise GuardError(f"metric {name}: #4 was confirmed as real and would not be told with these settings")
        self.kept.append((name, changes, by, force))
        return trial.metric

    def power(self, name: str, series_id: int) -> PowerTold:
        metric_named(name)
        return PowerTold(sentences=("A 12 % drop is seen within 2 hours 9 times in 10.",), light=b"light", dark=b"dark")


HINDSIGHT = Hindsight(
    at=YEAR + 38 * DAY,
    knowledge=4,
    since=2,
    then=Sight(value=4.0, expected=61.0, lower=40.0, upper=82.0, score=3.2),
    now=Sight(value=4.0, expected=None, lower=None, upper=None, score=None),
    fires=False,
)


@dataclass
class FakeQuestions:
    """One question about departures from JFK, until it has a reply."""

    replies: list[tuple[int, Reply, str]] = field(default_factory=list)

    def listed(self, metric: str | None = None, *, is_open: bool = False) -> tuple[Question, ...]:
        start = YEAR + 200 * DAY
        one = Question(
            id=1,
            metric="departures",
            series=2,
            start=start,
            end=start + HOUR,
            decades=-0.3,
            slot_end=start + DAY,
            asked_at=start + DAY,
        )
        return () if self.replies or metric != "departures" else (one,)

    def waiting(self, limit: int, metric: str | None = None) -> tuple[views.Asked, ...]:
        found = self.listed(metric or "departures", is_open=True)[:limit]
        return tuple(views.Asked(question=one, metric=metric_named(one.metric), series=SERIES[1]) for one in found)

    def reply(self, question_id: int, said: Reply, by: str) -> None:
        self.replies.append((question_id, said, by))


@dataclass
class FakeDeeds:
    """Remembers what was done."""

    log: list[Handling] = field(default_factory=list)
    kept: list[Mute] = field(default_factory=list)

    def _add(self, alert_ids: Sequence[int], **given: Any) -> list[Handling]:
        if set(alert_ids) - {alert.id for alert in ALERTS}:
            raise NotFoundError(f"no alert {alert_ids}")
        for one in alert_ids:
            self.log.append(Handling(id=len(self.log) + 1, alert=one, at=NOW, **given))
        return self.log[-len(alert_ids) :]

    def acknowledge(self, alert_ids: Sequence[int], by: str, text: str = "") -> list[Handling]:
        return self._add(alert_ids, by=by, deed=Deed.ACKNOWLEDGE, text=text)

    def assign(self, alert_ids: Sequence[int], owner: str, by: str, text: str = "") -> list[Handling]:
        return self._add(alert_ids, by=by, deed=Deed.ASSIGN, owner=owner, text=text)

    def snooze(self, alert_ids: Sequence[int], until: int, by: str, text: str = "") -> list[Handling]:
        return self._add(alert_ids, by=by, deed=Deed.SNOOZE, until=until, text=text)

    def comment(self, alert_ids: Sequence[int], text: str, by: str) -> list[Handling]:
        return self._add(alert_ids, by=by, deed=Deed.COMMENT, text=text)

    def tick(self, alert_id: int, item: str, by: str) -> Handling:
        return self._add([alert_id], by=by, deed=Deed.TICK, text=item)[0]

    def learn(self, alert_id: int, text: str, by: str) -> Handling:
        return self._add([alert_id], by=by, deed=Deed.LEARN, text=text)[0]

    def undo(self, handling_id: int, by: str) -> Handling:
        return self._add([self.log[handling_id - 1].alert], by=by, undoes=handling_id)[0]

    def mute(self, start: int, end: int, by: str, *, series_id: int | None = None, **given: Any) -> Mute:
        made = Mute(id=len(self.kept) + 1, by=by, made_at=NOW, start=start, end=end, series=series_id, **given)
        self.kept.append(made)
        return made

    def unmute(self, mute_id: int, by: str) -> Mute:
        ended = msgspec.structs.replace(self.kept[mute_id - 1], ended_at=NOW, ended_by=by)
        self.kept[mute_id - 1] = ended
        return ended

    def mutes(self, *, over_too: bool = False) -> list[Mute]:
        return self.kept[::-1]


@dataclass
class FakeSignIn:
    """Links and sessions of the made-up service; every session has its `role`."""

    service: FakeService

    def redeem(self, token: str, name: str = "") -> str | None:
        if token not in self.service.tokens:
            return None
        self.service.tokens.remove(token)
        key = f"session-{len(self.service.keys) + 1}"
        self.service.keys[key] = name
        return key

    def caller(self, key: str) -> Caller | None:
        if key not in self.service.keys:
            return None
        return Caller(name=self.service.keys[key], scopes=RIGHTS[self.service.role])

    def end(self, key: str) -> None:
        self.service.keys.pop(key, None)


class FakeTeams:
    """One team, which owns what Flight operations own."""

    def lines(self) -> tuple[TeamLine, ...]:
        mine = Team(name="rides", title="Rides", members=("Ada", "Grace"))
        return (TeamLine(team=mine, metrics=(), systems=(), flags=()),)


class FakeListing:
    """The series of the made-up metrics."""

    def series(self, metric: str) -> list[Series]:
        return [one for one in SERIES if one.metric == metric]


@dataclass
class FakeAccess:
    """The tokens of the made-up service."""

    service: FakeService

    def caller_of(self, secret: str) -> Caller | None:
        return self.service.bearers.get(secret)

    def all_users(self) -> list[User]:
        return [
            User(id=1, name="Ada Lovelace", role=Role.ADMIN, created_at=NOW),
            User(id=2, name="Grace", role=Role.VIEWER, created_at=NOW),
        ]

    def all_tokens(self) -> list[tuple[Token, str]]:
        one = Token(
            id=1,
            user=1,
            label="deployments",
            scopes=frozenset({Scope.READ}),
            created_at=NOW,
            expires_at=NOW + 90 * DAY,
        )
        return [(one, "Ada Lovelace"), (msgspec.structs.replace(one, id=2, revoked_at=NOW), "Grace")]

    def changes(self, limit: int, before: int | None = None) -> list[Entry]:
        detail = "source flights, metric departures, channel a-channel-with-a-rather-long-name"
        return [Entry(id=2, by="Ada", at=NOW, what="apply", detail=detail)][:limit]


class FakeOneClick:
    """Every link would call an alert a false alarm; `bad` does not work."""

    def page(self, token: str) -> views.LinkPage:
        if token == "bad":
            raise LinkError("this link was changed")
        return views.LinkPage(about="Orders fell", label="False alarm", would="If said: alerts like it become rarer.")


class FakeSystems:
    """One system whose weather is missing; people may say how far a test is."""

    def __init__(self) -> None:
        self.said = [Evidence(test="quality", points=1.0, at=YEAR, by="watchkeeper", note="quality is measured")]

    def _record(self) -> System:
        weather = Input(table="weather", time_field="hour", loaded_at_field="at", error_after="6h", contract="None yet")
        return System(
            name="late",
            source="flights",
            title="Late departures",
            owner="rides",
            stage=Stage.OPERATION,
            replaces="the airline's average",
            flags=("ranking",),
            inputs={"weather": weather},
        )

    def lines(self) -> tuple[SystemLine, ...]:
        line = SystemLine(
            system=self._record(), level="error", sentence="Trouble with weather.", met=3, asked=11, score=0.0
        )
        return (line,)

    def page(self, name: str) -> SystemPage:
        if name != "late":
            raise NotFoundError(f"no system {name!r}")
        known = Known(system=self._record(), has_reference=False, flags=(), changes=(), metrics={})
        spark = views.Spark(values=(0.8, 0.9, 30.0), is_surprising=(False, False, True))
        age = MetricNow(
            metric=Metric(name="late.weather.freshness", source="flights", query="", step="1h", title="Age", unit="h"),
            series=Series(id=1, metric="late.weather.freshness"),
            value=30.0,
            time=YEAR,
            spark=spark,
            alert=1,
        )
        words = "Its newest row was 30 hours old. 6 hours were promised."
        line = InputLine(name="weather", status="error", words=words, owner="met office", contract="", metrics=(age,))
        return SystemPage(
            line=self.lines()[0],
            inputs=(line,),
            predictions=(),
            quality=(age,),
            segments=(),
            flags=FakeFlags().lines()[:1],
            check=check(known),
            evidence=dict(newest(self.said, YEAR + 1)),
            score=score(self.said, YEAR + 1),
            trend=trend(self.said),
            runbook="Ask the *met office*.\n\n1. `curl feed`\n2. <b>wait</b>",
            truth=Truth(
                metric=Metric(name="late.accuracy", source="flights", query="", step="1d", title="Accuracy"),
                time=tuple(YEAR - day * DAY for day in (4, 3, 2, 1)),
                true=(0.9, 0.5, None, 0.8),
                estimated=(0.8, 0.8, 0.8, 0.8),
                fallback=((YEAR - 3 * DAY, YEAR - 2 * DAY),),
            ),
            changes=(
                FlagChange(id=1, flag="ranking", at=YEAR - 3 * DAY, by="watchkeeper", what="tripped", detail="!"),
            ),
        )

    def say(self, name: str, test: str, points: float, by: str, note: str = "") -> Score:
        self.said.append(Evidence(test=test, points=points, at=YEAR + 1, by=by, note=note))
        return score(self.said, YEAR + 1)


@dataclass
class FakeDrafting:
    """A warehouse with one table; a draft of it shows the departures from JFK."""

    created: list[tuple[Metric, str]] = field(default_factory=list)

    def sources(self) -> tuple[Source, ...]:
        return (Source(name="warehouse", url="duckdb:///warehouse"), Source(name="gone", url="sqlite:///gone.db"))

    def tables(self, source: str) -> tuple[str, ...]:
        if source == "gone":
            raise SourceError("source gone: the database says: unable to open database file")
        return ("flights",)

    def columns(self, source: str, table: str) -> tuple[Held, ...]:
        return (
            Held(name="origin", holds="text", type="varchar"),
            Held(name="seats", holds="number", type="integer"),
            Held(name="departed", holds="time", type="timestamp"),
        )

    def attempt(self, metric: Metric) -> Drafted:
        if "selct" in metric.query:
            raise SourceError(f"metric {metric.name}: the database says: syntax error at or near 'selct'")
        one = TriedAlert(start=YEAR + DAY, end=YEAR + DAY + HOUR, sentence="Departures fell 40 %", series=1)
        return Drafted(
            metric=metric,
            points=336,
            series=1,
            withheld=2,
            charts=(line_of(SERIES[1], YEAR, YEAR + 14 * DAY, ()),),
            told=(one,),
            sentence="1 series, 336 points; in its newest 60 days it would have told 1 alert.",
        )

    def power(self, metric: Metric) -> tuple[str, ...]:
        return ("A 12 % drop is seen within 2 hours 9 times in 10.",)

    def create(self, metric: Metric, by: str) -> None:
        if metric.name == "departures":
            raise ConfigError("metric departures: there is one of that name; choose another name")
        self.created.append((metric, by))


@dataclass
class FakeChannels:
    """One channel that works and one that does not."""

    tested: list[tuple[str, str]] = field(default_factory=list)

    def lines(self) -> tuple[ChannelLine, ...]:
        works = ChannelLine(
            name="team", kind="apprise", is_failing=False, sentence="It works.", pending=0, delivered_at=YEAR
        )
        return (works, msgspec.structs.replace(works, name="gone", is_failing=True, sentence="Failing for 2 hours."))

    def told(self, limit: int = 50) -> tuple[str, ...]:
        link = "Look and answer: http://127.0.0.1:8321/alerts/"
        told = ((2, "Departures per hour: Mon 28 Oct 2013 10:00"), (1, "Share cancelled: Fri 08 Feb 2013 12:00"))
        return tuple(f"{head}\n{SENTENCES[id_]}\n\n- one\n- two\n{link}{id_}" for id_, head in told)[:limit]

    def deliveries(self, limit: int, *, outcome: str | None = None) -> list[ToldLine]:
        line = ToldLine(
            transition=2,
            alert=2,
            change=Change.OPENED,
            at=YEAR,
            target="team",
            outcome="sent",
            reason="",
            decided_at=YEAR + HOUR,
        )
        held = msgspec.structs.replace(line, target="pager", outcome="held", reason="muted: the database moves")
        return [one for one in (line, held) if outcome in (None, one.outcome)][:limit]

    def test(self, name: str, by: str) -> ChannelLine:
        if name == "gone":
            raise ChannelError("channel gone: the server answered 404; mend its url")
        self.tested.append((name, by))
        return self.lines()[0]


@dataclass
class FakeOverview:
    """The week of the blizzard, over the made-up alerts."""

    lines: tuple[views.AlertLine, ...] = ()
    watched: tuple[views.MetricLine, ...] = ()

    def week(self, end: int | None = None) -> Week:
        end = end or YEAR + 40 * DAY
        return Week(
            start=end - 7 * DAY, end=end, timezone="America/New_York", moved=self.lines, alerts=len(self.lines),
            before=2, answered=3, real=2, false_alarms=1, explained=1, missed=1, events=(), noisy=self.watched[:1],
            silent=self.watched[2:], watched=3, sentence="6 alerts, 3 answered, 2 of them real.",
        )  # fmt: skip


@dataclass
class FakeService:
    """The facade of `watch.service.Watchkeeper`, remembering what it was told."""

    log: list[Feedback] = field(default_factory=list)
    receipts: dict[int, views.Receipt] = field(default_factory=dict)
    drafts: list[views.Draft] = field(default_factory=list)
    tokens: set[str] = field(default_factory=lambda: {"good-token"})
    keys: dict[str, str] = field(default_factory=lambda: {"session-1": "Ada"})
    role: Role = Role.ADMIN
    bearers: dict[str, Caller] = field(default_factory=dict)
    flags: Any = field(default_factory=FakeFlags)
    assessments: Any = field(default_factory=shared_ideas)
    drafting: Any = field(default_factory=FakeDrafting)
    systems: Any = field(default_factory=FakeSystems)
    channels: Any = field(default_factory=FakeChannels)
    tuning: Any = field(default_factory=FakeTuning)
    deeds: Any = field(default_factory=FakeDeeds)
    questions: Any = field(default_factory=FakeQuestions)
    teams: Any = field(default_factory=FakeTeams)
    listing: Any = field(default_factory=FakeListing)
    one_click: Any = field(default_factory=FakeOneClick)
    is_empty: bool = False
    failing: tuple[str, ...] = ()
    asked: dict[str, Any] = field(default_factory=dict)
    many: int = 0
    removed: list[tuple[str, str, str]] = field(default_factory=list)

    def removal(self, kind: str, name: str) -> Removal:
        held = ("route night (channels)",) if kind == "channel" else ()
        more = (("metric", f"{name}.skill"),) if kind == "system" else ()
        effects = (f"{kind.capitalize()} {name}: 2 open alerts end.",)
        return Removal(kind=kind, name=name, held_by=held, gone=((kind, name), *more), effects=effects)

    def remove(self, kind: str, name: str, by: str) -> Removal:
        self.removed.append((kind, name, by))
        return self.removal(kind, name)

    def inbox(
        self,
        *,
        show: str = "open",
        order: Order = "severity",
        page: int = 1,
        text: str = "",
        metric: str = "",
        **more: Any,
    ) -> views.Inbox:
        self.asked = more
        lines = [] if self.is_empty else [self._line(alert) for alert in ALERTS]
        lines += [self._line(ALERTS[3]) for _ in range(self.many)]
        groups = {
            "open": [line for line in lines if line.alert.status is Status.OPEN],
            "acknowledged": [line for line in lines if line.is_taken],
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
            owners=("Flight operations",),
            tags=("critical",),
            failing=self.failing,
        )

    def newest(self) -> str:
        return f"{len(self.log)}-{len(self.deeds.log)}"

    @property
    def overview(self) -> FakeOverview:
        return FakeOverview(tuple(self._line(alert) for alert in ALERTS), self.metrics())

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
                record=MetricRecord(
                    real=10,
                    false_alarms=4,
                    precision=10 / 14,
                    low=0.454,
                    high=0.883,
                    missed=2,
                    alerts=6,
                    answered=6,
                    acted=6,
                    asked=5,
                    misses_a_month=0.4,
                    misses_low=0.07,
                    misses_high=1.3,
                    alerts_a_month=3.0,
                    budget=1.0,
                    suggestion="Raise the budget of flights from 1 to 2 a month.",
                )
                if place == 0
                else None,
            )
            for place, metric in enumerate(METRICS)
        )

    def line_of(self, alert_id: int) -> views.AlertLine:
        return self._line(self._alert(alert_id))

    def alert_page(self, alert_id: int) -> views.AlertPage:
        alert = self._alert(alert_id)
        charts = tuple(
            line_of(SERIES[member.series - 1], alert.start - 8 * DAY, alert.end + 2 * DAY, holes(member))
            for member in alert.members
        )
        runbook = fill(self._line(alert).peak_metric.runbook, {})
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
            handled=tuple(one for one in self.deeds.log if one.alert == alert_id),
            causes="91 % of the drop is origin = JFK." if alert.id == 1 else "",
            hindsight=HINDSIGHT if alert.id == 1 else None,
            runbook=AlertRunbook(
                parts=(Part(title="Departures", pieces=(Piece(text=runbook),)),),
                done=0,
                asked=0,
                lessons=(),
                asks=False,
            ),
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
            health=views.Health(
                newest=YEAR + 301 * DAY,
                overdue=3,
                days=30,
                periods=720,
                missing=26,
                gaps=((YEAR + 299 * DAY, YEAR + 300 * DAY), (YEAR + 280 * DAY, YEAR + 280 * DAY + 2 * HOUR)),
                gap_count=2,
                late=4,
                latest_s=9 * HOUR,
            ),
        )

    def preview(self, draft: views.Draft) -> views.Receipt:
        drafts, log, receipts = list(self.drafts), list(self.log), dict(self.receipts)
        seen = self.answer(msgspec.structs.replace(draft, force=True))
        self.drafts, self.log, self.receipts = drafts, log, receipts
        return seen

    def foresee(self, draft: views.Draft, series_id: int | None = None, **shown: int | None) -> views.Foresight:
        one = SERIES[(series_id or 2) - 1]
        start, end = shown.get("start") or YEAR, shown.get("end") or YEAR + 301 * DAY
        drawn = line_of(one, start, end)
        wide = msgspec.structs.replace(drawn, upper=[None if edge is None else 1.2 * edge for edge in drawn.upper])
        turned = [
            views.Turned(
                turn=turn,
                alert=number,
                series=(one.id,),
                start=start + place * DAY,
                end=start + place * DAY + 5 * HOUR,
                sentence="Departures per hour at JFK fell 40 %",
            )
            for turn, number, place in (
                (views.Turn.LOST, 6, 1),
                *((views.Turn.VANISHES, 4, 2 + place) for place in range(7)),
                (views.Turn.APPEARS, None, 10),
            )
        ]
        return views.Foresight(receipt=self.preview(draft), turned=tuple(turned), chart=wide, is_band_new=True)

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
            is_forced=draft.force,
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

    @property
    def sign_in(self) -> FakeSignIn:
        return FakeSignIn(self)

    @property
    def access(self) -> FakeAccess:
        return FakeAccess(self)

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
            price=3.0 if said.answer is Answer.MISSED and not said.is_forced else None,
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
            series, alert.peak.start - 30 * metric.step_s, alert.peak.end + 6 * metric.step_s, holes(alert.peak)
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
            care=care_of(one for one in self.deeds.log if one.alert == alert.id),
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
