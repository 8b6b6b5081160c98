"""How the plots of a report are drawn: Vega-Lite specs by Altair, turned into SVG or PNG; imported only when drawn."""

from __future__ import annotations

from typing import Any

import altair as alt
import vl_convert

from watchkeeper.assess.report import Plot
from watchkeeper.notify.palette import COLOURS, Theme, theme

_LINES = ("chart-expected", "event", "bad-data", "new-normal", "alert", "learning")
WIDTH = 560
Drawn = alt.LayerChart | alt.FacetChart


def spec(plot: Plot, scheme: Theme = "light") -> dict[str, Any]:
    """The Vega-Lite spec, its data in it."""
    found: dict[str, Any] = _KINDS[plot.kind](plot, COLOURS[scheme]).to_dict()
    found.pop("config", None)
    return found


def svg(plot: Plot, scheme: Theme = "light") -> str:
    """The plot as SVG, to stand within a page."""
    drawn: str = vl_convert.vegalite_to_svg(spec(plot, scheme), config=theme(scheme), allowed_base_urls=[])
    return drawn[drawn.index("<svg") :]


def png(plot: Plot, scheme: Theme = "light") -> bytes:
    """The plot as a PNG."""
    drawn: bytes = vl_convert.vegalite_to_png(
        spec(plot, scheme), config=theme(scheme, surface=True), scale=1.5, allowed_base_urls=[]
    )
    return drawn


def _format(plot: Plot) -> str:
    return "~%" if plot.percent else ".3~g"


def _rule(plot: Plot, colour: dict[str, str], horizontal: bool) -> list[alt.Chart]:
    if plot.rule is None:
        return []
    mark = alt.Chart(alt.InlineData(values=[{}])).mark_rule(color=colour["alert"], strokeDash=[5, 3], strokeWidth=1.5)
    return [mark.encode(y=alt.datum(plot.rule)) if horizontal else mark.encode(x=alt.datum(plot.rule))]


def _intervals(plot: Plot, colour: dict[str, str]) -> Drawn:
    base = alt.Chart(alt.InlineData(values=list(plot.rows)))
    order = [row["name"] for row in plot.rows]
    y = alt.Y("name:N", sort=order, title=None, axis=alt.Axis(labelLimit=230))
    axis = alt.Axis(format=_format(plot), grid=True, tickCount=5)
    x = alt.X("value:Q", title=plot.x, scale=alt.Scale(zero=False), axis=axis)
    span = base.mark_rule(strokeWidth=2.5, color=colour["chart-expected"]).encode(
        y=y, x=alt.X("lower:Q", title=plot.x, scale=alt.Scale(zero=False), axis=axis), x2="upper:Q"
    )
    dots = base.mark_point(filled=True, size=60, opacity=1, color=colour["chart-expected"]).encode(y=y, x=x)
    return alt.layer(*_rule(plot, colour, False), span, dots).properties(width=WIDTH - 200, height=26 * len(order))


def _bars(plot: Plot, colour: dict[str, str]) -> Drawn:
    base = alt.Chart(alt.InlineData(values=list(plot.rows)))
    order = [row["name"] for row in plot.rows]
    bars = base.mark_bar(color=colour["chart-expected"], height={"band": 0.65}).encode(
        y=alt.Y("name:N", sort=order, title=None, axis=alt.Axis(labelLimit=230)),
        x=alt.X("value:Q", title=plot.x, axis=alt.Axis(format=_format(plot), grid=True, tickCount=5)),
    )
    return alt.layer(bars, *_rule(plot, colour, False)).properties(width=WIDTH - 200, height=26 * len(order))


def _x(plot: Plot) -> alt.X:
    scale = alt.Scale(type="log", nice=False) if plot.log_x else alt.Scale(zero=False, nice=False)
    axis = alt.Axis(format="~%" if plot.x_percent else "~s", tickCount=6, labelOverlap="greedy")
    return alt.X("x:Q", title=plot.x, scale=scale, axis=axis)


def _colours(plot: Plot, colour: dict[str, str]) -> alt.Color:
    names = list(dict.fromkeys(row["series"] for row in plot.rows))
    hues = [colour[_LINES[place % len(_LINES)]] for place in range(len(names))]
    legend = alt.Legend(title=None, orient="top", labelLimit=260) if len(names) > 1 else None
    return alt.Color("series:N", scale=alt.Scale(domain=names, range=hues), legend=legend)


def _curve(plot: Plot, colour: dict[str, str]) -> Drawn:
    base = alt.Chart(alt.InlineData(values=list(plot.rows)))
    foreseen, seen = base.transform_filter("!datum.seen"), base.transform_filter("datum.seen")
    hue = _colours(plot, colour)
    y = alt.Y("value:Q", title=plot.y, scale=alt.Scale(zero=False), axis=alt.Axis(format=_format(plot), tickCount=5))
    low = alt.Y("lower:Q", title=plot.y, scale=alt.Scale(zero=False))
    band = foreseen.mark_area(opacity=0.16).encode(x=_x(plot), y=low, y2="upper:Q", color=hue)
    line = foreseen.mark_line(strokeWidth=1.5).encode(x=_x(plot), y=y, color=hue)
    dots = seen.mark_point(filled=True, size=40, opacity=1).encode(x=_x(plot), y=y, color=hue)
    return alt.layer(band, *_rule(plot, colour, True), line, dots).properties(width=WIDTH, height=240)


def _line(plot: Plot, colour: dict[str, str]) -> Drawn:
    base = alt.Chart(alt.InlineData(values=list(plot.rows)))
    y = alt.Y("value:Q", title=plot.y, scale=alt.Scale(zero=False), axis=alt.Axis(format=_format(plot), tickCount=5))
    line = base.mark_line(strokeWidth=2).encode(x=_x(plot), y=y, color=_colours(plot, colour))
    return alt.layer(line, *_rule(plot, colour, True)).properties(width=WIDTH, height=200)


_KINDS = {"intervals": _intervals, "bars": _bars, "curve": _curve, "line": _line}
