"""The colours of charts, light and dark: the same values as the design tokens in `server/static/tokens.css`.

A test holds the two lists equal, and holds every line colour to a contrast of 3 : 1 against its surface (WCAG 1.4.11).
"""

from __future__ import annotations

from typing import Any, Literal

Theme = Literal["light", "dark"]

COLOURS: dict[Theme, dict[str, str]] = {
    "light": {
        "surface": "#ffffff",
        "ink": "#1b2227",
        "ink-soft": "#55606a",
        "line": "#e2e3dc",
        "chart-value": "#26343c",
        "chart-expected": "#0d7a72",
        "chart-band": "#0d7a72",
        "alert": "#c3361c",
        "event": "#8a6100",
        "bad-data": "#6b5b95",
        "new-normal": "#1f5fae",
        "learning": "#7b858c",
    },
    "dark": {
        "surface": "#1a2126",
        "ink": "#e7ebed",
        "ink-soft": "#a3b0b8",
        "line": "#2c363d",
        "chart-value": "#dfe6e9",
        "chart-expected": "#4fc3b5",
        "chart-band": "#4fc3b5",
        "alert": "#ff7b5e",
        "event": "#dcae4a",
        "bad-data": "#b8a3e3",
        "new-normal": "#79b0f2",
        "learning": "#8b979f",
    },
}

FONT = '"Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, sans-serif'


def theme(scheme: Theme, *, surface: bool = False) -> dict[str, Any]:
    """A Vega-Lite configuration: every colour and stroke of a chart. `surface` paints the ground too (for a PNG)."""
    colour = COLOURS[scheme]
    band = 0.16 if scheme == "light" else 0.2
    return {
        "background": colour["surface"] if surface else "transparent",
        "padding": 12 if surface else {"left": 0, "right": 0, "top": 4, "bottom": 4},
        "font": FONT,
        "view": {"stroke": None},
        "title": {"color": colour["ink"], "fontSize": 15, "fontWeight": 600, "offset": 12},
        "axis": {
            "domain": False,
            "ticks": False,
            "labelColor": colour["ink-soft"],
            "titleColor": colour["ink-soft"],
            "titleFontWeight": 500,
            "labelFontSize": 11,
            "labelPadding": 6,
            "gridColor": colour["line"],
        },
        "axisX": {
            "grid": False,
            "domain": True,
            "domainColor": colour["line"],
            "ticks": True,
            "tickColor": colour["line"],
        },
        "style": {
            "band": {"color": colour["chart-band"], "opacity": band},
            "expected": {"color": colour["chart-expected"], "strokeWidth": 1.25, "opacity": 0.9},
            "week_before": {"color": colour["learning"], "strokeWidth": 1, "strokeDash": [2, 2]},
            "value": {"color": colour["chart-value"], "strokeWidth": 1.5, "strokeJoin": "round"},
            "alert_line": {"color": colour["alert"], "strokeWidth": 2.5, "strokeJoin": "round", "strokeCap": "round"},
            "alert_point": {"color": colour["alert"], "filled": True, "size": 14, "opacity": 1},
            "span_learning": {"color": colour["learning"], "opacity": 0.1},
            "span_alert": {"color": colour["alert"], "opacity": 0.14},
            "span_missed": {"color": colour["alert"], "opacity": 0.09},
            "span_event": {"color": colour["event"], "opacity": 0.2},
            "span_bad_data": {"color": colour["bad-data"], "opacity": 0.22},
            "span_new_normal": {"color": colour["new-normal"], "opacity": 0.08},
            "would": {"color": colour["new-normal"], "strokeWidth": 1.5, "strokeDash": [5, 3]},
            "turn_vanishes": _turn(colour["ink-soft"], dash=True),
            "turn_returns": _turn(colour["new-normal"]),
            "turn_appears": _turn(colour["new-normal"]),
            "turn_lost": _turn(colour["alert"]),
            "edge_new_normal": {"color": colour["new-normal"], "strokeWidth": 2},
        },
    }


def _turn(colour: str, *, dash: bool = False) -> dict[str, Any]:
    """A stretch with an edge, so that an hour is still seen in a year."""
    edge = {"color": colour, "fillOpacity": 0.2, "stroke": colour, "strokeWidth": 1.5}
    return {**edge, "strokeDash": [3, 2]} if dash else edge
