"""What is untidy about the rows of a table, counted and said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from watchkeeper.detect import Points
from watchkeeper.sources.columns import Rows


@dataclass(frozen=True)
class Oddities:
    """Counts of what a tidy table would not have; all rows are answered nevertheless."""

    rows_out_of_order: int
    rows_at_a_repeated_time: int
    gaps: int
    steps_in_gaps: int
    missing_values: int
    infinite_values: int
    rows_without_series_name: int
    series_without_values: int
    series_of_one_point: int
    feedback_series_not_in_table: int

    def counts(self) -> dict[str, int]:
        """What there is of each, the zeros left out."""
        return {name: count for name, count in asdict(self).items() if count}

    def lines(self) -> list[str]:
        """A sentence for each thing that was odd."""
        told = []
        for name, count in self.counts().items():
            if name != "steps_in_gaps":
                one, many = _WORDS[name]
                text = (one if count == 1 else many).format(count=f"{count:,}", steps=f"{self.steps_in_gaps:,}")
                told.append(text)
        return told


_WORDS = {
    "rows_out_of_order": (
        "{count} row lay before an earlier row of its series in time; it was scored in order of time",
        "{count} rows lay before an earlier row of their series in time; they were scored in order of time",
    ),
    "rows_at_a_repeated_time": (
        "{count} row repeats a time of its series; it was scored in the order of the file",
        "{count} rows repeat a time of their series; they were scored in the order of the file",
    ),
    "gaps": (
        "{count} gap between rows of a series, {steps} steps without a row",
        "{count} gaps between rows of a series, {steps} steps without a row",
    ),
    "missing_values": ("{count} value is missing", "{count} values are missing"),
    "infinite_values": (
        "{count} value is infinite and counts as missing",
        "{count} values are infinite and count as missing",
    ),
    "rows_without_series_name": (
        "{count} row names no series; it is a series without a name",
        "{count} rows name no series; they are one series without a name",
    ),
    "series_without_values": ("{count} series holds no value at all", "{count} series hold no value at all"),
    "series_of_one_point": ("{count} series is a single point", "{count} series are single points"),
    "feedback_series_not_in_table": (
        "{count} series named in the feedback is not in the table; what was said of it has no effect",
        "{count} series named in the feedback are not in the table; what was said of them has no effect",
    ),
}


def count_oddities(
    rows: Rows,
    order: NDArray[np.int64] | None,
    points: Points,
    steps: NDArray[np.int64],
    unknown: Mapping[str, int],
) -> Oddities:
    """Count what is odd in `rows`, whose rows in series-major `order` are the `points`; `steps` int64[S] seconds."""
    begins = np.zeros(len(points.time), np.bool_)
    begins[points.start[:-1]] = True
    distance = np.diff(points.time, prepend=points.time[:1])
    distance[begins] = -1
    step = np.repeat(steps, np.diff(points.start))
    skipped = np.where(begins, 0, np.rint(distance / step).astype(np.int64) - 1)
    present = np.isfinite(points.value)
    nameless = np.flatnonzero(rows.names.is_null().to_numpy(zero_copy_only=False))
    sizes = np.diff(points.start)
    return Oddities(
        rows_out_of_order=_out_of_order(order, points),
        rows_at_a_repeated_time=int((distance == 0).sum()),
        gaps=int((skipped > 0).sum()),
        steps_in_gaps=int(skipped[skipped > 0].sum()),
        missing_values=int((~present).sum()) - rows.infinite,
        infinite_values=rows.infinite,
        rows_without_series_name=int(np.isin(rows.series, nameless).sum()),
        series_without_values=int((np.add.reduceat(present, points.start[:-1]) == 0).sum()),
        series_of_one_point=int((sizes == 1).sum()),
        feedback_series_not_in_table=len(unknown),
    )


def _out_of_order(order: NDArray[np.int64] | None, points: Points) -> int:
    """Rows whose time lies before that of a row of the same series further up in the table."""
    if order is None:
        return 0
    count = 0
    # A row is out of order where some row of a later time stands above it in the table.
    descents = np.flatnonzero(np.diff(order) < 0) + 1
    descents = descents[~np.isin(descents, points.start)]
    for place in np.unique(np.searchsorted(points.start, descents, side="right") - 1):
        own = order[points.start[place] : points.start[place + 1]]
        later = np.minimum.accumulate(own[::-1])[::-1]
        count += int((own[:-1] > later[1:]).sum())
    return count
