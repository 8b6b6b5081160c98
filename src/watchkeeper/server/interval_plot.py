"""An interval over time as the coordinates of an inline SVG: it needs no script, and the page's colours are its own."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from watchkeeper.domain.times import DAY, wall_clock
from watchkeeper.watch.flag_views import KeyShown, PastMove

WIDTH, HEIGHT = 720.0, 240.0
LEFT, RIGHT, TOP, BOTTOM = 56.0, 12.0, 22.0, 24.0


class Tick(msgspec.Struct, frozen=True, kw_only=True):
    """A place on an axis and what stands there."""

    at: float
    label: str


class IntervalPlot(msgspec.Struct, frozen=True, kw_only=True):
    """Paths and ticks in a box of WIDTH by HEIGHT; empty paths where nothing is known yet."""

    band: str
    line: str
    zero: float
    harm: float
    down: tuple[Tick, ...]
    along: tuple[Tick, ...]
    steps: tuple[Tick, ...]


def draw(shown: KeyShown, moves: Sequence[PastMove]) -> IntervalPlot | None:
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
    first, last = rows[0][0], rows[-1][0]

    def x(time: int) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (time - first) / (last - first), 1)

    def y(value: float) -> float:
        kept = min(max(value, bottom), top)
        return round(TOP + (HEIGHT - TOP - BOTTOM) * (top - kept) / (top - bottom), 1)

    upper = [f"{x(time):g},{y(high):g}" for time, _, _, high in rows]
    lower = [f"{x(time):g},{y(low):g}" for time, _, low, _ in reversed(rows)]
    seen = [one for one in moves if first <= one.at <= last and one.share > 0]
    return IntervalPlot(
        band=f"M{' '.join([*upper, *lower])}Z",
        line="M" + " ".join(f"{x(time):g},{y(middle):g}" for time, middle, _, _ in rows),
        zero=y(0.0),
        harm=y(harm),
        down=tuple(Tick(at=y(value), label=f"{value:+g}" if value else "0") for value in _round(bottom, top)),
        along=tuple(Tick(at=x(time), label=_day(time, last - first)) for time in _times(first, last)),
        steps=tuple(Tick(at=x(one.at), label=f"{one.share:g} %") for one in seen),
    )


def _round(bottom: float, top: float) -> list[float]:
    """Three to seven round numbers within."""
    size = 10.0**-12
    while (top - bottom) / size > 7:
        size *= 2.5 if f"{size:e}".startswith("2") else 2.0
    first = -(-bottom // size)
    return [float(f"{(first + place) * size:.6g}") for place in range(8) if (first + place) * size <= top]


def _times(first: int, last: int) -> list[int]:
    return [first + (last - first) * place // 4 for place in range(5)]


def _day(time: int, span: int) -> str:
    local = wall_clock(time, "UTC")
    return f"{local.day} {local:%b}" if span > 5 * DAY else f"{local.day} {local:%b} {local:%H:%M}"
