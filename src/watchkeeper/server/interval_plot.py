"""An interval over time as the coordinates of an inline SVG: it needs no script, and the page's colours are its own."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from watchkeeper.server.axes import LEFT, RIGHT, WIDTH, Frame, Tick, round_numbers
from watchkeeper.watch.flag_views import KeyShown, PastMove


class IntervalPlot(msgspec.Struct, frozen=True, kw_only=True):
    """Paths and ticks in a box of `width` by `axes.HEIGHT`; empty paths where nothing is known yet."""

    width: float
    ends: tuple[float, float]
    band: str
    line: str
    zero: float
    harm: float
    down: tuple[Tick, ...]
    along: tuple[Tick, ...]
    steps: tuple[Tick, ...]


def draw(shown: KeyShown, moves: Sequence[PastMove], width: float = WIDTH) -> IntervalPlot | None:
    """The interval of one key metric with the steps of its roll-out; None where there are not two points to draw.

    The first intervals are many times as wide as the later ones: what is wider than the axis is cut at its ends.
    """
    rows = [
        (time, middle, low, high)
        for time, middle, low, high in zip(shown.ended, shown.estimate, shown.lower, shown.upper, strict=True)
        if middle is not None and low is not None and high is not None
    ]
    if len(rows) < 2:
        return None
    harm = -shown.largest_harm if shown.key.better == "up" else shown.largest_harm
    late = rows[len(rows) // 3 :]
    ends = [0.0, harm, *(one[2] for one in late), *(one[3] for one in late)]
    room = 0.06 * ((max(ends) - min(ends)) or 1.0)
    bottom, top = min(ends) - room, max(ends) + room
    frame = Frame(first=rows[0][0], last=rows[-1][0], bottom=bottom, top=top, width=width)
    x, y = frame.x, frame.y
    upper = [f"{x(time):g},{y(high):g}" for time, _, _, high in rows]
    lower = [f"{x(time):g},{y(low):g}" for time, _, low, _ in reversed(rows)]
    seen = [one for one in moves if frame.first <= one.at <= frame.last and one.share > 0]
    return IntervalPlot(
        width=width,
        ends=(LEFT, width - RIGHT),
        band=f"M{' '.join([*upper, *lower])}Z",
        line="M" + " ".join(f"{x(time):g},{y(middle):g}" for time, middle, _, _ in rows),
        zero=y(0.0),
        harm=y(harm),
        down=tuple(Tick(at=y(value), label=f"{value:+g}" if value else "0") for value in round_numbers(bottom, top)),
        along=frame.along(),
        steps=tuple(Tick(at=x(one.at), label=f"{one.share:g} %") for one in seen),
    )
