"""How the pages say numbers, times and answers: pure functions from records to short text."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

import msgspec
from markupsafe import Markup, escape

from watchkeeper.domain.alert import Change
from watchkeeper.domain.feedback import Answer
from watchkeeper.domain.metric import Kind, Metric
from watchkeeper.domain.times import DAY, format_instant, parse_instant, wall_clock
from watchkeeper.watch.views import Turn

NO_BREAK = "\N{NO-BREAK SPACE}"
_EXACT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)")


class AnswerWord(msgspec.Struct, frozen=True, kw_only=True):
    """One of the six answers as a button: its key, its name, what it does; `needs_window` where an alert gives none."""

    answer: Answer
    key: str
    label: str
    does: str


ANSWERS = (
    AnswerWord(answer=Answer.REAL, key="1", label="Real", does="Worth telling. Alerts like it stay."),
    AnswerWord(
        answer=Answer.FALSE_ALARM, key="2", label="False alarm", does="Nothing was wrong. Alerts like it become rarer."
    ),
    AnswerWord(
        answer=Answer.MISSED, key="3", label="Missed", does="More was wrong than was told. It becomes more sensitive."
    ),
    AnswerWord(
        answer=Answer.EVENT, key="4", label="Event", does="A known happening. It teaches nothing and is explained."
    ),
    AnswerWord(
        answer=Answer.NEW_NORMAL, key="5", label="New normal", does="It stays like this. The level begins again here."
    ),
    AnswerWord(
        answer=Answer.BAD_DATA,
        key="6",
        label="Bad data",
        does="The numbers were wrong. They are void and pulled again.",
    ),
)

LABEL = {word.answer: word.label for word in ANSWERS}
TURN_WORD = {
    Turn.LOST: "confirmed, and lost",
    Turn.VANISHES: "would vanish",
    Turn.RETURNS: "would fire again",
    Turn.APPEARS: "would appear",
}


def change_word(change: Change) -> str:
    """What a transition is called."""
    special = {Change.REOPENED: "Opened again", Change.UNDONE: "Taken back", Change.WOKEN: "Snooze over"}
    return special.get(change, change.value.capitalize())


def number(value: float | None, metric: Metric) -> str:
    """The value with its unit; a rate in percent; `no data` where there is none."""
    if value is None or not math.isfinite(value):
        return "no data"
    if metric.kind is Kind.RATE:
        return f"{_digits(100.0 * value)}{NO_BREAK}%"
    return f"{_digits(value)}{NO_BREAK}{metric.unit}" if metric.unit else _digits(value)


def _digits(value: float) -> str:
    """Whole numbers whole, others with three significant digits, thousands apart."""
    size = abs(value)
    if value == int(value) or size >= 100:
        return f"{value:,.0f}"
    places = 1 if size >= 10 else 2 if size >= 1 else min(6, 2 - math.floor(math.log10(size)))
    return f"{value:,.{places}f}".rstrip("0").rstrip(".")


def markdown(text: str) -> Markup:
    """Markdown as HTML; HTML inside it stays text, and links that are none (javascript) are not made."""
    from markdown_it import MarkdownIt

    return Markup(MarkdownIt("commonmark", {"html": False}).render(text))  # noqa: S704 - HTML in it is escaped


def share(part: int, whole: int) -> str:
    """`71 %`."""
    return f"{round(100 * part / whole)}{NO_BREAK}%" if whole else "–"


def plural(count: int, one: str, many: str = "") -> str:
    """`1 series`, `3 alerts`."""
    return f"{count:,}{NO_BREAK}{one if count == 1 else many or one + 's'}"


def when(seconds: int, zone: str, step_s: int = 0) -> Markup:
    """The instant on the zone's wall clock as a `<time>` with the exact one in its title; of daily numbers the day."""
    local = wall_clock(seconds, zone)
    text = _day(local) if step_s >= DAY else f"{_day(local)}, {local:%H:%M}"
    return _time(seconds, text, zone)


def with_times(text: str, zone: str) -> Markup:
    """A sentence of ours whose exact times (`2026-11-23T09:00:00Z`) are said as `when` says them."""
    pieces = _EXACT.split(text)
    return Markup("").join(
        when(parse_instant(piece), zone) if place % 2 else escape(piece) for place, piece in enumerate(pieces)
    )


def window(start: int, end: int, zone: str, step_s: int = 0) -> Markup:
    """`8 Feb 2013, 14:00 – 23:00`: a half open window, its end as people say it (of daily numbers the last day)."""
    first = wall_clock(start, zone)
    last = wall_clock(max(end - 1, start), zone) if step_s >= DAY else wall_clock(end, zone)
    if step_s >= DAY:
        if first.date() == last.date():
            return when(start, zone, step_s)
        return _time(start, _day(first), zone) + " – " + _time(end, _day(last), zone)
    until = f"{last:%H:%M}" if first.date() == last.date() else f"{_day(last)}, {last:%H:%M}"
    return when(start, zone) + " – " + _time(end, until, zone)


def field_time(seconds: int, zone: str) -> str:
    """As an `<input type=datetime-local>` takes it."""
    return wall_clock(seconds, zone).strftime("%Y-%m-%dT%H:%M")


def zone_word(seconds: int, zone: str) -> str:
    """`EST`, or the zone's name where it has no letters."""
    name = wall_clock(seconds, zone).tzname() or zone
    return name if name.isalpha() else zone


def is_other_clock(seconds: int, zone: str, other: str) -> bool:
    """Whether two zones' clocks differ at an instant."""
    return wall_clock(seconds, zone).utcoffset() != wall_clock(seconds, other).utcoffset()


def _day(local: datetime) -> str:
    return f"{local:%a} {local.day} {local:%b %Y}".replace(" ", NO_BREAK)


def _time(seconds: int, text: str, zone: str) -> Markup:
    exact = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    title = f"{exact} · shown in {zone}"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(format_instant(seconds), title, escape(text))
