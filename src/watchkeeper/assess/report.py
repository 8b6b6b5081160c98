"""The report as a record: parts with a verdict, its reasons, its uncertainty, tables and a plot; no words of HTML."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Verdict = Literal["good", "care", "stop", "unknown"]
"""`good`: as it should be; `care`: goes on with care; `stop`: not so; `unknown`: the data cannot say."""

VERDICT_WORDS: dict[Verdict, str] = {
    "good": "looks good",
    "care": "take care",
    "stop": "stop",
    "unknown": "cannot be told",
}


class Table(msgspec.Struct, frozen=True):
    """Rows of text under column names."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Plot(msgspec.Struct, frozen=True, kw_only=True):
    """What is drawn. `intervals` and `bars`: rows of name, value (and lower, upper); `curve`: rows of series, x, value,
    lower, upper and seen; `line`: rows of series, x, value. `rule` is a level to be marked.
    """

    kind: Literal["intervals", "bars", "curve", "line"]
    title: str
    rows: tuple[dict[str, Any], ...]
    x: str = ""
    y: str = ""
    rule: float | None = None
    percent: bool = False
    x_percent: bool = False
    log_x: bool = False


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One part of the report; `facts` are its numbers for scripts, `plots` are drawn after `plot`."""

    key: str
    title: str
    verdict: Verdict
    headline: str
    reasons: tuple[str, ...] = ()
    uncertainty: str = ""
    tables: tuple[Table, ...] = ()
    plot: Plot | None = None
    plots: tuple[Plot, ...] = ()
    facts: dict[str, Any] = msgspec.field(default_factory=dict)

    @property
    def drawn(self) -> tuple[Plot, ...]:
        """Every plot that has something to show."""
        return tuple(one for one in (self.plot, *self.plots) if one is not None and one.rows)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All parts, what they were made from, and the sentence that sums them up."""

    name: str
    verdict: Verdict
    summary: str
    row: str
    target: str
    rows_total: int
    rows_used: int
    notes: tuple[str, ...]
    parts: tuple[Part, ...]
    made_at: int = 0

    def part(self, key: str) -> Part | None:
        """The part with that key, if the report has it."""
        return next((one for one in self.parts if one.key == key), None)


def percent(share: float, digits: int = 1) -> str:
    """A share in words: 12.3 %."""
    return f"{100 * share:.{digits}f} %"


def number(value: float) -> str:
    """A number in three or more figures, with separators of thousands."""
    if value != value:  # NaN
        return "–"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"
