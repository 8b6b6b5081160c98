"""The box, ticks and round numbers of the plots that stand as inline SVG in a page."""

from __future__ import annotations

import msgspec

from watchkeeper.domain.times import DAY, wall_clock

WIDTH, HEIGHT = 720.0, 240.0
LEFT, RIGHT, TOP, BOTTOM = 56.0, 12.0, 22.0, 24.0


class Tick(msgspec.Struct, frozen=True, kw_only=True):
    """A place on an axis and what stands there."""

    at: float
    label: str


def round_numbers(bottom: float, top: float) -> list[float]:
    """Three to seven round numbers within."""
    size = 10.0**-12
    while (top - bottom) / size > 7:
        size *= 2.5 if f"{size:e}".startswith("2") else 2.0
    first = -(-bottom // size)
    return [float(f"{(first + place) * size:.6g}") for place in range(8) if (first + place) * size <= top]


def times_along(first: int, last: int) -> list[int]:
    """Five times from end to end."""
    return [first + (last - first) * place // 4 for place in range(5)]


def day_of(time: int, span: int) -> str:
    """A time in UTC, as exactly as a span of so many seconds needs."""
    local = wall_clock(time, "UTC")
    return f"{local.day} {local:%b}" if span > 5 * DAY else f"{local.day} {local:%b} {local:%H:%M}"
