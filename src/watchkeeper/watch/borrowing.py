"""What a new series of a metric borrows of those that were there before it.

It is lent once, when the series first appears, from where the judging of the others then stands, and kept in the
ledger; from then on it is a part of the series' settings like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from watchkeeper.detect import Borrowed, SeriesSettings, ValueKind, lend
from watchkeeper.domain.errors import InputError
from watchkeeper.domain.metric import Direction, Kind, Metric
from watchkeeper.stores.ledger import borrowed
from watchkeeper.watch.checkpoint import Checkpoint

SIDE = {Direction.BOTH: 0, Direction.UP: 1, Direction.DOWN: -1}


def settings_of(metric: Metric, series: Sequence[int], lent: Mapping[int, Borrowed]) -> SeriesSettings:
    """What the detector is told of a metric's series. What fits the metric no more, after another kind or step was
    set, is borrowed no more.
    """
    kind = ValueKind[metric.kind.name]
    found = [lent.get(one) for one in series]
    fitting = tuple(
        one if one is not None and (one.step, one.is_count) == (metric.step_s, metric.kind is Kind.COUNT) else None
        for one in found
    )
    return SeriesSettings.uniform(
        len(series),
        step=metric.step_s,
        kind=kind,
        direction=SIDE[metric.direction],
        min_absolute=metric.smallest_change,
        min_relative=metric.smallest_change_share,
        borrowed=fitting if any(fitting) else None,
    )


def lent_to(tx: Connection, series: Iterable[int]) -> dict[int, Borrowed]:
    """What these series borrowed, by series id. A record that another version wrote counts no more."""
    found = {}
    for one, record in borrowed.of(tx, series).items():
        try:
            found[one] = Borrowed.from_bytes(record)
        except InputError:
            continue
    return found


def lend_to_new(
    tx: Connection, metric: Metric, series: Sequence[int], before: Checkpoint, now: int
) -> dict[int, Borrowed]:
    """Lend to those of the series that `before` does not know, and keep it; returns what each now has, by series id."""
    known = set(before.series)
    new = [one for one in series if one not in known]
    lent = lend(before.state, range(len(before.series)), is_count=metric.kind is Kind.COUNT) if new else None
    if lent is not None:
        borrowed.put(tx, dict.fromkeys(new, lent.to_bytes()), now)
    return lent_to(tx, series)
