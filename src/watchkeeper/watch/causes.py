"""What explains an alert by dimension, in a sentence: "91 % of the drop is country = DE"."""

from __future__ import annotations

import numpy as np

from watchkeeper import learn
from watchkeeper.domain.alert import Alert, Cause
from watchkeeper.domain.metric import Kind
from watchkeeper.watch.judge import Judgement

LEAST_SERIES = 3


def causes_of(alert: Alert, judgement: Judgement) -> tuple[learn.DimensionCause, ...]:
    """The causes of what the alert's leading metric did while it was seen; none where its values do not add up."""
    metric, peak = judgement.metric, alert.peak
    adds_up = metric.kind in (Kind.COUNT, Kind.SUM) and peak.cause is Cause.ANOMALY
    if not adds_up or not metric.dimensions or len(judgement.series) < LEAST_SERIES:
        return ()
    actual, expected = [], []
    for place in range(len(judgement.series)):
        rows = judgement.columns.of(place)
        time = judgement.columns.time[rows]
        inside = slice(*np.searchsorted(time, (peak.start, peak.end)))
        value, usual = judgement.columns.value[rows][inside], judgement.judged.expected[rows][inside]
        both = np.isfinite(value) & np.isfinite(usual)
        actual.append(value[both].sum() if both.any() else np.nan)
        expected.append(usual[both].sum() if both.any() else np.nan)
    values = [one.values for one in judgement.series]
    return learn.find_causes(metric.dimensions, values, np.array(actual), np.array(expected))


def sentence(alert: Alert, causes: tuple[learn.DimensionCause, ...]) -> str:
    """The causes for a person; empty where there are none."""
    what = "rise" if alert.peak.is_up else "drop"
    named = [one for one in causes if one.where]
    if not named:
        return f"The {what} is spread evenly: no single value stands out." if causes else ""
    parts = []
    for number, one in enumerate(named):
        where = " and ".join(f"{name} = {value}" for name, value in one.where)
        parts.append(f"{one.share:.0%}".replace("%", " %") + (f" of the {what}" if not number else "") + f" is {where}")
    if len(named) < len(causes):
        parts.append("the rest is spread evenly")
    return "; ".join(parts) + "."
