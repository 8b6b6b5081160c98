"""How detection power is drawn: share seen against the size of the change, a panel for each direction and length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import vl_convert

from watchkeeper.detect.power import ENOUGH, DetectorPower, Power
from watchkeeper.domain.times import format_duration
from watchkeeper.notify.palette import COLOURS, Theme, theme
from watchkeeper.notify.png import shrink

RULE_COLOURS = ("event", "bad-data", "new-normal", "learning")
_DASHES = ((6, 3), (2, 2), (8, 3, 2, 3), (4, 4))
_SIDE = {-1: "Drops", 1: "Rises"}


def spec(power: Power, *, scheme: Theme = "light", title: str = "", lines: Sequence[str] = ()) -> dict[str, Any]:
    """The Vega-Lite spec, its data in it: Watchkeeper as a full line, simple rules dashed, a rule at 9 times in 10."""
    detectors = (power.own, *power.rules)
    names = [_label(power, one) for one in detectors]
    colour = COLOURS[scheme]
    colours = [colour["chart-expected"], *(colour[RULE_COLOURS[place % 4]] for place in range(len(power.rules)))]
    dashes = [(1, 0), *(_DASHES[place % 4] for place in range(len(power.rules)))]
    legend = alt.Legend(title=None, orient="bottom", columns=3, labelLimit=320, symbolSize=300)
    size = alt.X(
        "size:Q",
        title=f"size of the change{'' if power.in_bands else ', share of what is expected'}",
        scale=alt.Scale(type="log", nice=False),
        axis=alt.Axis(format="~g" if power.in_bands else "~%", labelOverlap="greedy", tickCount=4),
    )
    share = alt.Y(
        "share:Q", title="seen", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="~%", values=[0, 0.5, ENOUGH, 1])
    )
    curves = (
        alt.Chart()
        .mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=12))
        .encode(
            x=size,
            y=share,
            color=alt.Color("detector:N", scale=alt.Scale(domain=names, range=colours), legend=legend),
            strokeDash=alt.StrokeDash(
                "detector:N", scale=alt.Scale(domain=names, range=[list(one) for one in dashes]), legend=legend
            ),
        )
    )
    enough = alt.Chart().mark_rule(color=colour["line"]).encode(y=alt.datum(ENOUGH))
    panel = alt.layer(enough, curves, data=alt.InlineData(values=_rows(power, detectors, names))).properties(
        width=230, height=150
    )
    header = alt.Header(title=None, labelColor=colour["ink"], labelFontSize=12, labelFontWeight=600)
    chart = panel.facet(facet=alt.Facet("panel:N", sort=_panels(power), header=header), columns=_columns(power))
    found: dict[str, Any] = chart.to_dict()
    found.pop("config", None)
    if title:
        found["title"] = {"text": title, "subtitle": _wrapped(lines), "anchor": "start", "subtitleColor": colour["ink"]}
    return found


def draw(
    power: Power, suffix: str = ".png", *, scheme: Theme = "light", title: str = "", lines: Sequence[str] = ()
) -> bytes:
    """The chart as a file's content: `.png`, or `.svg` in UTF-8. `lines` stand below the title."""
    picture = spec(power, scheme=scheme, title=title, lines=lines)
    colours = theme(scheme, surface=True)
    if suffix == ".svg":
        text: str = vl_convert.vegalite_to_svg(picture, config=colours, allowed_base_urls=[])
        return text.encode()
    drawn: bytes = vl_convert.vegalite_to_png(picture, config=colours, scale=1.5, allowed_base_urls=[])
    return shrink(drawn)


def _label(power: Power, detector: DetectorPower) -> str:
    name = "Watchkeeper" if detector is power.own else detector.name
    return f"{name} ({detector.alerts_per_month:.1f} alerts a month)"


def _lengths(power: Power) -> list[int]:
    """At most three: the shortest, the one told first, the longest."""
    return sorted({power.lengths_s[0], power.headline_s, power.lengths_s[-1]})


def _columns(power: Power) -> int:
    return len(_lengths(power))


def _panels(power: Power) -> list[str]:
    return [_panel(direction, length) for direction in power.directions for length in _lengths(power)]


def _panel(direction: int, length: int) -> str:
    return f"{_SIDE[direction]} of {format_duration(length)}"


def _rows(power: Power, detectors: Sequence[DetectorPower], names: Sequence[str]) -> list[dict[str, Any]]:
    unit = power.band if power.in_bands else 1.0
    return [
        {
            "panel": _panel(one.direction, one.length_s),
            "detector": name,
            "size": float(f"{one.size * unit:.4g}"),
            "share": one.share,
        }
        for detector, name in zip(detectors, names, strict=True)
        for one in detector.found
        if one.length_s in _lengths(power)
    ]


def _wrapped(lines: Sequence[str], width: int = 110) -> list[str]:
    """The lines broken at spaces: a title does not wrap by itself."""
    told: list[str] = []
    for line in lines:
        told.append("")
        for word in line.split(" "):
            if told[-1] and len(told[-1]) + len(word) >= width:
                told.append("")
            told[-1] += f"{' ' if told[-1] else ''}{word}"
    return told
