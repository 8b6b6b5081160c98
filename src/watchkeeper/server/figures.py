"""Charts as pages carry them: numbers, layout and both colour schemes in one JSON, and words for those who listen."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec

from watchkeeper.domain.feedback import Answer
from watchkeeper.domain.metric import Kind
from watchkeeper.notify.chart import spec
from watchkeeper.notify.drawing import Columns, Span, columns, days, spans, turns
from watchkeeper.notify.palette import theme
from watchkeeper.server.words import LABEL, number
from watchkeeper.watch.views import Mark, SeriesChart


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One chart in a page: `name` is unique there, `data` is JSON for the script, `fallback` a picture without it.

    `whole` is where the script gets all of the series when more is wanted than `data` has; a strip shows in `strip_of`,
    another figure, what is chosen on it. With `newest_ms` no more than so much of the newest is shown at first.
    """

    name: str
    title: str
    summary: str
    data: str = ""
    source: str = ""
    fallback: str
    size: str = "large"
    has_brush: bool = False
    legend: tuple[tuple[str, str], ...] = ()
    whole: str = ""
    strip_of: str = ""
    newest_ms: int = 0


class Overlay(msgspec.Struct, frozen=True, kw_only=True):
    """What does not count yet (an answer, a setting) over a chart: the band as it would be (None: as it is), the alerts
    that turn.
    """

    band: Columns | None
    turns: list[Span]


class FigureData(msgspec.Struct, frozen=True, kw_only=True):
    """What the script draws from. `unit` follows a number; shares are shown in percent."""

    spec: dict[str, Any]
    config: dict[str, dict[str, Any]]
    columns: Columns
    spans: list[Span]
    unit: str
    is_share: bool
    step_ms: int
    over: Overlay | None = None


_SPAN_WORD = {
    "learning": "still learning",
    "alert": "alert",
    **{answer.value: LABEL[answer].lower() for answer in Answer},
}


@cache
def _schemes() -> dict[str, dict[str, Any]]:
    return {"light": theme("light"), "dark": theme("dark")}


def figure_json(
    chart: SeriesChart,
    marks: Sequence[Mark],
    *,
    by_day: bool = False,
    is_small: bool = False,
    foresees: bool = False,
    over: Overlay | None = None,
) -> str:
    """The chart's data for the script, safe to stand inside a `<script type="application/json">`.

    With `foresees` the script may lay an answer over it that was not said; `over` is one that lies there at first.
    """
    drawn = (days if by_day else columns)(chart)
    behind = spans(chart, marks)
    metric = chart.metric
    data = FigureData(
        spec=spec(drawn, behind, metric, is_small=is_small, foresees=foresees),
        config=_schemes(),
        columns=drawn,
        spans=behind,
        unit="" if metric.kind is Kind.RATE else metric.unit,
        is_share=metric.kind is Kind.RATE,
        step_ms=(86400 if by_day else metric.step_s) * 1000,
        over=over,
    )
    text = msgspec.json.encode(data).decode()
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def overlay(chart: SeriesChart, turned: Sequence[Mark], *, is_band_new: bool) -> Overlay:
    """What would change, to be laid over the chart of a series: `chart` is as it would be, `turned` marks alerts."""
    band = msgspec.structs.replace(columns(chart), n=[]) if is_band_new else None
    return Overlay(band=band, turns=turns(chart.metric, turned))


def legend(chart: SeriesChart, marks: Sequence[Mark], *, has_band: bool = True) -> tuple[tuple[str, str], ...]:
    """What is to be seen in the chart, as (swatch, word)."""
    lines = [("value", "value"), ("expected", "expected")]
    if has_band:
        lines.append(("band", "usual range"))
    if any(is_told and value is not None for is_told, value in zip(chart.is_alert, chart.value, strict=True)):
        lines.append(("told", "surprising"))
    if chart.week_before:
        lines.append(("week", "a week before"))
    kinds = dict.fromkeys(span.kind for span in spans(chart, marks))
    return tuple(lines + [(f"span-{kind}", _SPAN_WORD.get(kind, kind)) for kind in kinds])


def summary(chart: SeriesChart) -> str:
    """The chart in one sentence, for readers who hear the page."""
    known = [value for value in chart.value if value is not None]
    if not known:
        return "A chart without any value."
    told = sum(chart.is_alert)
    reach = f"between {number(min(known), chart.metric)} and {number(max(known), chart.metric)}"
    surprise = f"; {told} of them surprising" if told else "; none of them surprising"
    return f"Line chart of {len(known):,} values {reach}{surprise}."
