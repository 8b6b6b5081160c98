"""One alert: its chart, its members, the six answers, its history."""

from __future__ import annotations

import msgspec
from litestar import Response, get
from litestar.params import FromPath, FromQuery

from watchkeeper.domain.access import Scope
from watchkeeper.domain.alert import Cause, Change
from watchkeeper.domain.errors import NotFoundError
from watchkeeper.domain.times import DAY
from watchkeeper.notify.chart import png
from watchkeeper.notify.message import subject
from watchkeeper.server.deed_lines import DeedLine, deed_lines
from watchkeeper.server.desk import desk_of
from watchkeeper.server.figures import Figure, figure_json, legend, summary
from watchkeeper.server.guard import needs
from watchkeeper.server.pages.deeds import snooze_words
from watchkeeper.server.receipts import ReceiptBox, Said, box_of, said_lines
from watchkeeper.server.session import PageRequest
from watchkeeper.server.words import number
from watchkeeper.watch import views
from watchkeeper.watch.hindsight_views import Hindsight
from watchkeeper.watch.runbook_views import AlertRunbook

CHARTS = 7
"""Charts drawn at once: the first large, the others small; all members stand in the table."""


UNMOVED = "(the guard did nothing about it)"
"""How a line ends of a guard that had no reason to act: most have none, and who reads an alert needs none of them."""


class MemberRow(msgspec.Struct, frozen=True, kw_only=True):
    """One series of the alert: its name, and what it did without saying the name again."""

    line: views.MemberLine
    name: str
    did: str
    expected: str


