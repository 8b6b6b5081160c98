"""The box, ticks and round numbers of the plots that stand as inline SVG in a page."""

from __future__ import annotations

import msgspec

from watchkeeper.domain.times import DAY, wall_clock

WIDTH, HEIGHT = 720.0, 240.0
NARROW = 340.0
"""As wide as a phone: a plot is laid out twice, and the page's style shows the one that fits."""
LEFT, RIGHT, TOP, BOTTOM = 56.0, 12.0, 22.0, 24.0


class Tick(msgspec.Struct, frozen=True, kw_only=True):
    """A place on an axis and what stands there."""

    at: float
    label: str


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """Times and values as places in the box; what lies outside is put at its edge."""

    first: int
    last: int
    bottom: float
    top: float
    width: float = WIDTH

    def x(self, time: int) -> float:
        """Where a time stands, from the left."""
        kept = min(max(time, self.first), self.last)
        return round(LEFT + (self.width - LEFT - RIGHT) * (kept - self.first) / (self.last - self.first), 1)

    def y(self, value: float) -> float:
        """Where a value stands, from the top."""
        kept = min(max(value, self.bottom), self.top)
        return round(TOP + (HEIGHT - TOP - BOTTOM) * (self.top - kept) / (self.top - self.bottom), 1)

    def along(self) -> tuple[Tick, ...]:
        """The times below the box."""
        span = self.last - self.first
        steps = 4 if self.width > NARROW else 2
        times = times_along(self.first, self.last, steps)
        return tuple(Tick(at=self.x(time), label=day_of(time, span)) for time in times)


def round_numbers(bottom: float, top: float) -> list[float]:
    """Three to seven round numbers within."""
    size = 10.0**-12
    while (top - bottom) / size > 7:
        size *= 2.5 if f"{size:e}".startswith("2") else 2.0
    first = -(-bottom // size)
    return [float(f"{(first + place) * size:.6g}") for place in range(8) if (first + place) * size <= top]


def times_along(first: int, last: int, steps: int = 4) -> list[int]:
    """Times from end to end, one more than steps."""
    return [first + (last - first) * place // steps for place in range(steps + 1)]


def day_of(time: int, span: int) -> str:
    """A time in UTC, as exactly as a span of so many seconds needs."""
    local = wall_clock(time, "UTC")
    return f"{local.day} {local:%b}" if span > 5 * DAY else f"{local.day} {local:%b} {local:%H:%M}"
