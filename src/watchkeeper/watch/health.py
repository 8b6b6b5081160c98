"""How a series' data fares: how fresh it is, what is missing, what came late."""

from __future__ import annotations

import numpy as np

from watchkeeper.domain.points import withheld
from watchkeeper.domain.times import DAY
from watchkeeper.watch.judge import Judgement
from watchkeeper.watch.views import Health

DAYS = 30
"""The newest stretch of its data that is looked at."""
SHOWN = 3


def health_of(judgement: Judgement, series_id: int, now: int, settle_s: int, overlap: int = 0) -> Health | None:
    """The health of a series' newest `DAYS` days; None where it has no value at all; `overlap` periods are read again.

    A point is late where it became known more than one period after the metric waits for it (`settle_s`, in force or
    learned). What was read at first was already past: only points that began after that can be late.
    """
    metric, columns = judgement.metric, judgement.columns
    at = columns.of(judgement.place(series_id))
    time, known_at, value = columns.time[at], columns.known_at[at], columns.value[at]
    has_value, is_withheld = np.isfinite(value), withheld(value)
    if not has_value.any():
        return None
    has_come = has_value | is_withheld
    newest = int(time[has_come][-1])
    due = min(now, metric.until_s) if metric.until_s is not None else now
    lately = time >= int(time[-1]) + metric.step_s - DAYS * DAY
    edges = np.flatnonzero(np.diff(np.r_[False, lately & ~has_come, False].astype(np.int8)))
    gaps = [(int(time[first]), int(time[last - 1]) + metric.step_s) for first, last in edges.reshape(-1, 2)]
    begun = int(known_at[has_come].min())
    delay = known_at - time - metric.step_s - settle_s
    late = lately & has_come & (time >= begun) & (delay > metric.step_s)
    return Health(
        newest=newest,
        overdue=max(0, (due - settle_s - newest - metric.step_s) // metric.step_s),
        days=DAYS,
        periods=int(lately.sum()),
        missing=int((lately & ~has_come).sum()),
        gaps=tuple(gaps[::-1][:SHOWN]),
        gap_count=len(gaps),
        late=int(late.sum()),
        latest_s=int(delay[late].max()) + settle_s if late.any() else 0,
        overlap=overlap,
        withheld=int((lately & is_withheld).sum()),
    )
