"""`/metrics/{name}/series` and `/series`: series and their judged points."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from litestar import Request, Response, get
from litestar.params import FromQuery, QueryParameter

from watchkeeper.client.records import (
    Gap,
    HealthRecord,
    PointPage,
    PointRecord,
    PowerRecord,
    SeriesHealth,
    SeriesPage,
    SeriesRecord,
)
from watchkeeper.domain.access import Scope
from watchkeeper.domain.errors import NotFoundError
from watchkeeper.domain.metric import Metric, Series
from watchkeeper.notify.message import subject
from watchkeeper.server.api.alerts import PICTURE, dimensions_of
from watchkeeper.server.api.common import Cursor, Id, Limit, Name, When, from_cursor, instant, to_cursor, to_datetime
from watchkeeper.server.close_up import cut, shown_window
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import needs
from watchkeeper.watch.views import Health, SeriesChart

TAGS = ["series"]
ManyPoints = Annotated[int, QueryParameter(ge=1, le=50_000, description="At most so many.")]


def series_record(metric: Metric, series: Series) -> SeriesRecord:
    """A series as the API gives it."""
    return SeriesRecord(
        id=series.id, metric=series.metric, label=series.label, dimensions=dimensions_of(metric, series)
    )


def point_records(chart: SeriesChart) -> Iterator[PointRecord]:
    """The judged points of a chart as the API gives them."""
    columns = zip(
        chart.time,
        chart.value,
        chart.cases or [None] * len(chart.time),
        chart.expected,
        chart.lower,
        chart.upper,
        chart.score,
        chart.is_alert,
        chart.is_learning,
        chart.is_withheld or [False] * len(chart.time),
        strict=True,
    )
    for time, value, cases, expected, lower, upper, score, is_alert, is_learning, is_withheld in columns:
        yield PointRecord(
            time=to_datetime(time),
            value=value,
            cases=cases,
            expected=expected,
            lower=lower,
            upper=upper,
            score=score,
            is_alert=is_alert,
            is_learning=is_learning,
            is_withheld=is_withheld,
        )


@get("/metrics/{name:str}/series", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS)
def list_series(request: Request[Any, Any, Any], name: Name, limit: Limit = 100, cursor: Cursor = "") -> SeriesPage:
    """The series of a metric, by id."""
    place = from_cursor(cursor, 1)
    listing = desk_of(request).service.listing
    metric, found = listing.series_page(name, limit + 1, 0 if place is None else place[0])
    items = found[:limit]
    return SeriesPage(
        items=[series_record(metric, one) for one in items],
        next=to_cursor(items[-1].id) if len(found) > limit else None,
    )


@get("/series/{series_id:int}", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS)
def get_series(request: Request[Any, Any, Any], series_id: Id) -> SeriesRecord:
    """One series."""
    series, metric = desk_of(request).service.listing.one_series(series_id)
    return series_record(metric, series)


@get("/series/{series_id:int}/points", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS)
def list_points(
    request: Request[Any, Any, Any],
    series_id: Id,
    start: When = "",
    end: When = "",
    limit: ManyPoints = 10_000,
    cursor: Cursor = "",
) -> PointPage:
    """Values with what was expected, the band and the score, the oldest first. Grafana's `${__from}` may be `start`."""
    place = from_cursor(cursor, 1)
    first = instant(start, "start") if place is None else place[0]
    chart, after = desk_of(request).service.listing.points(series_id, first, instant(end, "end"), limit)
    return PointPage(
        series=series_record(chart.metric, chart.series),
        unit=chart.metric.unit,
        step_s=chart.metric.step_s,
        items=list(point_records(chart)),
        next=None if after is None else to_cursor(after),
    )


@get("/series/{series_id:int}/chart.png", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS, responses=PICTURE)
def draw_series(
    request: Request[Any, Any, Any],
    series_id: Id,
    start: When = "",
    end: When = "",
    scheme: FromQuery[Literal["light", "dark"]] = "light",
) -> Response[bytes]:
    """A window of a series as a picture (left out, its newest weeks): values, what was expected, the band, alerts."""
    from watchkeeper.notify.chart import png  # the drawing library takes a second to load

    service = desk_of(request).service
    series, metric = service.listing.one_series(series_id)
    page = service.metric_page(metric.name, series_id)
    if not page.chart.time:
        raise NotFoundError(f"series {series_id} has no points yet; there is nothing to draw")
    shown = cut(page.chart, *shown_window(page.chart, instant(start, "start"), instant(end, "end")))
    picture = png(shown, page.marks, scheme=scheme, width=1000, height=320, title=subject(metric, series))
    return Response(picture, media_type="image/png")


@get("/series/{series_id:int}/health", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS)
def get_health(request: Request[Any, Any, Any], series_id: Id) -> SeriesHealth:
    """How the data of a series fares: how fresh it is, what is missing, what came late."""
    service = desk_of(request).service
    series, metric = service.listing.one_series(series_id)
    found = service.metric_page(metric.name, series_id).health
    return SeriesHealth(series=series_record(metric, series), health=None if found is None else health_record(found))


def health_record(found: Health) -> HealthRecord:
    """The health of a series as the API gives it."""
    return HealthRecord(
        newest=to_datetime(found.newest),
        overdue=found.overdue,
        days=found.days,
        periods=found.periods,
        missing=found.missing,
        gaps=[Gap(start=to_datetime(start), end=to_datetime(end)) for start, end in found.gaps],
        gap_count=found.gap_count,
        late=found.late,
        latest_s=found.latest_s,
        withheld=found.withheld,
        overlap=found.overlap,
    )


@get("/series/{series_id:int}/power", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS)
def get_power(request: Request[Any, Any, Any], series_id: Id) -> PowerRecord:
    """Which changes of a series would be seen, tried on its own history: seconds of work, which are kept.

    422 (`input`) where its history is too short.
    """
    service = desk_of(request).service
    series, metric = service.listing.one_series(series_id)
    told = service.tuning.power(metric.name, series_id)
    return PowerRecord(series=series_record(metric, series), sentences=list(told.sentences))


@get("/series/{series_id:int}/power.png", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS, responses=PICTURE)
def draw_power(
    request: Request[Any, Any, Any], series_id: Id, scheme: FromQuery[Literal["light", "dark"]] = "light"
) -> Response[bytes]:
    """The same as a picture: size by length, and how often each is seen."""
    service = desk_of(request).service
    told = service.tuning.power(service.listing.one_series(series_id)[1].name, series_id)
    return Response(told.dark if scheme == "dark" else told.light, media_type="image/png")


HANDLERS = (list_series, get_series, list_points, draw_series, get_health, get_power, draw_power)
