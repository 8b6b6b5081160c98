"""What trying a metric's settings, or a metric that does not exist yet, on its past gives, as records."""

from __future__ import annotations

import re

import msgspec

from watchkeeper.domain.alert import Member
from watchkeeper.domain.metric import Metric, Series
from watchkeeper.watch.views import Mark, SeriesChart


class TriedAlert(msgspec.Struct, frozen=True, kw_only=True):
    """One alert that a setting would have told: `[start, end)`, in words, in how many series, and when in each."""

    start: int
    end: int
    sentence: str
    series: int
    members: tuple[Member, ...] = ()


class TrialChart(msgspec.Struct, frozen=True, kw_only=True):
    """One series over the days of a trial: `now` as it is set, `then` as tried, and marks for the alerts that turn.

    `series` are all that could be drawn; `is_band_new` where the usual range is another one than now.
    """

    series: tuple[Series, ...]
    now: SeriesChart
    then: SeriesChart
    turned: tuple[Mark, ...]
    is_band_new: bool


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What settings would have told in the newest `days` of data, against those in force.

    `told` is every alert under the tried settings, the newest first; `new` and `gone` are what differs from the
    settings in force. `lost` numbers confirmed alerts, of any time, that would not be told any more. `drawn` is None
    where there is no point.
    """

    metric: Metric
    days: int
    told: tuple[TriedAlert, ...]
    new: tuple[TriedAlert, ...]
    gone: tuple[TriedAlert, ...]
    lost: tuple[int, ...]
    sentence: str
    drawn: TrialChart | None = None


class PowerTold(msgspec.Struct, frozen=True, kw_only=True):
    """What could be seen of a series: sentences, and the picture as a PNG in both schemes."""

    sentences: tuple[str, ...]
    light: bytes
    dark: bytes


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A column of a table and what it holds: `time`, `number`, `text` or `other`."""

    name: str
    holds: str
    type: str


class Drafted(msgspec.Struct, frozen=True, kw_only=True):
    """A metric that does not exist yet, on its own past: its largest series drawn, and what it would have told.

    `withheld` counts rows of groups that were smaller than `min_group_size`. `told` is of the newest 60 days.
    """

    metric: Metric
    points: int
    series: int
    withheld: int
    charts: tuple[SeriesChart, ...]
    told: tuple[TriedAlert, ...]
    sentence: str


def suggest_name(text: str) -> str:
    """A metric's name from what people type: `Orders per hour (DE)` → `orders-per-hour-de`."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:80] or "metric"
