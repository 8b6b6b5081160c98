"""The typed client: every verb of the API as a method, its records as they are in `client.records`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import Any, Literal, Self, TypedDict, Unpack

import httpx

from watchkeeper.client.configuring import Configuring
from watchkeeper.client.people import People
from watchkeeper.client.records import (
    AlertPage,
    AlertRecord,
    AlertWhole,
    BackfillDraft,
    BackfillRecord,
    CalendarDraft,
    CalendarRecord,
    ChannelList,
    ChannelRecord,
    ContextDraft,
    DigestDraft,
    DraftRecord,
    EvaluationRecord,
    ExplanationRecord,
    FeedbackLines,
    FeedbackPage,
    FeedbackRecord,
    FlagList,
    FlagRecord,
    FlagWhole,
    GuardAnswer,
    ImportDraft,
    ImportedRecord,
    Me,
    MessageList,
    MessageRecord,
    MetricList,
    MetricRecord,
    NoteRecord,
    OverrideDraft,
    PointPage,
    PointRecord,
    PushDraft,
    PushRecord,
    ReceiptRecord,
    RolloutAct,
    RolloutMove,
    RolloutPreview,
    RolloutRecord,
    RunbookRecord,
    SeriesPage,
    SeriesRecord,
    SeveralDraft,
    SeveralRecord,
    SourceList,
    SourceRecord,
    ToldPage,
    ToldRecord,
    WeekRecord,
)
from watchkeeper.client.trying import Trying
from watchkeeper.client.wire import Wire
from watchkeeper.client.work import Work
from watchkeeper.domain.feedback import Answer
from watchkeeper.watch.views import Reach, Show


class AlertFilter(TypedDict, total=False):
    """Which alerts: of a list of the inbox (`show`), of a metric, an owner (a person's teams and a team's members count
    too), a tag, at least of a level of severity (1 to 5), with words in their text, in the window `[start, end)`.
    """

    show: Show
    metric: str
    owner: str
    tag: str
    severity: int
    text: str
    start: datetime | None
    end: datetime | None
    order: Literal["newest", "severity"]


class Client(Work, People, Configuring, Trying):
    """A running Watchkeeper, asked with an API token (`watchkeeper tokens make`); use it in a `with` statement.

    Lists are read page by page while you go through them. Raises the errors of `watchkeeper.domain.errors` as the
    service itself does: NotFoundError, InputError, GuardError …, AccessError where the token may not, and
    WatchkeeperError where no server answers. `transport` is for tests (`httpx.MockTransport`).
    """

    def __init__(
        self,
        address: str = "http://127.0.0.1:8321",
        *,
        token: str,
        timeout_s: float = 60.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._wire = Wire(address, token, timeout_s=timeout_s, transport=transport)

    def close(self) -> None:
        """Close the connection."""
        self._wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def etag(self) -> str:
        """The ETag of what was read last: it names exactly that content."""
        return self._wire.etag

    @contextmanager
    def if_match(self, etag: str) -> Iterator[Self]:
        """Writes inside are done only if what they change is still what had that ETag; StaleError otherwise.

        ```python
        flag = client.flag("ranking")
        with client.if_match(client.etag):
            client.override_flag("ranking", "basic")
        ```
        """
        self._wire.match = etag
        try:
            yield self
        finally:
            self._wire.match = ""

    def me(self) -> Me:
        """Who calls, and what they may."""
        return self._wire.ask(Me, "GET", "/me")

    # alerts

    def alerts(self, **wanted: Unpack[AlertFilter]) -> Iterator[AlertRecord]:
        """Alerts, the newest first or the most severe; see `AlertFilter`."""
        for page in self.alert_pages(**wanted):
            yield from page.items

    def alert_pages(self, *, limit: int = 50, cursor: str = "", **wanted: Unpack[AlertFilter]) -> Iterator[AlertPage]:
        """The same page by page, from the one that a `cursor` names on; by severity each says how many there are."""
        asked: dict[str, Any] = {**wanted, "start": _iso(wanted.get("start")), "end": _iso(wanted.get("end"))}
        return self._wire.pages(AlertPage, "/alerts", cursor=cursor, limit=limit, **asked)

    def alert(self, alert_id: int) -> AlertWhole:
        """One alert whole."""
        return self._wire.ask(AlertWhole, "GET", f"/alerts/{alert_id}")

    def runbook(self, alert_id: int) -> RunbookRecord:
        """What to do about an alert, and what of it is done."""
        return self._wire.ask(RunbookRecord, "GET", f"/alerts/{alert_id}/runbook")

    def explanation(self, alert_id: int) -> ExplanationRecord:
        """Which dimension values explain an alert."""
        return self._wire.ask(ExplanationRecord, "GET", f"/alerts/{alert_id}/explanation")

    def chart(self, alert_id: int, *, scheme: Literal["light", "dark"] = "light") -> bytes:
        """The alert's most surprising series as a PNG."""
        return self._wire.send("GET", f"/alerts/{alert_id}/chart.png", scheme=scheme)

    # feedback

    def preview(self, answer: Answer, **said: Any) -> ReceiptRecord:
        """What an answer would change; takes what `answer` takes, and writes nothing."""
        return self._wire.ask(ReceiptRecord, "POST", "/feedback/preview", body=DraftRecord(answer=answer, **said))

    def answer(
        self,
        answer: Answer,
        *,
        alert: int | None = None,
        series: Sequence[int] = (),
        start: datetime | None = None,
        end: datetime | None = None,
        note: str = "",
        force: bool = False,
        reach: Reach = Reach.NAMED,
        dimension: str = "",
        repeat: str = "",
    ) -> ReceiptRecord:
        """Say an answer of an alert, or of a window of series; see `DraftRecord`."""
        draft = DraftRecord(
            answer=answer,
            alert=alert,
            series=tuple(series),
            start=start,
            end=end,
            note=note,
            force=force,
            reach=reach,
            dimension=dimension,
            repeat=repeat,
        )
        return self._wire.ask(ReceiptRecord, "POST", "/feedback", body=draft)

    def answer_several(self, answer: Answer, alerts: Sequence[int], *, note: str = "") -> SeveralRecord:
        """Say one answer on several alerts; those on which it would cost a confirmed alert are left out."""
        body = SeveralDraft(answer=answer, alerts=tuple(alerts), note=note)
        return self._wire.ask(SeveralRecord, "POST", "/feedback/several", body=body)

    def undo(self, feedback_id: int) -> ReceiptRecord:
        """Take an answer back; taking an undo back brings its answer back."""
        return self._wire.ask(ReceiptRecord, "POST", f"/feedback/{feedback_id}/undo")

    def receipt(self, feedback_id: int) -> ReceiptRecord:
        """What an answer changed, as it was told then."""
        return self._wire.ask(ReceiptRecord, "GET", f"/feedback/{feedback_id}")

    def feedback(self) -> Iterator[FeedbackRecord]:
        """The log, the newest line first."""
        for page in self._wire.pages(FeedbackPage, "/feedback"):
            yield from page.items

    def export_feedback(self) -> list[dict[str, Any]]:
        """The whole log as objects, the oldest line first."""
        return self._wire.ask(FeedbackLines, "GET", "/feedback/export").lines

    def import_feedback(
        self, lines: Iterable[dict[str, Any] | str], *, place: str = "lines", force: bool = False
    ) -> ImportedRecord:
        """Append the lines that are not in the log yet, all or none; `place` names where they are from."""
        draft = ImportDraft(lines=list(lines), place=place, force=force)
        return self._wire.ask(ImportedRecord, "POST", "/feedback/import", body=draft)

    def import_calendar(
        self, text: str, metrics: Iterable[str], *, place: str = "calendar", force: bool = False, dry_run: bool = False
    ) -> CalendarRecord:
        """Make the events of an iCalendar file known events of metrics; the same file again adds nothing."""
        draft = CalendarDraft(text=text, metrics=tuple(metrics), place=place, force=force, dry_run=dry_run)
        return self._wire.ask(CalendarRecord, "POST", "/feedback/calendar", body=draft)

    # metrics and series

    def metrics(self) -> list[MetricRecord]:
        """Every metric with its record."""
        return [one for page in self._wire.pages(MetricList, "/metrics") for one in page.items]

    def metric(self, name: str) -> MetricRecord:
        """One metric with its record."""
        return self._wire.ask(MetricRecord, "GET", f"/metrics/{name}")

    def backfill(
        self, name: str, *, start: datetime, end: datetime | None = None, dry_run: bool = False
    ) -> BackfillRecord:
        """Read `[start, end)` of a metric again from its source, and judge it anew; best a quarter at a time."""
        draft = BackfillDraft(start=start, end=end, dry_run=dry_run)
        return self._wire.ask(BackfillRecord, "POST", f"/metrics/{name}/backfill", body=draft)

    def push(
        self,
        metric: str,
        time: Sequence[int | datetime],
        value: Sequence[float | None],
        *,
        dimensions: Mapping[str, str | Sequence[str | None]] | None = None,
        cases: Sequence[float | None] | None = None,
        group_size: Sequence[float | None] | None = None,
        patience_s: float = 0.0,
    ) -> PushRecord:
        """Send points of a metric whose source is of kind `push`; they are on the server's disk when this returns.

        A row each: `time` is when its period starts (seconds since 1970, or a time with its offset), `value` what it
        was (None: missing); a dimension is one text for all rows or one a row; `cases` says of how many a rate is, and
        `group_size` how many people are behind each row, where the metric withholds small groups. A point that is sent
        again takes the place of the one before. Rows that are refused are in the answer, with why. A server that is
        busy or away is asked again for `patience_s`.
        """
        draft = PushDraft(
            metric=metric,
            time=list(time),
            value=list(value),
            dimensions=dict(dimensions or {}),
            cases=cases,
            group_size=group_size,
        )
        return self._wire.ask(PushRecord, "POST", "/push", body=draft, patience_s=patience_s)

    def series(self, metric: str) -> Iterator[SeriesRecord]:
        """The series of a metric, by id."""
        for page in self.series_pages(metric):
            yield from page.items

    def series_pages(self, metric: str, *, limit: int = 200, cursor: str = "") -> Iterator[SeriesPage]:
        """The same page by page, from the one that a `cursor` names on."""
        return self._wire.pages(SeriesPage, f"/metrics/{metric}/series", limit=limit, cursor=cursor)

    def one_series(self, series_id: int) -> SeriesRecord:
        """The series of that number."""
        return self._wire.ask(SeriesRecord, "GET", f"/series/{series_id}")

    def points(
        self, series_id: int, *, start: datetime | None = None, end: datetime | None = None
    ) -> Iterator[PointRecord]:
        """Judged points of a series in `[start, end)`, the oldest first."""
        for page in self.point_pages(series_id, start=start, end=end):
            yield from page.items

    def point_pages(
        self,
        series_id: int,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int = 10_000,
        cursor: str = "",
    ) -> Iterator[PointPage]:
        """The same page by page, from the one that a `cursor` names on."""
        asked = {"start": _iso(start), "end": _iso(end), "limit": limit}
        return self._wire.pages(PointPage, f"/series/{series_id}/points", cursor=cursor, **asked)

    def series_chart(
        self,
        series_id: int,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        scheme: Literal["light", "dark"] = "light",
    ) -> bytes:
        """A window of a series as a PNG; left out, its newest weeks."""
        path = f"/series/{series_id}/chart.png"
        return self._wire.send("GET", path, start=_iso(start), end=_iso(end), scheme=scheme)

    def sources(self) -> list[SourceRecord]:
        """Every source, without its address."""
        return [one for page in self._wire.pages(SourceList, "/sources") for one in page.items]

    def channels(self) -> list[ChannelRecord]:
        """Every channel, without its address."""
        return [one for page in self._wire.pages(ChannelList, "/channels") for one in page.items]

    def test_channel(self, name: str) -> ChannelRecord:
        """Send a test message; ChannelError says why it did not arrive."""
        return self._wire.ask(ChannelRecord, "POST", f"/channels/{name}/test")

    def told(self, *, target: str = "", outcome: str = "", alert: int | None = None) -> Iterator[ToldRecord]:
        """What became of each change of an alert at each channel and flag, the newest change first, and why.

        `outcome` is `sent`, `held`, `failed` or `waiting`.
        """
        for page in self._wire.pages(ToldPage, "/told", target=target, outcome=outcome, alert=alert, limit=200):
            yield from page.items

    def messages(self) -> Iterator[MessageRecord]:
        """Messages that were written into the files of channels, the newest first, without their signed links."""
        for page in self._wire.pages(MessageList, "/told/messages"):
            yield from page.items

    def week(self, until: datetime | None = None) -> WeekRecord:
        """The seven days before a time, or the newest, in one look."""
        return self._wire.ask(WeekRecord, "GET", "/digest", until=_iso(until))

    def send_week(self, channel: str, *, until: datetime | None = None, link: str = "") -> WeekRecord:
        """Send a week to a channel; `link` is the address of the pages, to be named in it."""
        return self._wire.ask(WeekRecord, "POST", "/digest", body=DigestDraft(channel=channel, until=until, link=link))

    # flags

    def flags(self) -> list[FlagRecord]:
        """Every flag as it stands."""
        return [one for page in self._wire.pages(FlagList, "/flags") for one in page.items]

    def flag(self, name: str) -> FlagWhole:
        """One flag with the newest entries of its log."""
        return self._wire.ask(FlagWhole, "GET", f"/flags/{name}")

    def evaluate_flag(self, name: str, context: dict[str, Any] | None = None) -> EvaluationRecord:
        """What a user would be served, and why. Products ask over OFREP."""
        body = ContextDraft(context=context or {})
        return self._wire.ask(EvaluationRecord, "POST", f"/flags/{name}/evaluate", body=body)

    def override_flag(self, name: str, variant: str, *, lasting: str = "1h", note: str = "") -> FlagRecord:
        """Everybody gets a variant for a time (`30m`, `8h`)."""
        draft = OverrideDraft(variant=variant, lasting=lasting, note=note)
        return self._wire.ask(FlagRecord, "POST", f"/flags/{name}/override", body=draft)

    def end_override(self, name: str) -> FlagRecord:
        """End the override of a flag."""
        return self._wire.ask(FlagRecord, "DELETE", f"/flags/{name}/override")

    def answer_guard(self, name: str, *, is_yes: bool) -> FlagRecord:
        """Answer the open question of a flag's guard."""
        return self._wire.ask(FlagRecord, "POST", f"/flags/{name}/answer", body=GuardAnswer(is_yes=is_yes))

    def rollout(self, name: str) -> RolloutRecord:
        """The guarded roll-out of a flag with its intervals."""
        return self._wire.ask(RolloutRecord, "GET", f"/flags/{name}/rollout")

    def steer_rollout(self, name: str, act: Literal["pause", "resume", "abort"]) -> FlagRecord:
        """Pause, resume or abort the guarded roll-out of a flag."""
        return self._wire.ask(FlagRecord, "POST", f"/flags/{name}/rollout", body=RolloutAct(act=act))

    def preview_rollout(self, name: str, *, days: int = 90) -> list[RolloutMove]:
        """What the roll-out would have done on the last days."""
        return self._wire.ask(RolloutPreview, "GET", f"/flags/{name}/rollout/preview", days=days).moves

    def trip_guard(self, name: str, *, note: str = "") -> FlagRecord:
        """Trip a flag's guard by hand."""
        return self._wire.ask(FlagRecord, "POST", f"/flags/{name}/trip", body=NoteRecord(note=note))


def _iso(moment: datetime | None) -> str:
    return "" if moment is None else moment.isoformat()
