"""The settings of a metric: each change is tried on the metric's own past before it counts."""

from __future__ import annotations

import math
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from watchkeeper.domain.access import Scope
from watchkeeper.domain.errors import GuardError, InputError, NotFoundError
from watchkeeper.domain.metric import Direction, Kind, Metric, Series
from watchkeeper.notify.chart import png
from watchkeeper.notify.message import subject
from watchkeeper.server.desk import desk_of
from watchkeeper.server.figures import Figure, Overlay, figure_json, legend, overlay, summary
from watchkeeper.server.guard import needs
from watchkeeper.server.numbers import finite, whole
from watchkeeper.server.pages.answers import Form, GuardPage
from watchkeeper.server.session import NAMELESS, PageRequest, visitor
from watchkeeper.server.words import TURN_WORD
from watchkeeper.watch.trials import PowerTold, Trial, TrialChart
from watchkeeper.watch.views import Turn

BUDGETS = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 20.0, 30.0)
"""Stops of the slider, in false alerts a month: each about half as much again."""
_FIELDS = ("false_alerts_per_month", "direction", "smallest_change", "smallest_change_share", "calendar", "settle")
_WORDS = ("title", "description", "unit", "owner", "runbook", "group")
_LEGEND = (
    ("would", "range as tried"),
    *((f"turn-{turn.value}", TURN_WORD[turn]) for turn in (Turn.APPEARS, Turn.VANISHES, Turn.LOST)),
)


class SettingsPage(msgspec.Struct, frozen=True, kw_only=True):
    """The page's record: what is set, what is tried, what that would tell. `stop` is the slider's place.

    `chosen` is the series that the reader wants to see drawn; None: the one in which most turns.
    """

    present: Metric
    trial: Trial
    figure: Figure | None
    series: tuple[Series, ...]
    chosen: int | None
    stop: int
    stops: tuple[float, ...]
    directions: tuple[tuple[str, str], ...]
    query: str
    is_saved: bool


class TrialPart(msgspec.Struct, frozen=True, kw_only=True):
    """The words that follow the slider."""

    trial: Trial


class TrialJson(msgspec.Struct, frozen=True, kw_only=True):
    """For the script: `words` is a piece of the page, `over` lies over the chart of the series `drawn`, named `title`.

    `figure` is that chart where the script has another series' or none.
    """

    words: str
    drawn: int | None = None
    title: str = ""
    over: Overlay | None = None
    figure: msgspec.Raw | None = None


class PowerPart(msgspec.Struct, frozen=True, kw_only=True):
    """What could be seen, in words and as a picture."""

    power: PowerTold
    picture: str


def changes_of(form: dict[str, str], present: Metric) -> dict[str, Any]:
    """What a form changes, in the units of a configuration file: shares are typed in percent.

    Raises InputError where a number cannot be read.
    """
    changes: dict[str, Any] = {key: form[key].strip() for key in (*_FIELDS, *_WORDS) if key in form}
    for key, name in (
        ("false_alerts_per_month", "false alerts a month"),
        ("smallest_change", "smallest change"),
        ("smallest_change_share", "smallest change in %"),
    ):
        if key in changes:
            changes[key] = finite(changes[key] or "0", name)
    if "smallest_change_share" in changes:
        changes["smallest_change_share"] /= 100.0
    if "smallest_change" in changes and present.kind is Kind.RATE:
        changes["smallest_change"] /= 100.0
    if "stop" in form and "false_alerts_per_month" not in form:
        changes["false_alerts_per_month"] = budget_at(form["stop"])
    return changes


def budget_at(stop: str) -> float:
    """The budget at a stop of the slider."""
    place = whole(stop)
    if place is None or place >= len(BUDGETS):
        raise InputError(f"stop: the slider has stops 0 to {len(BUDGETS) - 1}, not {stop[:20]!r}")
    return BUDGETS[place]


def nearest_stop(budget: float) -> int:
    """The slider's stop that is nearest to a budget, in proportion."""
    return min(range(len(BUDGETS)), key=lambda place: abs(math.log(BUDGETS[place] / budget)))


def trial_figure(drawn: TrialChart, address: str) -> Figure:
    """The chart under the words, with what was tried laid over it; `address` draws the same as a picture."""
    return Figure(
        name="tried",
        title=subject(drawn.now.metric, drawn.now.series),
        summary=summary(drawn.now),
        data=figure_json(drawn.now, (), foresees=True, over=_over(drawn)),
        fallback=address,
        legend=legend(drawn.now, ()) + _LEGEND,
    )


def _over(drawn: TrialChart) -> Overlay:
    return overlay(drawn.then, drawn.turned, is_band_new=drawn.is_band_new)


def _series_of(query: dict[str, str]) -> int | None:
    """Which series the reader wants to see; InputError."""
    text = query.get("series", "")
    number = whole(text)
    if text and number is None:
        raise InputError(
            f"series: {text[:20]!r} is not the number of a series; leave it out for the one that changes most"
        )
    return number


