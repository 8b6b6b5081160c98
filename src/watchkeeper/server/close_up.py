"""Which part of a chart is shown close up, on the page of a metric and as a picture."""

from __future__ import annotations

from watchkeeper.domain.times import DAY
from watchkeeper.watch import views

CLOSE_UP_DAYS = 28
"""How much of an hourly metric is shown at first: as long as single hours can be told apart."""


def shown_window(chart: views.SeriesChart, start: int | None, end: int | None) -> tuple[int, int]:
    """What is shown close up: the given window within the chart, or else its newest weeks (of a daily chart all)."""
    first, last = chart.time[0], chart.time[-1] + chart.metric.step_s
    if start is None and end is None:
        is_daily = chart.metric.step_s >= DAY
        return (first if is_daily else max(first, last - CLOSE_UP_DAYS * DAY), last)
    low = min(max(start if start is not None else first, first), last - chart.metric.step_s)
    high = min(end if end is not None else last, last)
    return (low, high if high > low else last)


def cut(chart: views.SeriesChart, start: int, end: int) -> views.SeriesChart:
    """The chart between two instants; whole where nothing lies there."""
    found = chart.between(start, end)
    return found if found.time else chart
