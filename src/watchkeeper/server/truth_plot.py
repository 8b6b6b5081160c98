"""How right an ML feature was, and was held to be, as the coordinates of an inline SVG."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from watchkeeper.server.axes import LEFT, RIGHT, WIDTH, Frame, Tick, round_numbers
from watchkeeper.server.words import number
from watchkeeper.watch.system_views import Truth


class TruthPlot(msgspec.Struct, frozen=True, kw_only=True):
    """Paths and ticks in a box of `width` by `axes.HEIGHT`; `fallback` are left ends and widths."""

    width: float
    ends: tuple[float, float]
    true: str
    estimated: str
    fallback: tuple[tuple[float, float], ...]
    down: tuple[Tick, ...]
    along: tuple[Tick, ...]


def draw(shown: Truth, width: float = WIDTH) -> TruthPlot | None:
    """The plot so wide; None where there are not two values to draw."""
    known = [one for one in (*shown.true, *shown.estimated) if one is not None]
    if len(known) < 2 or len(shown.time) < 2:
        return None
    room = 0.06 * ((max(known) - min(known)) or 1.0)
    frame = Frame(
        first=shown.time[0], last=shown.time[-1], bottom=min(known) - room, top=max(known) + room, width=width
    )
    x, y = frame.x, frame.y

    def path(values: Sequence[float | None]) -> str:
        """A line that is broken where a value is not known."""
        words, is_down = [], False
        for time, value in zip(shown.time, values, strict=True):
            if value is not None:
                words.append(f"{'L' if is_down else 'M'}{x(time):g},{y(value):g}")
            is_down = value is not None
        return "".join(words)

    spans = [(x(start), x(end)) for start, end in shown.fallback if end > frame.first and start < frame.last]
    marks = round_numbers(frame.bottom, frame.top)
    return TruthPlot(
        width=width,
        ends=(LEFT, width - RIGHT),
        true=path(shown.true),
        estimated=path(shown.estimated),
        fallback=tuple((left, round(right - left, 1)) for left, right in spans),
        down=tuple(Tick(at=y(value), label=number(value, shown.metric)) for value in marks),
        along=frame.along(),
    )
