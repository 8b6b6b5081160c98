"""From the points of key metrics to the evidence of a roll-out: both variants side by side, an interval at each period.

Always built anew from the points since the roll-out began, so that a late or corrected point counts as it should.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from watchkeeper.domain.flag import Flag
from watchkeeper.domain.metric import Kind, Metric, Series
from watchkeeper.domain.rollout import KeyMetric, Rollout
from watchkeeper.flags import Look
from watchkeeper.flags.sequential import Intervals, of_means, of_shares
from watchkeeper.stores.history import History


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One key metric of a roll-out: intervals after each period that ended at `ended` (int64[n], seconds UTC).

    `metric` is the one whose values people see; `member` the series of the variant; `value` and `expected` what the
    newest period with both variants gave, and what the other variant would have given; NaN where there is none.
    """

    key: KeyMetric
    metric: Metric
    member: Series | None
    ended: NDArray[np.int64]
    intervals: Intervals
    value: float
    expected: float

    def at(self, now: int) -> Look:
        """What was known at `now`, of the periods that were over by then."""
        place = int(np.searchsorted(self.ended, now, side="right")) - 1
        if place < 0:
            return Look()
        found = self.intervals
        return Look(
            estimate=float(found.estimate[place]), lower=float(found.lower[place]), upper=float(found.upper[place])
        )


def gather(
    flag: Flag,
    plan: Rollout,
    known: Mapping[str, Metric],
    members: Mapping[str, Sequence[Series]],
    history: History,
    start: int,
    now: int,
) -> list[Evidence] | None:
    """The evidence of each key metric in `[start, now)`; None where a metric is not there yet. Raises InputError."""
    if any(name not in known for key in plan.metrics for name in key.metrics):
        return None
    return [_of(flag, plan, key, known, members, history, start, now) for key in plan.metrics]


def _of(
    flag: Flag,
    plan: Rollout,
    key: KeyMetric,
    known: Mapping[str, Metric],
    members: Mapping[str, Sequence[Series]],
    history: History,
    start: int,
    now: int,
) -> Evidence:
    window = (start, now)
    read = [
        _column(known[name], _of_variant(known[name], members.get(name, ()), key.dimension, variant), history, window)
        for name in key.metrics
        for variant in (plan.variant, flag.rolled_out_against)
    ]
    time = np.unique(np.concatenate([one for one, _ in read]))
    columns = [_placed(time, one, values) for one, values in read]
    if key.trials:
        x1, x0, n1, n0 = columns
        intervals = of_shares(x1, n1, x0, n0, alpha=plan.alpha, least=plan.least_trials)
        both = (np.nan_to_num(n1) > 0) & (np.nan_to_num(n0) > 0)
        values, others = np.nan_to_num(x1), np.nan_to_num(n1) * np.nan_to_num(x0) / np.where(both, n0, 1.0)
    else:
        values, others = columns
        intervals = of_means(values, others, alpha=plan.alpha)
        both = np.isfinite(values) & np.isfinite(others)
    last = int(np.flatnonzero(both)[-1]) if both.any() else -1
    metric = known[key.metrics[0]]
    return Evidence(
        key=key,
        metric=metric,
        member=next(iter(_of_variant(metric, members.get(metric.name, ()), key.dimension, plan.variant)), None),
        ended=time + metric.step_s + max(known[name].settle_s for name in key.metrics),
        intervals=intervals,
        value=float(values[last]) if last >= 0 else float("nan"),
        expected=float(others[last]) if last >= 0 else float("nan"),
    )


def _of_variant(metric: Metric, members: Sequence[Series], dimension: str, variant: str) -> list[Series]:
    if dimension not in metric.dimensions:
        return []
    place = metric.dimensions.index(dimension)
    return [one for one in members if one.values[place] == variant]


def _column(
    metric: Metric, chosen: Sequence[Series], history: History, window: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """One variant of one metric in whole periods, over its other dimensions: the sum of what adds up, else the mean."""
    if not chosen:
        return np.zeros(0, np.int64), np.zeros(0)
    start, now = window
    found = history.read([one.id for one in chosen], start=start, end=now - metric.settle_s - metric.step_s + 1)
    there = np.isfinite(found.value)
    time, place = np.unique(found.time[there], return_inverse=True)
    total = np.bincount(place, weights=found.value[there], minlength=len(time)).astype(np.float64)
    if metric.kind in (Kind.RATE, Kind.GAUGE):
        total /= np.maximum(np.bincount(place, minlength=len(time)), 1)
    return time, total


def _placed(time: NDArray[np.int64], own: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    column = np.full(len(time), np.nan)
    column[np.searchsorted(time, own)] = values
    return column
