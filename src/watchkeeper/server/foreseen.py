"""What an answer would change, laid out before it is said: beside the form, and as a page of its own."""

from __future__ import annotations

from typing import Any

import msgspec

from watchkeeper.domain.metric import Metric
from watchkeeper.domain.times import parse_instant
from watchkeeper.server.desk import Desk
from watchkeeper.server.figures import Figure, Overlay, figure_json, overlay, summary
from watchkeeper.server.words import LABEL, TURN_WORD
from watchkeeper.watch import views

SHOWN = 5
"""Alerts listed of each kind; of the others their number is said."""


class Turns(msgspec.Struct, frozen=True, kw_only=True):
    """Alerts that turn alike: the newest of them, and how many more there are."""

    turn: str
    word: str
    shown: tuple[views.Turned, ...]
    more: int


class Would(msgspec.Struct, frozen=True, kw_only=True):
    """What would change, in words."""

    sentence: str
    turns: tuple[Turns, ...]
    is_band_new: bool
    metric: Metric


class WouldJson(msgspec.Struct, frozen=True, kw_only=True):
    """For the script: `words` is a piece of the page, `over` lies over the chart."""

    words: str
    over: Overlay


class WouldPage(msgspec.Struct, frozen=True, kw_only=True):
    """The page's record: the same form again, without the wish to see it first."""

    label: str
    would: Would
    figure: Figure
    action: str
    fields: tuple[tuple[str, str], ...]
    back: str


def would(seen: views.Foresight) -> Would:
    """Sort what would change by what becomes of it."""
    groups = []
    for turn, word in TURN_WORD.items():
        alike = [one for one in seen.turned if one.turn is turn]
        if alike:
            groups.append(
                Turns(turn=turn.value, word=word, shown=tuple(alike[:SHOWN]), more=max(0, len(alike) - SHOWN))
            )
    return Would(
        sentence=seen.receipt.sentence,
        turns=tuple(groups),
        is_band_new=seen.is_band_new,
        metric=seen.chart.metric,
    )


def would_json(desk: Desk, seen: views.Foresight) -> bytes:
    """What the script asks for."""
    words = desk.part("would.html", would(seen))
    return msgspec.json.encode(WouldJson(words=words, over=_over(seen)))


def _over(seen: views.Foresight) -> Overlay:
    marks = [
        views.Mark(kind=one.turn.value, start=one.start, end=one.end, label=TURN_WORD[one.turn])
        for one in seen.turned
        if seen.chart.series.id in one.series
    ]
    return overlay(seen.chart, marks, is_band_new=seen.is_band_new)


def would_page(
    seen: views.Foresight,
    chart: views.SeriesChart,
    marks: tuple[views.Mark, ...],
    *,
    action: str,
    form: dict[str, str],
    picture: str,
    back: str,
) -> WouldPage:
    """The page, over the chart as it is now."""
    answer = seen.receipt.feedback.answer
    return WouldPage(
        label=LABEL[answer] if answer else "",
        would=would(seen),
        figure=Figure(
            name="chart-0",
            title="As it is, and as it would be",
            summary=summary(chart),
            data=figure_json(chart, marks, foresees=True, over=_over(seen)),
            fallback=picture,
        ),
        action=action,
        fields=tuple((name, value) for name, value in form.items() if name not in ("form_token", "first")),
        back=back,
    )


def shown_of(query: dict[str, Any], zone: str) -> dict[str, int]:
    """The stretch of time that the reader's chart shows, as `foresee` takes it."""
    found = {"start": query.get("shown_from"), "end": query.get("shown_to")}
    return {name: parse_instant(text, zone) for name, text in found.items() if text}
