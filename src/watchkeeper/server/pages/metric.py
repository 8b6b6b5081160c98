"""One metric: its year, its series, its alerts and answers, and a form to say something about a window."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import msgspec
from litestar import Response, get
from litestar.params import FromPath, FromQuery

from watchkeeper.domain.access import Scope
from watchkeeper.domain.times import DAY, parse_instant, wall_clock
from watchkeeper.notify.chart import png
from watchkeeper.notify.message import subject
from watchkeeper.server.close_up import cut, shown_window
from watchkeeper.server.desk import desk_of
from watchkeeper.server.figures import Figure, figure_json, legend, summary
from watchkeeper.server.guard import needs
from watchkeeper.server.pages.inbox import Filters
from watchkeeper.server.receipts import ReceiptBox, Said, box_of, said_lines
from watchkeeper.server.session import PageRequest
from watchkeeper.server.words import ANSWERS, AnswerWord, field_time
from watchkeeper.watch import views

ALERTS = 10
"""The newest alerts of the series; the inbox has all."""


class Month(msgspec.Struct, frozen=True, kw_only=True):
    """A link that shows one month."""

    label: str
    start: str
    end: str
    address: str
    is_shown: bool


class MetricScreen(msgspec.Struct, frozen=True, kw_only=True):
    """The page's record. `year` is the strip of daily means over the close-up; None where the chart is daily itself."""

    page: views.MetricPage
    year: Figure | None
    figure: Figure | None
    shown_from: str
    shown_to: str
    months: tuple[Month, ...]
    answers: tuple[AnswerWord, ...]
    alerts: tuple[views.AlertLine, ...]
    more_alerts: str
    said: tuple[Said, ...]
    receipt: ReceiptBox | None
    here: str
    questions: tuple[views.Asked, ...] = ()


def metric_screen(
    page: views.MetricPage,
    *,
    start: int | None = None,
    end: int | None = None,
    receipt: ReceiptBox | None = None,
    questions: tuple[views.Asked, ...] = (),
) -> MetricScreen:
    """Lay out what the service gave, with the window `[start, end)` shown close up."""
    chart, metric = page.chart, page.line.metric
    here = f"/metrics/{metric.name}?series={page.chosen.id}"
    common = MetricScreen(
        page=page,
        year=None,
        figure=None,
        shown_from="",
        shown_to="",
        months=(),
        answers=ANSWERS[2:],
        alerts=page.alerts[:ALERTS],
        more_alerts=Filters(show="all", order="newest", metric=metric.name).address()
        if len(page.alerts) > ALERTS
        else "",
        said=said_lines(page.answers),
        receipt=receipt,
        here=here,
        questions=questions,
    )
    if not chart.time:
        return common
    is_daily = metric.step_s >= DAY
    shown = shown_window(chart, start, end)
    fields = tuple(field_time(edge, metric.timezone) for edge in shown)
    source = f"/metrics/{metric.name}/chart.json?series={page.chosen.id}"
    picture = f"/metrics/{metric.name}/chart.png?series={page.chosen.id}"
    close_up = Figure(
        name="close-up",
        title=subject(metric, page.chosen),
        summary=summary(chart),
        source=source,
        fallback=f"{picture}&from={fields[0]}&to={fields[1]}",
        has_brush=True,
        legend=legend(chart, page.marks),
    )
    year = Figure(
        name="year",
        title="At a glance, by day",
        summary="The same by day: move over it to show a time close up.",
        data="" if is_daily else figure_json(chart, page.marks, by_day=True, is_small=True, foresees=True),
        fallback=f"{picture}&by=day",
        size="strip",
        strip_of="close-up",
    )
    return msgspec.structs.replace(
        common,
        figure=close_up,
        year=None if is_daily else year,
        shown_from=fields[0],
        shown_to=fields[1],
        months=() if is_daily else _months(chart, here, fields),
    )


def _months(chart: views.SeriesChart, here: str, shown: tuple[str, ...]) -> tuple[Month, ...]:
    """A link for each month of the chart (of the newest 24)."""
    zone = chart.metric.timezone
    day = wall_clock(chart.time[0], zone).replace(day=1, hour=0, minute=0, second=0, tzinfo=None)
    last = wall_clock(chart.time[-1], zone).replace(tzinfo=None)
    months: list[Month] = []
    while day <= last:
        after = (day + timedelta(days=32)).replace(day=1)
        start, end = f"{day:%Y-%m-%dT%H:%M}", f"{after:%Y-%m-%dT%H:%M}"
        label = f"{day:%b}" if months and day.month > 1 else f"{day:%b %Y}"
        is_shown = (start, end) == shown
        address = f"{here}&from={start}&to={end}#close-up"
        months.append(Month(label=label, start=start, end=end, address=address, is_shown=is_shown))
        day = after
    return tuple(months[-24:])


def _edges(page: views.MetricPage, given: dict[str, str]) -> tuple[int | None, int | None]:
    """`from` and `to` of the address, on the metric's wall clock."""
    zone = page.line.metric.timezone
    start, end = (parse_instant(given[name], zone) if given.get(name) else None for name in ("from", "to"))
    return start, end


@get("/metrics/{name:str}", sync_to_thread=True, opt=needs(Scope.READ))
def show_metric(
    request: PageRequest,
    name: FromPath[str],
    series: FromQuery[int | None] = None,
    receipt: FromQuery[str] = "",
) -> Response[str]:
    """The page of one metric."""
    desk = desk_of(request)
    page = desk.service.metric_page(name, series)
    start, end = _edges(page, dict(request.query_params))
    asked = desk.service.questions.waiting(1, name)
    screen = metric_screen(page, start=start, end=end, receipt=box_of(desk.service, receipt), questions=asked)
    return desk.page(request, "metric.html", screen, draws=True)


@get("/metrics/{name:str}/chart.json", sync_to_thread=True, opt=needs(Scope.READ))
def chart_json(
    request: PageRequest, name: FromPath[str], series: FromQuery[int | None] = None, by: FromQuery[str] = ""
) -> Response[bytes]:
    """The close-up's data, or that of the strip (`by` day); a browser that has it already is told so."""
    page = desk_of(request).service.metric_page(name, series)
    body = figure_json(page.chart, page.marks, by_day=by == "day", is_small=by == "day", foresees=True).encode()
    tag = f'W/"{hashlib.sha256(body).hexdigest()[:20]}"'
    if request.headers.get("if-none-match") == tag:
        return Response(b"", status_code=304, headers={"ETag": tag})
    return Response(body, media_type="application/json", headers={"ETag": tag})


@get("/metrics/{name:str}/chart.png", sync_to_thread=True, opt=needs(Scope.READ))
def draw_metric(
    request: PageRequest,
    name: FromPath[str],
    series: FromQuery[int | None] = None,
    by: FromQuery[str] = "",
    scheme: FromQuery[str] = "light",
) -> Response[bytes]:
    """The metric as a picture: by day, or a window close up."""
    page = desk_of(request).service.metric_page(name, series)
    chart = page.chart
    if by != "day" and chart.time:
        chart = cut(chart, *shown_window(chart, *_edges(page, dict(request.query_params))))
    picture = png(
        chart,
        page.marks,
        scheme="dark" if scheme == "dark" else "light",
        width=1000,
        height=120 if by == "day" else 320,
        by_day=by == "day",
    )
    return Response(picture, media_type="image/png")


HANDLERS = (show_metric, chart_json, draw_metric)
