"""Draws the plots of docs/explanation/detector.md from made-up orders: `python -m benchmarks.explain`.

Each plot is the detector itself at work, nothing is drawn by hand.
"""

from __future__ import annotations

from pathlib import Path

import altair
import numpy as np
import vl_convert

from watchkeeper.detect import Borrowed, Judged, Mark, Points, SeriesSettings, ValueKind, decide, lend, replay
from watchkeeper.notify.palette import COLOURS, theme

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
START, HOUR, WEEKS = 1_767_571_200, 3600, 8  # a Monday
COLOUR = COLOURS["light"]


def orders(rng: np.random.Generator) -> np.ndarray:
    """Hourly orders with a day and a week in them."""
    hour = np.arange(WEEKS * 168)
    wave = (1.3 + np.sin(2 * np.pi * (hour % 24 - 6) / 24)) * np.where(hour // 24 % 7 >= 5, 0.6, 1.0)
    return rng.poisson(400 * wave).astype(float)


def judged(
    value: np.ndarray, mark: np.ndarray | None = None, lent: Borrowed | None = None
) -> tuple[Points, Judged, np.ndarray]:
    """The series judged at one false alert a month."""
    time = START + HOUR * np.arange(len(value))
    points = Points(np.array([0, len(value)]), time, value, mark=mark)
    series = SeriesSettings.uniform(1, step=HOUR, kind=ValueKind.COUNT, borrowed=None if lent is None else (lent,))
    _, found = replay(points, series)
    return points, found, decide(found, points, series, np.zeros(1))


def lent_by(rng: np.random.Generator) -> Borrowed | None:
    """What eight shops of other sizes lend a new one."""
    sizes = rng.uniform(0.2, 2.0, 8)
    value = np.concatenate([np.round(size * orders(rng)) for size in sizes])
    hours = WEEKS * 168
    points = Points(np.arange(9) * hours, np.tile(START + HOUR * np.arange(hours), 8), value)
    state, _ = replay(points, SeriesSettings.uniform(8, step=HOUR, kind=ValueKind.COUNT))
    return lend(state, range(8), is_count=True)


def draw(
    name: str,
    value: np.ndarray,
    first: int,
    last: int,
    mark: np.ndarray | None = None,
    lent: Borrowed | None = None,
) -> None:
    """One stretch of a series with its band; red where it is told."""
    points, found, alert = judged(value, mark, lent)
    rows = [
        {
            "t": int(points.time[place]) * 1000,
            "value": float(value[place]),
            "expected": float(found.expected[place]),
            "low": float(found.lower[place]),
            "high": float(min(found.upper[place], 1.4 * value.max())),
            "told": float(value[place]) if alert[place] else None,
        }
        for place in range(first, last)
    ]
    base = altair.Chart(altair.Data(values=rows)).encode(
        x=altair.X("t:T", title=None, scale=altair.Scale(type="utc"), axis=altair.Axis(format="%a %d %b"))
    )
    y = altair.Y("low:Q", title="orders an hour")
    band = base.mark_area(color=COLOUR["chart-band"], opacity=0.16).encode(y=y, y2="high:Q")
    expected = base.mark_line(color=COLOUR["chart-expected"], strokeWidth=1.2).encode(y="expected:Q")
    line = base.mark_line(color=COLOUR["chart-value"], strokeWidth=1.4).encode(y="value:Q")
    told = base.mark_point(color=COLOUR["alert"], filled=True, size=22).encode(y="told:Q")
    spec = altair.layer(band, expected, line, told).properties(width=760, height=200).to_dict()
    spec.pop("config", None)
    svg = vl_convert.vegalite_to_svg(spec, config=theme("light", surface=True), allowed_base_urls=[])
    (PICTURES / f"explain-{name}.svg").write_text(svg, encoding="utf-8")


def main() -> None:
    """Draw all."""
    rng = np.random.default_rng(4)
    plain = orders(rng)
    draw("learning", plain, 0, 4 * 168)
    dip = plain.copy()
    dip[1010:1016] = np.round(0.55 * dip[1010:1016])
    draw("incident", dip, 880, 1150)
    shift = plain.copy()
    shift[900:] = np.round(1.35 * shift[900:])
    draw("shift", shift, 830, 1200)
    said = np.zeros(len(shift), np.uint8)
    said[900] = Mark.RESTART
    draw("new-normal", shift, 830, 1200, said)
    young = np.round(0.3 * plain[: 14 * 24])
    young[3 * 24 + 11 : 3 * 24 + 14] = np.round(0.6 * young[3 * 24 + 11 : 3 * 24 + 14])
    draw("borrowed", young, 0, len(young), lent=lent_by(rng))


if __name__ == "__main__":
    main()
