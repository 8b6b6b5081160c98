"""A new metric without SQL: choose a source, a table, what to count; see it drawn and judged; switch it on."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post
from litestar.params import FromQuery
from litestar.response import Redirect

from watchkeeper.domain.access import Scope
from watchkeeper.domain.errors import ConfigError, InputError, SourceError
from watchkeeper.domain.metric import Metric, Source
from watchkeeper.domain.times import DAY
from watchkeeper.notify.chart import png
from watchkeeper.notify.message import subject
from watchkeeper.server.close_up import CLOSE_UP_DAYS
from watchkeeper.server.desk import desk_of
from watchkeeper.server.figures import Figure, figure_json, legend, summary
from watchkeeper.server.guard import needs
from watchkeeper.server.pages.answers import Form
from watchkeeper.server.session import NAMELESS, PageRequest, visitor
from watchkeeper.watch.trials import Drafted, Held, suggest_name

STEPS = (("1m", "minute"), ("5m", "5 minutes"), ("15m", "15 minutes"), ("1h", "hour"), ("1d", "day"))
MEASURES = (
    ("count", "How many rows"),
    ("distinct", "How many different"),
    ("sum", "The sum of"),
    ("avg", "The average of"),
    ("share", "The share of rows where"),
    ("ratio", "The sum of … per sum of"),
)
_KIND = {"count": "count", "distinct": "count", "sum": "sum", "avg": "gauge", "share": "rate", "ratio": "gauge"}
_TIME_NAME = re.compile(r"time|date|created|_at$|^ts$|^at$", re.IGNORECASE)


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """What the form says, as it stands in the address."""

    source: str = ""
    by: str = "table"
    table: str = ""
    time_column: str = ""
    time_is: str = ""
    measure: str = "count"
    of: str = ""
    per: str = ""
    where: str = ""
    query: str = ""
    dimension_1: str = ""
    dimension_2: str = ""
    dimension_3: str = ""
    step: str = "1h"
    timezone: str = "UTC"
    kind: str = ""
    title: str = ""
    name: str = ""
    unit: str = ""
    owner: str = ""
    direction: str = "both"
    since: str = ""
    until: str = ""
    draw: str = ""

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The chosen dimensions, each once."""
        return tuple(dict.fromkeys(filter(None, (self.dimension_1, self.dimension_2, self.dimension_3))))

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """The form's fields that are filled in."""
        return tuple((key, value) for key, value in msgspec.to_builtins(self).items() if value and key != "draw")

    @property
    def address(self) -> str:
        """The same as a query."""
        return urlencode(self.fields)


class NewMetricPage(msgspec.Struct, frozen=True, kw_only=True):
    """The page's record: what can be chosen, what was, what it gives, or what stands in the way and at which place."""

    choices: Choices
    sources: tuple[Source, ...]
    tables: tuple[str, ...] = ()
    columns: tuple[Held, ...] = ()
    times: tuple[Held, ...] = ()
    numbers: tuple[Held, ...] = ()
    steps: tuple[tuple[str, str], ...] = STEPS
    measures: tuple[tuple[str, str], ...] = MEASURES
    name: str = ""
    drafted: Drafted | None = None
    figures: tuple[Figure, ...] = ()
    trouble: str = ""


def metric_of(choices: Choices) -> Metric:
    """The metric that was chosen; ConfigError or InputError where a choice is missing or makes no sense."""
    title = choices.title.strip() or _title(choices)
    settings: dict[str, Any] = {
        "name": choices.name.strip() or suggest_name(title),
        "source": choices.source,
        "step": choices.step,
        "timezone": choices.timezone.strip() or "UTC",
        "title": title,
        "unit": choices.unit.strip(),
        "owner": choices.owner.strip(),
        "direction": choices.direction,
        "since": choices.since.strip(),
        "until": choices.until.strip(),
        "dimensions": choices.dimensions,
    }
    if choices.by == "query":
        if not choices.query.strip():
            raise InputError("query: write a SELECT that returns time and value for :start and :end")
        settings |= {"query": choices.query.strip(), "kind": choices.kind or "gauge"}
    else:
        if not choices.time_column:
            raise InputError("time column: choose the column that says when")
        settings |= {
            "table": choices.table,
            "time_column": choices.time_column,
            "time_is": choices.time_is or "utc",
            "measure": measure_of(choices),
            "where": choices.where.strip(),
            "kind": choices.kind or _KIND.get(choices.measure, "gauge"),
        }
    try:
        return msgspec.convert(settings, Metric)
    except msgspec.ValidationError as error:
        raise ConfigError(str(error)) from None


def measure_of(choices: Choices) -> str:
    """The measure as a configuration says it: `sum(amount)`."""
    inside = choices.of.strip()
    if choices.measure == "count":
        return "count"
    if not inside:
        raise InputError("what is measured: choose the column (or write the condition) that it is measured of")
    if choices.measure == "distinct":
        return f"count(distinct {inside})"
    if choices.measure == "ratio":
        if not choices.per.strip():
            raise InputError("what is measured: choose the column that it is divided by")
        return f"ratio({inside}, {choices.per.strip()})"
    return f"{choices.measure}({inside})"


def _title(choices: Choices) -> str:
    what = choices.table.rpartition(".")[2].replace("_", " ") or "new metric"
    if choices.measure not in ("count", "") and choices.of:
        what = f"{choices.of.replace('_', ' ')} of {what}"
    return what[:1].upper() + what[1:]


def _choices(given: dict[str, str]) -> Choices:
    known = {key: value for key, value in given.items() if key in Choices.__struct_fields__}
    return msgspec.convert(known, Choices)


