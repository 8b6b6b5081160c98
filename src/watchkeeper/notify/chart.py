"""How a series is drawn: value, expected, band, alerts and marks, as a Vega-Lite chart (through Altair) and as PNG.

A drawing is split into what it shows (`drawing.py`), how it is laid out (`spec`, without a number or a colour in it)
and in which colours (`palette.py`): a page fetches the numbers once and draws them again when the reader's theme
changes, and the PNG for chat is the same spec with the same data. Times are drawn on the metric's wall clock: an
instant is moved to where its wall clock would stand in UTC, and the axis is in UTC.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import altair as alt
import vl_convert

from watchkeeper.domain.metric import Kind, Metric
from watchkeeper.notify.drawing import (
    SPAN_KINDS,
    TURN_KINDS,
    Columns,
    Drawable,
    Over,
    Span,
    columns,
    days,
    spans,
    turns,
    value_range,
)
from watchkeeper.notify.palette import Theme, theme
from watchkeeper.notify.png import shrink

Size = int | Literal["container"]

_TIME_FORMAT = {
    "year": "%Y",
    "quarter": "%b",
    "month": "%b",
    "week": "%a %-d %b",
    "date": "%a %-d %b",
    "day": "%a %-d %b",
    "hours": "%H:%M",
    "minutes": "%H:%M",
}


def spec(
    drawn: Columns,
    behind: Sequence[Span],
    metric: Metric,
    *,
    width: Size = "container",
    height: Size = "container",
    is_small: bool = False,
    foresees: bool = False,
) -> dict[str, Any]:
    """The layout as a Vega-Lite spec whose data sets `points` and `spans` are still empty, without a colour in it.

    With `foresees` it has two more, `would` (t, e, lo, hi: the band as an answer would make it) and `turns` (spans of
    TURN_KINDS). Its parameters `shown_from` and `shown_to` (milliseconds) are what a page sets to zoom in time.
    """
    low, high = value_range(drawn, metric)
    kinds = frozenset(span.kind for span in behind)
    has_told = any(value is not None for value in drawn.a)
    parts = _Parts(kinds=kinds, has_told=has_told, has_week=bool(drawn.w), is_small=is_small, foresees=foresees)
    found: dict[str, Any] = json.loads(_layout(parts, _number_format(metric, high), width, height))
    edges = (drawn.t[0], drawn.t[-1]) if drawn.t else (None, None)
    for parameter, edge in zip(found["params"], edges, strict=True):
        parameter["value"] = edge
    for layer in found["layer"]:
        if "y" in layer["encoding"]:
            layer["encoding"]["y"]["scale"]["domain"] = [low, high]
    return found


class _Parts(NamedTuple):
    """What there is to be drawn."""

    kinds: frozenset[str]
    has_told: bool
    has_week: bool
    is_small: bool
    foresees: bool


@lru_cache(maxsize=256)
def _layout(parts: _Parts, number_format: str, width: Size, height: Size) -> str:
    """The layout as JSON, without what differs from series to series: Altair checks each spec, which takes a while."""
    shown_from, shown_to = alt.param(name="shown_from", value=0), alt.param(name="shown_to", value=0)
    x = alt.X(
        "t:T",
        title=None,
        scale=alt.Scale(type="utc", nice=False, domainMin=alt.expr("shown_from"), domainMax=alt.expr("shown_to")),
        axis=alt.Axis(
            format=_TIME_FORMAT,
            labelOverlap="greedy",
            labelSeparation=10,
            labelFlush=24,
            tickCount=alt.expr("max(2, width / 100)"),
        ),
    )
    scale = alt.Scale(domain=[0, 1], nice=False, zero=False)
    axis = alt.Axis(tickCount=3 if parts.is_small else 5, format=number_format)

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", title=None, scale=scale, axis=axis)

    points = alt.Chart(alt.NamedData("points")).encode(x=x)
    stretches = alt.Chart(alt.NamedData("spans")).encode(x=x)
    layers = [
        stretches.transform_filter(f"datum.kind == '{kind}'").mark_rect(style=f"span_{kind}", clip=True).encode(x2="t2")
        for kind in SPAN_KINDS
        if kind in parts.kinds and kind != "new_normal"
    ]
    if "new_normal" in parts.kinds:
        edge = stretches.transform_filter("datum.kind == 'new_normal'")
        layers.append(edge.mark_rule(style="edge_new_normal", clip=True))
    layers += [
        points.mark_area(style="band", clip=True).encode(y=y("lo"), y2="hi"),
        *([points.mark_line(style="week_before", clip=True).encode(y=y("w"))] if parts.has_week else []),
        points.mark_line(style="expected", clip=True).encode(y=y("e")),
        points.mark_line(style="value", clip=True).encode(y=y("v")),
    ]
    if parts.has_told:
        told = points.transform_filter("isValid(datum.a)")
        layers += [
            points.mark_line(style="alert_line", clip=True).encode(y=y("a")),
            told.mark_point(style="alert_point", clip=True).encode(y=y("a")),
        ]
    if parts.foresees:
        would = alt.Chart(alt.NamedData("would")).encode(x=x)
        turned = alt.Chart(alt.NamedData("turns")).encode(x=x)
        layers += [
            turned.transform_filter(f"datum.kind == '{kind}'")
            .mark_rect(style=f"turn_{kind}", clip=True)
            .encode(x2="t2")
            for kind in TURN_KINDS
        ]
        layers += [would.mark_line(style="would", clip=True).encode(y=y(edge)) for edge in ("lo", "hi")]
    fit = alt.AutoSizeParams(type="fit", contains="padding")
    chart = alt.layer(*layers).properties(width=width, height=height, autosize=fit).add_params(shown_from, shown_to)
    found = chart.to_dict()
    found.pop("config", None)
    return json.dumps(found)


def png(
    chart: Drawable,
    marks: Sequence[Over] = (),
    *,
    scheme: Theme = "light",
    width: int = 900,
    height: int = 320,
    title: str = "",
    scale: float = 1.5,
    by_day: bool = False,
    would: Drawable | None = None,
    turned: Sequence[Over] = (),
) -> bytes:
    """The chart as a PNG: for chat, for mail, and for readers without JavaScript. `by_day` draws daily means.

    `would` is the chart as it would be, of which the band's edges are drawn over it; `turned` are marks of TURN_KINDS.
    """
    drawn, behind = (days if by_day else columns)(chart), spans(chart, marks)
    foresees = would is not None or bool(turned)
    picture = spec(drawn, behind, chart.metric, width=width, height=height, foresees=foresees)
    picture["datasets"] = datasets(drawn, behind)
    if foresees:
        picture["datasets"]["would"] = _points(columns(would)) if would is not None else []
        picture["datasets"]["turns"] = _stretches(turns(chart.metric, turned))
    if title:
        picture["title"] = {"text": title, "anchor": "start", "limit": width - 24}
    colours = theme(scheme, surface=True)
    drawn_bytes: bytes = vl_convert.vegalite_to_png(picture, config=colours, scale=scale, allowed_base_urls=[])
    return shrink(drawn_bytes)


def datasets(drawn: Columns, behind: Sequence[Span]) -> dict[str, list[dict[str, Any]]]:
    """The named data sets of a spec, row by row."""
    return {"points": _points(drawn), "spans": _stretches(behind)}


def _points(drawn: Columns) -> list[dict[str, Any]]:
    before = drawn.w or [None] * len(drawn.t)
    rows = zip(drawn.t, drawn.v, drawn.e, drawn.lo, drawn.hi, drawn.a, before, strict=True)
    return [{"t": t, "v": v, "e": e, "lo": lo, "hi": hi, "a": a, "w": w} for t, v, e, lo, hi, a, w in rows]


def _stretches(found: Sequence[Span]) -> list[dict[str, Any]]:
    return [{"kind": span.kind, "t": span.t, "t2": span.t2, "label": span.label} for span in found]


def _number_format(metric: Metric, high: float) -> str:
    """Shares in percent, large numbers with k and M."""
    if metric.kind is Kind.RATE:
        return "~%"
    return "~s" if high >= 10_000 else ",~r"
