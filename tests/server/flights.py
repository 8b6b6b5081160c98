"""Made-up metrics, series and alerts whose numbers look like the flights of the demo."""

from __future__ import annotations

import math
import random
from functools import cache

from watchkeeper.domain.alert import Alert, Cause, Member, Status
from watchkeeper.domain.errors import NotFoundError
from watchkeeper.domain.metric import Direction, Kind, Metric, Series
from watchkeeper.domain.times import DAY, HOUR
from watchkeeper.watch import views

YEAR = 1357016400
"""1 January 2013, midnight in New York."""
BLIZZARD = 1360350000
"""8 February 2013, 14:00 in New York."""
GUARDED = 4

METRICS = (
    Metric(
        name="departures",
        source="flights",
        query="…",
        step="1h",
        title="Departures per hour",
        description="Scheduled flights that left, by airport of origin.",
        kind=Kind.COUNT,
        unit="flights",
        dimensions=("origin",),
        timezone="America/New_York",
        group="airports",
        owner="Flight operations",
        runbook="https://runbooks.example/departures\nFirst ask the towers. Then look at the weather desk.",
        direction=Direction.DOWN,
    ),
    Metric(
        name="cancelled-share",
        source="flights",
        query="…",
        step="1h",
        title="Share cancelled",
        kind=Kind.RATE,
        dimensions=(),
        timezone="America/New_York",
        group="airports",
        owner="Flight operations",
        direction=Direction.UP,
    ),
    Metric(
        name="seats",
        source="flights",
        query="…",
        step="1d",
        title='Seats flown <script>alert("x")</script>',
        kind=Kind.SUM,
        unit="seats",
        timezone="America/New_York",
    ),
)

SERIES = (
    Series(id=1, metric="departures", values=("EWR",)),
    Series(id=2, metric="departures", values=("JFK",)),
    Series(id=3, metric="departures", values=("LGA",)),
    Series(id=4, metric="cancelled-share"),
    Series(id=5, metric="seats"),
)

_PROFILE = (0, 0, 0, 0, 0, 9, 22, 24, 26, 21, 17, 18, 19, 20, 21, 24, 23, 22, 21, 19, 14, 7, 3, 1)


def metric_named(name: str) -> Metric:
    """The metric of that name."""
    found = [metric for metric in METRICS if metric.name == name]
    if not found:
        raise NotFoundError(f"there is no metric {name!r}: the metrics are {', '.join(each.name for each in METRICS)}")
    return found[0]