class HistoryLine(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to the alert at one time; `count` changes of one kind at once are one line."""

    change: Change
    at: int
    detail: str
    deliveries: tuple[str, ...]
    count: int


class AlertScreen(msgspec.Struct, frozen=True, kw_only=True):
    """The page's record."""

    line: views.AlertLine
    members: tuple[MemberRow, ...]
    figure: Figure | None
    year: Figure | None
    small: tuple[Figure, ...]
    charts_left_out: int
    known: tuple[views.Mark, ...]
    history: tuple[HistoryLine, ...]
    said: tuple[Said, ...]
    deeds: tuple[DeedLine, ...]
    snoozes: tuple[tuple[str, str], ...]
    undo: int | None
    similar: tuple[views.AlertLine, ...]
    why: views.Why | None
    hindsight: Hindsight | None
    causes: str
    receipt: ReceiptBox | None
    here: str
    runbook: AlertRunbook | None = None


def alert_screen(page: views.AlertPage, receipt: ReceiptBox | None = None) -> AlertScreen:
    """Lay out what the service gave."""
    here = f"/alerts/{page.line.alert.id}"
    peak = page.line.peak_series.id
    pairs = sorted(zip(page.charts, page.marks, strict=True), key=lambda pair: pair[0].series.id != peak)[:CHARTS]
    figures = [_figure(chart, marks, place, here) for place, (chart, marks) in enumerate(pairs)]
    said = said_lines(page.answers)
    known = tuple(mark for chart, marks in pairs[:1] for mark in marks if mark.link != here and _is_seen(chart, mark))
    return AlertScreen(
        line=page.line,
        members=tuple(member_row(each) for each in page.members),
        figure=figures[0] if figures else None,
        year=_year(page.charts[0]) if figures and pairs[0][0].metric.step_s < DAY else None,
        small=tuple(figures[1:]),
        charts_left_out=max(0, len(page.members) - len(figures)),
        known=known,
        history=history_lines(page.history),
        said=said,
        deeds=deed_lines(page.handled),
        snoozes=snooze_words(),
        undo=next((line.feedback.id for line in said if line.is_in_force), None),
        similar=page.similar,
        why=page.why,
        hindsight=page.hindsight,
        causes=page.causes,
        receipt=receipt,
        here=here,
        runbook=page.runbook,
    )


def member_row(line: views.MemberLine) -> MemberRow:
    """A member's sentence begins with its name, which stands beside it in the table."""
    name = subject(line.metric, line.series)
    did = line.sentence.removeprefix(name).strip() or line.sentence
    expected = "–" if line.member.cause is Cause.SILENCE else number(line.member.expected, line.metric)
    return MemberRow(line=line, name=name, did=f"{did[:1].upper()}{did[1:]}", expected=expected)


def history_lines(history: tuple[views.TransitionLine, ...]) -> tuple[HistoryLine, ...]:
    """The history in time order, with what is alike in one line."""
    lines: list[HistoryLine] = []
    for each in history:
        one = HistoryLine(
            change=each.transition.change,
            at=each.transition.at,
            detail=each.transition.detail,
            deliveries=tuple(one for one in each.deliveries if not one.endswith(UNMOVED)),
            count=1,
        )
        if lines and msgspec.structs.replace(lines[-1], count=1) == one:
            lines[-1] = msgspec.structs.replace(one, count=lines[-1].count + 1)
        else:
            lines.append(one)
    return tuple(lines)


def _year(chart: views.SeriesChart) -> Figure:
    """The whole series under the alert's chart, by day; the script asks for it once it is in sight."""
    here = f"/metrics/{chart.metric.name}"
    return Figure(
        name="year",
        title="At a glance, by day",
        summary="The same series by day, from its beginning.",
        source=f"{here}/chart.json?series={chart.series.id}&by=day",
        fallback=f"{here}/chart.png?series={chart.series.id}&by=day",
        size="strip",
        strip_of="chart-0",
    )


def _figure(chart: views.SeriesChart, marks: tuple[views.Mark, ...], place: int, here: str) -> Figure:
    """The first chart is large and a window can be marked in it; the others are small."""
    return Figure(
        name=f"chart-{place}",
        title=subject(chart.metric, chart.series),
        summary=summary(chart),
        data=figure_json(chart, marks, is_small=place > 0, foresees=not place),
        whole="" if place else f"/metrics/{chart.metric.name}/chart.json?series={chart.series.id}",
        fallback=f"{here}/chart.png?series={chart.series.id}",
        size="small" if place else "large",
        has_brush=not place,
        legend=() if place else legend(chart, marks),
    )


def _is_seen(chart: views.SeriesChart, mark: views.Mark) -> bool:
    """Whether the mark lies where the chart does."""
    return bool(chart.time) and mark.start <= chart.time[-1] and mark.end >= chart.time[0]


@get("/alerts/{alert_id:int}", sync_to_thread=True, opt=needs(Scope.READ))
def show_alert(request: PageRequest, alert_id: FromPath[int], receipt: FromQuery[str] = "") -> Response[str]:
    """The page of one alert."""
    desk = desk_of(request)
    page = desk.service.alert_page(alert_id)
    return desk.page(request, "alert.html", alert_screen(page, box_of(desk.service, receipt)), draws=True)


@get("/alerts/{alert_id:int}/chart.png", sync_to_thread=True, opt=needs(Scope.READ))
def draw_alert(
    request: PageRequest,
    alert_id: FromPath[int],
    series: FromQuery[int | None] = None,
    scheme: FromQuery[str] = "light",
) -> Response[bytes]:
    """A chart of the alert as a picture: of its most surprising series, or of another one."""
    page = desk_of(request).service.alert_page(alert_id)
    peak = page.line.peak_series.id
    wanted = peak if series is None else series
    for chart, marks in zip(page.charts, page.marks, strict=True):
        if chart.series.id == wanted:
            width, height = (900, 320) if wanted == peak else (480, 180)
            picture = png(
                chart,
                marks,
                scheme="dark" if scheme == "dark" else "light",
                width=width,
                height=height,
                title=subject(chart.metric, chart.series) if wanted == peak else "",
            )
            return Response(picture, media_type="image/png")
    raise NotFoundError(f"alert {alert_id} has no chart of series {wanted}: its page shows the ones there are")


HANDLERS = (show_alert, draw_alert)
