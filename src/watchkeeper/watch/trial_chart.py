"""Settings that are tried, over the chart of one series: its band as it would be, and the alerts that turn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from watchkeeper.domain.alert import Alert
from watchkeeper.watch.charts import chart, has_new_band
from watchkeeper.watch.judge import Judgement
from watchkeeper.watch.trials import TrialChart, TriedAlert
from watchkeeper.watch.views import Mark, Turn


def trial_chart(
    now: Judgement,
    then: Judgement,
    since: int,
    *,
    told: Sequence[TriedAlert],
    new: Sequence[TriedAlert],
    gone: Sequence[TriedAlert],
    lost: Collection[Alert],
    series_id: int | None = None,
) -> TrialChart | None:
    """One series since an instant (seconds UTC), by default the one in which most alerts turn, or else alert.

    None where it has no point, and where the metric has no such series.
    """
    ids = [one.id for one in now.series]
    if series_id is None:
        series_id = _busiest([*new, *gone]) or _busiest(told) or (ids[0] if ids else None)
    if series_id not in ids:
        return None
    drawn = chart(now, series_id, since)
    if not drawn.time:
        return None
    confirmed = _marks(Turn.LOST, lost, series_id)
    vanished = [
        one
        for one in _marks(Turn.VANISHES, gone, series_id)
        if not any(one.start < other.end and other.start < one.end for other in confirmed)
    ]
    return TrialChart(
        series=now.series,
        now=drawn,
        then=chart(then, series_id, since),
        turned=(*confirmed, *vanished, *_marks(Turn.APPEARS, new, series_id)),
        is_band_new=has_new_band(now, then, series_id),
    )


def _busiest(tried: Sequence[TriedAlert]) -> int | None:
    """The series with most runs in these alerts; of several the one of the newest alert."""
    counted = Counter(member.series for one in tried for member in one.members)
    return counted.most_common(1)[0][0] if counted else None


def _marks(turn: Turn, found: Collection[Alert] | Sequence[TriedAlert], series_id: int) -> list[Mark]:
    return [
        Mark(kind=turn.value, start=member.start, end=member.end, label=turn.value)
        for one in found
        for member in one.members
        if member.series == series_id
    ]