@cache
def line_of(series: Series, start: int, end: int, holes: tuple[tuple[int, int], ...] = ()) -> views.SeriesChart:
    """Numbers like a day at an airport, with the blizzard in them."""
    metric = metric_named(series.metric)
    noise = random.Random(series.id)
    step = metric.step_s
    columns: dict[str, list[float | None]] = {name: [] for name in ("value", "expected", "lower", "upper", "score")}
    time: list[int] = []
    alerts: list[bool] = []
    learning: list[bool] = []
    for instant in range(YEAR + (start - YEAR) // step * step, end, step):
        level = _level(metric, instant)
        spread = max(0.08 * level, 0.6 * math.sqrt(level + 1.0) if metric.kind is Kind.COUNT else 0.02 * level)
        value: float = max(0.0, level + spread * noise.gauss(0, 0.8))
        is_storm = BLIZZARD <= instant < BLIZZARD + 26 * HOUR and level > 0
        if is_storm:
            value = 0.62 + 0.2 * noise.random() if metric.kind is Kind.RATE else value * 0.08 * noise.random()
        if metric.kind is Kind.COUNT:
            value = round(value)
        is_hole = any(low <= instant < high for low, high in holes)
        time.append(instant)
        is_early = instant < YEAR + 21 * DAY
        columns["value"].append(None if is_hole else value)
        for name, number in (
            ("expected", level),
            ("lower", max(0.0, level - 2.6 * spread)),
            ("upper", level + 2.6 * spread),
        ):
            columns[name].append(None if is_early else number)
        columns["score"].append(None if is_early or is_hole else (3.1 if is_storm else -1.0))
        alerts.append(is_storm and not is_early)
        learning.append(is_early)
    if metric.kind is Kind.RATE:
        columns["cases"] = [312.0] * len(time)
    return views.SeriesChart(series=series, metric=metric, time=time, is_alert=alerts, is_learning=learning, **columns)


def _level(metric: Metric, instant: int) -> float:
    """What is usual at that hour."""
    local = instant - YEAR
    hour, day = local // HOUR % 24, local // DAY % 7
    week = (1.0, 1.02, 1.03, 1.02, 0.82, 0.94, 1.0)[(day + 1) % 7]
    if metric.name == "seats":
        return 132_000 * week * (1 + 0.06 * math.sin(local / (365 * DAY) * 2 * math.pi))
    if metric.kind is Kind.RATE:
        return 0.021 + 0.006 * math.sin(hour / 24 * 2 * math.pi)
    return _PROFILE[hour] * week


def _member(
    series: int, start: int, hours: int, value: float, expected: float, score: float, is_open: bool = False
) -> Member:
    return Member(
        series=series,
        start=start,
        end=start + hours * HOUR,
        is_open=is_open,
        peak_time=start + hours // 2 * HOUR,
        peak_score=score,
        value=value,
        expected=expected,
        lower=expected * 0.7,
        upper=expected * 1.3,
    )


def _silence(series: int, start: int, hours: int) -> Member:
    nothing = math.nan
    return Member(
        series=series,
        start=start,
        end=start + hours * HOUR,
        is_open=True,
        cause=Cause.SILENCE,
        peak_time=start + hours * HOUR,
        peak_score=1.4,
        value=nothing,
        expected=nothing,
        lower=nothing,
        upper=nothing,
    )


def _alert(id_: int, members: tuple[Member, ...], severity: float) -> Alert:
    return Alert(
        id=id_,
        family="airports",
        status=Status.OPEN if any(member.is_open for member in members) else Status.RESOLVED,
        start=min(member.start for member in members),
        end=max(member.end for member in members),
        severity=severity,
        members=members,
    )


_STORM = tuple(_member(series, BLIZZARD, 26, 1.0, 22.0, 3.4 - 0.2 * series) for series in (1, 2, 3))
ALERTS = (
    _alert(1, (*_STORM, _member(4, BLIZZARD - 2 * HOUR, 28, 0.81, 0.02, 3.9)), 13.2),
    _alert(2, (_member(2, YEAR + 300 * DAY + 9 * HOUR, 3, 4.0, 24.0, 1.6, is_open=True),), 1.6),
    _alert(3, (_silence(3, YEAR + 299 * DAY + 6 * HOUR, 5),), 1.4),
    _alert(4, (_member(1, YEAR + 180 * DAY + 15 * HOUR, 6, 6.0, 23.0, 2.1),), 2.1),
    _alert(5, (_member(5, YEAR + 331 * DAY, 48, 171_312.0, 128_400.0, 0.7),), 0.7),
    _alert(6, (_member(4, YEAR + 66 * DAY + 8 * HOUR, 9, 0.24, 0.02, 2.4),), 2.4),
)

SENTENCES = {
    1: "Share cancelled rose to 81 %, above the usual 2 % on a Friday at 12:00; 3 other series moved with it",
    2: "Departures per hour at JFK fell to 4 flights, 83 % below what is usual for a Monday morning",
    3: "Departures per hour at LGA went quiet: no data for 5 hours, where there is data at this time of day",
    4: "Departures per hour at EWR fell to 6 flights, 74 % below what is usual for a Sunday afternoon",
    5: "Seats flown rose to 171,312 seats, 33 % above what is usual for a Thursday",
    6: "Share cancelled rose to 24 %, where 2 % is usual for a Friday morning",
}


def holes(member: Member) -> tuple[tuple[int, int], ...]:
    return ((member.start, member.end),) if member.cause is Cause.SILENCE else ()
