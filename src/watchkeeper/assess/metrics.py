"""How good predictions are, as an error to be made small: 1 − the metric where more is better, else the metric."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from watchkeeper.assess.frame import Task
from watchkeeper.assess.record import Assessment, Costs
from watchkeeper.domain.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

OF_TASK: dict[Task, tuple[str, ...]] = {
    "binary": ("accuracy", "balanced_accuracy", "f1", "roc_auc", "average_precision", "brier", "log_loss", "cost"),
    "classes": ("accuracy", "balanced_accuracy", "log_loss"),
    "number": ("mae", "rmse"),
}
REWARDS = {
    "accuracy": "being right; where the target is rare, saying “no” always is rewarded",
    "balanced_accuracy": "being right in each class alike, however rare the class",
    "f1": "finding the rare ones without too many false ones; says nothing of the others",
    "roc_auc": "putting those that happen above those that do not, at any threshold",
    "average_precision": "the top of the list: how many of those named first are real",
    "brier": "honest probabilities: those told 30 % happen in 30 % of cases",
    "log_loss": "honest probabilities, and punishes being sure and wrong most",
    "cost": "what errors cost, as stated; the metric to choose when costs are known",
    "mae": "being close on the usual row",
    "rmse": "avoiding large misses; a few of them outweigh many small ones",
}
LESS_IS_BETTER = ("brier", "log_loss", "cost", "mae", "rmse")


def chosen_metric(record: Assessment, task: Task, base_rate: float) -> str:
    """The metric that is named, or the one that follows from costs and base rate.

    Raises InputError where the named one does not fit the target.
    """
    if record.metric is not None:
        if record.metric not in OF_TASK[task]:
            among = ", ".join(OF_TASK[task])
            raise InputError(f"metric: {record.metric} does not fit {record.target} ({task}); use one of {among}")
        return record.metric
    if task == "number":
        return "mae"
    if task == "classes":
        return "balanced_accuracy"
    if record.costs != Costs():
        return "cost"
    return "average_precision" if base_rate < 0.1 else "roc_auc"


def threshold(costs: Costs) -> float:
    """From which probability on “yes” costs less than “no” (Elkan, IJCAI 2001)."""
    return costs.false_positive / (costs.false_positive + costs.false_negative)


def to_error(metric: str, value: float) -> float:
    """A value of the metric as an error, and back: the same formula turns both."""
    return value if metric in LESS_IS_BETTER else 1.0 - value


def error(metric: str, target: Floats, told: Floats, costs: Costs, weight: Floats | None = None) -> float:
    """The error; `told` is a probability (float64[n]), one a class (float64[n, k]), or the number."""
    return _ERRORS[metric](target, told, costs, np.ones(len(target)) if weight is None else weight)


def row_loss(task: Task, metric: str, target: Floats, told: Floats, costs: Costs) -> Floats:
    """What each row costs, as the metric would have it used; `loss_words` names the unit.

    The distance of a number; 1 where a class is wrong; what an error costs, where that is stated. Where only the order
    matters (roc_auc, average_precision, f1) as many rows are named as really happen, those told highest.
    """
    if task == "number":
        return np.abs(target - told)
    if task == "classes":
        return np.asarray(told.argmax(axis=1) != target, dtype=np.float64)
    if costs != Costs():
        said = told >= threshold(costs)
        wrong = costs.false_positive * (said & (target == 0)) + costs.false_negative * (~said & (target == 1))
        return np.asarray(wrong, dtype=np.float64)
    if metric in ("roc_auc", "average_precision", "f1"):
        named = _named(told, float(target.sum()))
        return np.asarray(target * (1.0 - named) + (1.0 - target) * named)
    bar = float(target.mean()) if metric == "balanced_accuracy" else 0.5
    return np.asarray((told >= bar) != target, dtype=np.float64)


def loss_words(task: Task, costs: Costs) -> str:
    """The unit of `row_loss`, in words."""
    if task == "number":
        return "distance"
    return f"cost in {costs.currency}" if task == "binary" and costs != Costs() else "share told wrongly"


def _named(told: Floats, count: float) -> Floats:
    """How far each row is among the `count` that are told highest: 1, 0, or the share of ties that fits in."""
    _, place, size = np.unique(-told, return_inverse=True, return_counts=True)
    before = np.cumsum(size) - size
    share = np.clip((count - before) / size, 0.0, 1.0)
    return np.asarray(share[place])


def _share(hits: NDArray[np.bool_], weight: Floats) -> float:
    total = float(weight.sum())
    return float((hits * weight).sum() / total) if total else float("nan")


def _classes(told: Floats) -> Ints:
    return np.asarray(told.argmax(axis=1)) if told.ndim == 2 else _above(told, 0.5)


def _above(told: Floats, bar: float) -> Ints:
    return np.asarray(told >= bar).astype(np.int64)


def _accuracy(y: Floats, told: Floats, costs: Costs, w: Floats) -> float:
    return 1.0 - _share(_classes(told) == y, w)


def _balanced(y: Floats, told: Floats, costs: Costs, w: Floats) -> float:
    # A probability counts as "yes" above the base rate, else a rare class would never be named.
    said = _above(told, float(np.average(y, weights=w))) if told.ndim == 1 else told.argmax(axis=1)
    return 1.0 - float(np.mean([_share(said[y == one] == one, w[y == one]) for one in np.unique(y)]))


def _f1(y: Floats, told: Floats, costs: Costs, w: Floats) -> float:
    """At the threshold that is best in hindsight, for each candidate alike."""
    order = np.argsort(-told, kind="stable")
    hits, named = np.cumsum((y * w)[order]), np.cumsum(w[order])
    is_last = np.r_[np.diff(told[order]) != 0, True]
    total = float((y * w).sum())
    f1 = 2 * hits / np.maximum(named + total, 1e-12)
    return 1.0 - float(f1[is_last].max())


def _auc(y: Floats, told: Floats, costs: Costs, w: Floats) -> float:
    order = np.argsort(told, kind="stable")
    y, w, t = y[order], w[order], told[order]
    group = np.cumsum(np.r_[0, np.diff(t) != 0])
    positive, negative = np.bincount(group, y * w), np.bincount(group, (1 - y) * w)
    below = np.cumsum(negative) - negative
    whole = positive.sum() * negative.sum()
    return 1.0 - float((positive * (below + negative / 2)).sum() / whole) if whole else 0.5


def _average_precision(y: Floats, told: Floats, costs: Costs, w: Floats) -> float:
    order = np.argsort(-told, kind="stable")
    hits, named = np.cumsum((y * w)[order]), np.cumsum(w[order])
    last = np.flatnonzero(np.r_[np.diff(told[order]) != 0, True])
    precision, recall = hits[last] / np.maximum(named[last], 1e-12), hits[last] / max(hits[-1], 1e-12)
    return 1.0 - float((np.diff(np.r_[0.0, recall]) * precision).sum())


def _brier(y: Floats, told: Floats, costs: Costs, w: Floats) -> float:
    return float(np.average((told - y) ** 2, weights=w))


def _log_loss(y: Floats, told: Floats, costs: Costs, w: Floats) -> float:
    right = told[np.arange(len(y)), y.astype(np.int64)] if told.ndim == 2 else np.where(y == 1, told, 1 - told)
    return float(np.average(-np.log(np.clip(right, 1e-6, 1.0)), weights=w))


def _cost(y: Floats, told: Floats, costs: Costs, w: Floats) -> float:
    said = told >= threshold(costs)
    each = costs.false_positive * (said & (y == 0)) + costs.false_negative * (~said & (y == 1))
    return float(np.average(each, weights=w))


def _mae(y: Floats, told: Floats, costs: Costs, w: Floats) -> float:
    return float(np.average(np.abs(y - told), weights=w))


def _rmse(y: Floats, told: Floats, costs: Costs, w: Floats) -> float:
    return float(np.sqrt(np.average((y - told) ** 2, weights=w)))


_ERRORS: dict[str, Callable[[Floats, Floats, Costs, Floats], float]] = {
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced,
    "f1": _f1,
    "roc_auc": _auc,
    "average_precision": _average_precision,
    "brier": _brier,
    "log_loss": _log_loss,
    "cost": _cost,
    "mae": _mae,
    "rmse": _rmse,
}