def _tried(request: PageRequest, name: str) -> tuple[Metric, Trial, int | None]:
    """The metric as it is, tried as the address says; and which series is to be drawn."""
    tuning = desk_of(request).service.tuning
    query = dict(request.query_params.items())
    present, chosen = tuning.metric(name), _series_of(query)
    return present, tuning.attempt(name, changes_of(query, present), chosen), chosen


@get("/metrics/{name:str}/settings", sync_to_thread=True, opt=needs(Scope.READ))
def show_settings(
    request: PageRequest, name: FromPath[str], saved: FromQuery[bool] = False
) -> Response[str] | Redirect:
    """The form, with what its values would have told: without scripts it is sent with "Try".

    The form's token comes along then; the address that a person may pass on is without it.
    """
    if "form_token" in request.query_params:
        kept = [(field, value) for field, value in request.query_params.items() if field != "form_token"]
        return Redirect(f"/metrics/{name}/settings?{urlencode(kept)}", status_code=303)
    present, trial, chosen = _tried(request, name)
    drawn = trial.drawn
    picture = f"/metrics/{name}/trial.png?{request.url.query}"
    page = SettingsPage(
        present=present,
        trial=trial,
        figure=trial_figure(drawn, picture) if drawn else None,
        series=drawn.series if drawn else (),
        chosen=chosen,
        stop=nearest_stop(trial.metric.false_alerts_per_month),
        stops=BUDGETS,
        directions=(
            (Direction.BOTH.value, "both ways"),
            (Direction.DOWN.value, "falls only"),
            (Direction.UP.value, "rises only"),
        ),
        query=request.url.query,
        is_saved=saved,
    )
    return desk_of(request).page(request, "settings.html", page, draws=True)


@get("/metrics/{name:str}/trial", sync_to_thread=True, opt=needs(Scope.READ))
def show_trial(request: PageRequest, name: FromPath[str]) -> Response[bytes]:
    """What follows the slider: the words, and what lies over the chart; `drawn` is the series that the script has."""
    desk = desk_of(request)
    _, trial, _ = _tried(request, name)
    words = desk.part("trial.html", TrialPart(trial=trial))
    found = TrialJson(words=words)
    if trial.drawn is not None:
        now = trial.drawn.now
        is_there = request.query_params.get("drawn") == str(now.series.id)
        found = TrialJson(
            words=words,
            drawn=now.series.id,
            title=subject(now.metric, now.series),
            over=_over(trial.drawn),
            figure=None if is_there else msgspec.Raw(figure_json(now, (), foresees=True).encode()),
        )
    return Response(msgspec.json.encode(found), media_type="application/json")


@get("/metrics/{name:str}/trial.png", sync_to_thread=True, opt=needs(Scope.READ))
def draw_trial(request: PageRequest, name: FromPath[str], scheme: FromQuery[str] = "light") -> Response[bytes]:
    """What was tried as a picture, for readers without scripts."""
    drawn = _tried(request, name)[1].drawn
    if drawn is None:
        raise NotFoundError(f"metric {name}: there is no point of that series to be drawn")
    picture = png(
        drawn.now,
        scheme="dark" if scheme == "dark" else "light",
        width=900,
        would=drawn.then if drawn.is_band_new else None,
        turned=drawn.turned,
    )
    return Response(picture, media_type="image/png")


@post("/metrics/{name:str}/settings", sync_to_thread=True, opt=needs(Scope.CONFIGURE))
def keep_settings(request: PageRequest, name: FromPath[str], data: Form) -> Response[str] | Redirect:
    """Set it so; where a confirmed alert would be lost, ask a second time."""
    desk = desk_of(request)
    reader = visitor(request)
    present = desk.service.tuning.metric(name)
    here = f"/metrics/{name}/settings"
    try:
        desk.service.tuning.keep(
            name, changes_of(data, present), reader.name if reader else NAMELESS, force="force" in data
        )
    except GuardError as error:
        kept = tuple((field, value) for field, value in data.items() if field not in ("form_token", "force"))
        page = GuardPage(
            label="these settings", sentence=str(error), action=here, fields=(*kept, ("force", "1")), back=here
        )
        return desk.page(request, "guard.html", page, status=409)
    return Redirect(f"{here}?saved=true", status_code=303)


@get("/metrics/{name:str}/power", sync_to_thread=True, opt=needs(Scope.READ))
def show_power(request: PageRequest, name: FromPath[str], series: FromQuery[int]) -> Response[str]:
    """What could be seen of a series, as a part of a page."""
    desk = desk_of(request)
    told = desk.service.tuning.power(name, series)
    picture = f"/metrics/{name}/power.png?series={series}"
    return desk.page(request, "power.html", PowerPart(power=told, picture=picture))


@get("/metrics/{name:str}/power.png", sync_to_thread=True, opt=needs(Scope.READ))
def draw_power(
    request: PageRequest, name: FromPath[str], series: FromQuery[int], scheme: FromQuery[str] = "light"
) -> Response[bytes]:
    """The plot of what could be seen."""
    told = desk_of(request).service.tuning.power(name, series)
    return Response(told.dark if scheme == "dark" else told.light, media_type="image/png")


HANDLERS = (show_settings, show_trial, draw_trial, keep_settings, show_power, draw_power)