@get("/new-metric", sync_to_thread=True, opt=needs(Scope.CONFIGURE))
def show_new_metric(request: PageRequest) -> Response[str]:
    """The form as far as it is filled in, and the metric drawn once it can be."""
    desk = desk_of(request)
    page = _page(request, _choices(dict(request.query_params.items())))
    return desk.page(request, "new_metric.html", page, draws=bool(page.figures))


@post("/new-metric", sync_to_thread=True, opt=needs(Scope.CONFIGURE))
def switch_on(request: PageRequest, data: Form) -> Response[str] | Redirect:
    """Keep the metric; the next run reads its past."""
    desk = desk_of(request)
    choices = _choices(data)
    reader = visitor(request)
    try:
        metric = metric_of(choices)
        desk.service.drafting.create(metric, reader.name if reader else NAMELESS)
    except (ConfigError, InputError) as error:
        page = msgspec.structs.replace(_page(request, choices), trouble=str(error))
        return desk.page(request, "new_metric.html", page, status=422, draws=bool(page.figures))
    return Redirect(f"/metrics?made={metric.name}", status_code=303)


@get("/new-metric/chart.png", sync_to_thread=True, opt=needs(Scope.CONFIGURE))
def draw_draft(
    request: PageRequest, place: FromQuery[int] = 0, by: FromQuery[str] = "", scheme: FromQuery[str] = "light"
) -> Response[bytes]:
    """A draft's series as a picture, for readers without scripts: `by` day, or every point."""
    drafted = desk_of(request).service.drafting.attempt(metric_of(_choices(dict(request.query_params.items()))))
    if not 0 <= place < len(drafted.charts):
        raise InputError(f"place: this draft has charts 0 to {len(drafted.charts) - 1}")
    chart = drafted.charts[place]
    picture = png(
        chart,
        scheme="dark" if scheme == "dark" else "light",
        width=900,
        height=120 if by == "day" else 260,
        by_day=by == "day",
    )
    return Response(picture, media_type="image/png")


@get("/new-metric/power", sync_to_thread=True, opt=needs(Scope.CONFIGURE))
def tell_power(request: PageRequest) -> Response[str]:
    """What could be seen of the draft's largest series, as a part of the page."""
    desk = desk_of(request)
    metric = metric_of(_choices(dict(request.query_params.items())))
    return desk.page(request, "sentences.html", Sentences(sentences=desk.service.drafting.power(metric)))


class Sentences(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a page: a list of sentences."""

    sentences: tuple[str, ...]


def _page(request: PageRequest, choices: Choices) -> NewMetricPage:
    """What can be chosen next; whatever the source says against it stands on the page."""
    drafting = desk_of(request).service.drafting
    page = NewMetricPage(choices=choices, sources=drafting.sources())
    try:
        if not choices.source or (choices.by == "query" and not choices.draw):
            return page
        if choices.by != "query":
            page = msgspec.structs.replace(page, tables=drafting.tables(choices.source))
            if not choices.table:
                return page
            columns = drafting.columns(choices.source, choices.table)
            page = msgspec.structs.replace(page, columns=columns, **_sorted(columns))
            choices = _with_time(choices, columns)
            page = msgspec.structs.replace(page, choices=choices)
        if not choices.draw:
            return page
        drafted = drafting.attempt(metric_of(choices))
    except (SourceError, InputError) as error:
        return msgspec.structs.replace(page, trouble=str(error))
    return msgspec.structs.replace(
        page, drafted=drafted, name=drafted.metric.name, figures=_figures(drafted, choices.address)
    )


def _with_time(choices: Choices, columns: tuple[Held, ...]) -> Choices:
    """The likeliest time column where none is chosen, and what it likely holds where that is not said."""
    held = {one.name: one.holds for one in columns}
    likely = [one.name for one in columns if one.holds == "time"]
    likely += [one.name for one in columns if _TIME_NAME.search(one.name)]
    column = choices.time_column if choices.time_column in held else next(iter(likely), "")
    guess = "seconds" if held.get(column) == "number" else "utc"
    return msgspec.structs.replace(choices, time_column=column, time_is=choices.time_is or guess)


def _sorted(columns: tuple[Held, ...]) -> dict[str, tuple[Held, ...]]:
    """Columns for the two lists, those first that hold what is wanted: a type may be wrong, a person knows better."""
    return {
        "times": tuple(sorted(columns, key=lambda one: one.holds != "time")),
        "numbers": tuple(sorted(columns, key=lambda one: one.holds != "number")),
    }


def _figures(drafted: Drafted, address: str) -> tuple[Figure, ...]:
    """The largest series close up, with its year under it by day; of the others the year."""
    if not drafted.charts:
        return ()
    is_daily = drafted.metric.step_s >= DAY
    first, *others = (
        Figure(
            name=f"draft-{place}",
            title=subject(drafted.metric, chart.series),
            summary=summary(chart),
            data=figure_json(chart, (), is_small=place > 0, by_day=place > 0),
            fallback=f"/new-metric/chart.png?{address}&place={place}",
            size="large" if not place else "small",
            legend=legend(chart, ()) if not place else (),
            newest_ms=0 if place or is_daily else CLOSE_UP_DAYS * DAY * 1000,
        )
        for place, chart in enumerate(drafted.charts)
    )
    if is_daily:
        return (first, *others)
    year = Figure(
        name="year",
        title="At a glance, by day",
        summary="The same by day: move over it to show a time close up.",
        data=figure_json(drafted.charts[0], (), by_day=True, is_small=True),
        fallback=f"{first.fallback}&by=day",
        size="strip",
        strip_of=first.name,
    )
    return (first, year, *others)


HANDLERS = (show_new_metric, switch_on, draw_draft, tell_power)
