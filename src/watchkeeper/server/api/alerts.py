"""`/alerts`: incidents, what explains them, their picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from litestar import Request, Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromQuery, QueryParameter

from watchkeeper.client.records import (
    AlertPage,
    AlertRecord,
    AlertWhole,
    CauseRecord,
    ExplanationRecord,
    HindsightRecord,
    MemberRecord,
    RunbookCheck,
    RunbookLesson,
    RunbookPart,
    RunbookPiece,
    RunbookRecord,
    TransitionRecord,
)
from watchkeeper.domain.access import Scope
from watchkeeper.domain.alert import severity_level
from watchkeeper.domain.metric import Metric, Series
from watchkeeper.notify.message import subject
from watchkeeper.server.api.common import (
    Cursor,
    Id,
    Limit,
    When,
    from_cursor,
    instant,
    plain,
    to_cursor,
    to_datetime,
)
from watchkeeper.server.api.deeds import deed_record
from watchkeeper.server.api.feedback import feedback_record
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import needs
from watchkeeper.server.receipts import said_lines
from watchkeeper.watch import views
from watchkeeper.watch.hindsight_views import Hindsight
from watchkeeper.watch.runbook_views import AlertRunbook, Piece
from watchkeeper.watch.views import Show, Wanted

if TYPE_CHECKING:
    from watchkeeper.watch.listing import Listing

TAGS = ["alerts"]
PICTURE = {200: ResponseSpec(data_container=bytes, media_type="image/png", description="A PNG.")}
MetricFilter = Annotated[str, QueryParameter(max_length=80, description="Only of this metric.")]
OwnerFilter = Annotated[
    str, QueryParameter(max_length=200, description="Only this person's or team's; a person's teams count too.")
]
TagFilter = Annotated[str, QueryParameter(max_length=80, description="Only of metrics with this tag.")]
SeverityFilter = Annotated[int, QueryParameter(ge=1, le=5, description="The least level, from 1 to 5.")]
TextFilter = Annotated[str, QueryParameter(max_length=200, description="Only with these words in title or sentence.")]


def alert_record(line: views.AlertLine) -> AlertRecord:
    """A line of the inbox as the API gives it."""
    alert, answer = line.alert, line.answer
    return AlertRecord(
        id=alert.id,
        status=alert.status,
        start=to_datetime(alert.start),
        end=to_datetime(alert.end),
        severity=round(alert.severity, 3),
        level=severity_level(alert.severity),
        title=line.title,
        sentence=line.sentence,
        metric=line.peak_metric.name,
        series=line.peak_series.id,
        dimensions=dimensions_of(line.peak_metric, line.peak_series),
        series_count=line.series_count,
        owner=line.owner,
        answer=None if answer is None else answer.answer,
        is_explained=line.is_explained,
        still_fires=line.still_fires,
        is_acknowledged=line.care.acknowledged is not None,
        is_snoozed=line.is_snoozed,
        timezone=line.timezone,
        tags=tuple(line.peak_metric.tags),
        acknowledged_by=line.care.acknowledged.by if line.care.acknowledged else "",
        snoozed_until=to_datetime(line.care.snoozed.until) if line.is_snoozed and line.care.snoozed else None,
    )


def dimensions_of(metric: Metric, series: Series) -> dict[str, str]:
    """The dimension values of a series by name."""
    return dict(zip(metric.dimensions, series.values, strict=False))


def alert_whole(page: views.AlertPage, explained: views.Explanation) -> AlertWhole:
    """An alert's page as the API gives it."""
    in_force = {said.feedback.id for said in said_lines(page.answers) if said.is_in_force}
    return AlertWhole(
        alert=alert_record(page.line),
        members=[_member(one) for one in page.members],
        history=[
            TransitionRecord(
                id=one.transition.id,
                change=one.transition.change,
                at=to_datetime(one.transition.at),
                recorded_at=to_datetime(one.transition.recorded_at),
                detail=one.transition.detail,
                deliveries=one.deliveries,
            )
            for one in page.history
        ],
        answers=[feedback_record(one, one.id in in_force) for one in page.answers if one.answer is not None],
        similar=[alert_record(one) for one in page.similar],
        why=page.why.sentence if page.why else "",
        explanation=page.causes,
        causes=_causes(explained),
        hindsight=None if page.hindsight is None else _hindsight(page.hindsight),
    )


def _hindsight(seen: Hindsight) -> HindsightRecord:
    return HindsightRecord(
        at=to_datetime(seen.at),
        knowledge=seen.knowledge,
        since=seen.since,
        then=seen.then,
        now=seen.now,
        fires=seen.fires,
    )


def _causes(found: views.Explanation) -> list[CauseRecord]:
    return [
        CauseRecord(where=dict(one.where), share=plain(one.share), factor=plain(one.factor)) for one in found.causes
    ]


