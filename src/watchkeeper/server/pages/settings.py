"""The settings of a metric: each change is tried on the metric's own past before it counts."""

from __future__ import annotations

import math
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from watchkeeper.domain.access import Scope
from watchkeeper.domain.errors import GuardError, InputError
from watchkeeper.domain.metric import Direction, Kind, Metric
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import needs
from watchkeeper.server.pages.answers import Form, GuardPage
from watchkeeper.server.session import NAMELESS, PageRequest, visitor
from watchkeeper.watch.trials import PowerTold, Trial

BUDGETS = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 20.0, 30.0)
"""Stops of the slider, in false alerts a month: each about half as much again."""
_FIELDS = ("false_alerts_per_month", "direction", "smallest_change", "smallest_change_share", "calendar", "settle")
_WORDS = ("title", "description", "unit", "owner", "runbook", "group")


class SettingsPage(msgspec.Struct, frozen=True, kw_only=True):
    """The page's record: what is set, what is tried, what that would tell. `stop` is the slider's place."""

    present: Metric
    trial: Trial
    stop: int
    stops: tuple[float, ...]
    directions: tuple[tuple[str, str], ...]
    query: str
    is_saved: bool


class TrialPart(msgspec.Struct, frozen=True, kw_only=True):
    """The part of the page that follows the slider."""

    trial: Trial


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
            changes[key] = _number(changes[key] or "0", name)
    if "smallest_change_share" in changes:
        changes["smallest_change_share"] /= 100.0
    if "smallest_change" in changes and present.kind is Kind.RATE:
        changes["smallest_change"] /= 100.0
    if "stop" in form and "false_alerts_per_month" not in form:
        changes["false_alerts_per_month"] = budget_at(form["stop"])
    return changes


def budget_at(stop: str) -> float:
    """The budget at a stop of the slider."""
    if not stop.isdecimal() or int(stop) >= len(BUDGETS):
        raise InputError(f"stop: the slider has stops 0 to {len(BUDGETS) - 1}, not {stop[:20]!r}")
    return BUDGETS[int(stop)]


def nearest_stop(budget: float) -> int:
    """The slider's stop that is nearest to a budget, in proportion."""
    return min(range(len(BUDGETS)), key=lambda place: abs(math.log(BUDGETS[place] / budget)))


def _number(text: str, name: str) -> float:
    try:
        number = float(text.replace(",", ""))
    except ValueError:
        raise InputError(f"{name}: {text[:40]!r} is not a number; write it as 1.5") from None
    if not math.isfinite(number):
        raise InputError(f"{name}: {text[:40]!r} is not a number that can be reached; write it as 1.5")
    return number


@get("/metrics/{name:str}/settings", sync_to_thread=True, opt=needs(Scope.READ))
def show_settings(request: PageRequest, name: FromPath[str], saved: FromQuery[bool] = False) -> Response[str]:
    """The form, with what its values would have told: without scripts it is sent with "Try"."""
    desk = desk_of(request)
    present = desk.service.tuning.metric(name)
    changes = changes_of(dict(request.query_params.items()), present)
    trial = desk.service.tuning.attempt(name, changes)
    page = SettingsPage(
        present=present,
        trial=trial,
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
    return desk.page(request, "settings.html", page)


@get("/metrics/{name:str}/trial", sync_to_thread=True, opt=needs(Scope.READ))
def show_trial(request: PageRequest, name: FromPath[str]) -> Response[str]:
    """The part that follows the slider."""
    desk = desk_of(request)
    changes = changes_of(dict(request.query_params.items()), desk.service.tuning.metric(name))
    return desk.page(request, "trial.html", TrialPart(trial=desk.service.tuning.attempt(name, changes)))


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


HANDLERS = (show_settings, show_trial, keep_settings, show_power, draw_power)