def _member(line: views.MemberLine) -> MemberRecord:
    one = line.member
    return MemberRecord(
        series=one.series,
        metric=line.metric.name,
        dimensions=dimensions_of(line.metric, line.series),
        start=to_datetime(one.start),
        end=to_datetime(one.end),
        is_open=one.is_open,
        cause=one.cause,
        peak_time=to_datetime(one.peak_time),
        peak_score=plain(one.peak_score),
        value=plain(one.value),
        expected=plain(one.expected),
        lower=plain(one.lower),
        upper=plain(one.upper),
        cases=one.cases,
        sentence=line.sentence,
    )


@get("/alerts", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS)
def list_alerts(
    request: Request[Any, Any, Any],
    show: FromQuery[Show] = "all",
    metric: MetricFilter = "",
    owner: OwnerFilter = "",
    tag: TagFilter = "",
    severity: SeverityFilter = 1,
    text: TextFilter = "",
    start: When = "",
    end: When = "",
    order: FromQuery[Literal["newest", "severity"]] = "newest",
    limit: Limit = 50,
    cursor: Cursor = "",
) -> AlertPage:
    """Alerts, the newest first or the most severe. `show` as in the inbox: open ones are still to be answered."""
    service = desk_of(request).service
    wanted = Wanted(
        show=show,
        metric=metric,
        owner=owner,
        kin=service.teams.kin(owner) if owner else (),
        tag=tag,
        severity=severity,
        text=text.strip(),
        start=instant(start, "start"),
        end=instant(end, "end"),
    )
    if order == "severity":
        return _severest(service.listing, wanted, limit, cursor)
    place = from_cursor(cursor, 2)
    found = service.listing.alerts(limit + 1, wanted, before=None if place is None else (place[0], place[1]))
    items = found[:limit]
    more = to_cursor(items[-1].alert.start, items[-1].alert.id) if len(found) > limit else None
    return AlertPage(items=[alert_record(line) for line in items], next=more)


def _severest(listing: Listing, wanted: Wanted, limit: int, cursor: str) -> AlertPage:
    """A page by severity begins behind so many alerts: severities change, and there is no place to come back to."""
    place = from_cursor(cursor, 1)
    skipped = 0 if place is None else place[0]
    lines, total = listing.severest(limit, wanted, skipped=skipped)
    more = to_cursor(skipped + limit) if skipped + limit < total else None
    return AlertPage(items=[alert_record(line) for line in lines], next=more, total=total)


@get("/alerts/{alert_id:int}", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS)
def get_alert(request: Request[Any, Any, Any], alert_id: Id) -> AlertWhole:
    """One alert whole."""
    service = desk_of(request).service
    return alert_whole(service.alert_page(alert_id), service.explanation(alert_id))


@get("/alerts/{alert_id:int}/runbook", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS)
def get_runbook(request: Request[Any, Any, Any], alert_id: Id) -> RunbookRecord:
    """What to do about the alert, what of its checklists is ticked, and what earlier incidents taught."""
    return runbook_record(desk_of(request).service.runbooks.of_alert(alert_id))


def runbook_record(book: AlertRunbook) -> RunbookRecord:
    """A runbook as the API gives it."""
    return RunbookRecord(
        parts=[
            RunbookPart(title=one.title, pieces=[_piece(each) for each in one.pieces], page=one.page)
            for one in book.parts
        ],
        done=book.done,
        asked=book.asked,
        lessons=[RunbookLesson(said=deed_record(one.said), is_own=one.is_own) for one in book.lessons],
        asks=book.asks,
    )


def _piece(piece: Piece) -> RunbookPiece:
    checks = [
        RunbookCheck(key=one.key, text=one.text, ticked=None if one.ticked is None else deed_record(one.ticked))
        for one in piece.checks
    ]
    return RunbookPiece(text=piece.text, checks=checks)


@get("/alerts/{alert_id:int}/explanation", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS)
def explain_alert(request: Request[Any, Any, Any], alert_id: Id) -> ExplanationRecord:
    """Which dimension values explain the alert, and how much of it."""
    found = desk_of(request).service.explanation(alert_id)
    return ExplanationRecord(sentence=found.sentence, causes=_causes(found))


@get("/alerts/{alert_id:int}/chart.png", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS, responses=PICTURE)
def draw_alert(
    request: Request[Any, Any, Any], alert_id: Id, scheme: FromQuery[Literal["light", "dark"]] = "light"
) -> Response[bytes]:
    """The alert's most surprising series as a picture."""
    page = desk_of(request).service.alert_page(alert_id)
    return Response(picture_of(page, scheme), media_type="image/png")


def picture_of(page: views.AlertPage, scheme: Literal["light", "dark"] = "light") -> bytes:
    """The PNG of an alert's most surprising series."""
    from watchkeeper.notify.chart import png  # the drawing library takes a second to load

    peak = page.line.peak_series.id
    chart, marks = next(
        (pair for pair in zip(page.charts, page.marks, strict=True) if pair[0].series.id == peak),
        (page.charts[0], page.marks[0]),
    )
    return png(chart, marks, scheme=scheme, width=900, height=320, title=subject(chart.metric, chart.series))


HANDLERS = (list_alerts, get_alert, get_runbook, explain_alert, draw_alert)
