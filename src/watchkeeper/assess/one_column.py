"""What one column tells of a label by itself: cross-validated, so that a column of many values gains nothing by it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FOLDS = 5


def binned(column: Floats, is_category: bool, bins: int = 32) -> tuple[Ints, Floats]:
    """Codes of a column and the upper edges: quantiles of a number, values of a category; missing is the last code."""
    known = column[np.isfinite(column)]
    values = np.unique(known)
    if is_category or len(values) <= bins:
        edges = values
    else:
        edges = np.unique(np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1], method="lower"))
    code = np.searchsorted(edges, column)
    return np.where(np.isfinite(column), code, len(edges) + 1).astype(np.int64), edges


def bin_means(code: Ints, bins: int, targets: Floats, strength: float) -> Floats:
    """The mean of each target in each bin, drawn to the mean of all by `strength` rows: float64[bins, k]."""
    overall = targets.mean(axis=0)
    size = np.bincount(code, minlength=bins)[:, None]
    sums = np.column_stack([np.bincount(code, each, minlength=bins) for each in targets.T])
    return np.asarray((sums + strength * overall) / (size + strength))


def auc(label: NDArray[np.bool_], score: Floats) -> float:
    """The chance that a row with the label has the higher score; ties count half."""
    from scipy.stats import rankdata

    positive = int(label.sum())
    if positive in (0, len(label)):
        return 0.5
    ranks = rankdata(score)
    return float((ranks[label].sum() - positive * (positive + 1) / 2) / (positive * (len(label) - positive)))


def carries(column: Floats, is_category: bool, label: Ints, seed: int = 0) -> float:
    """The cross-validated AUC with which the column alone tells the label; the mean over classes, 0.5 is nothing."""
    classes = np.unique(label)
    if len(classes) < 2 or len(label) < 2 * FOLDS:
        return 0.5
    code, edges = binned(column, is_category)
    fold = np.random.default_rng(seed).integers(0, FOLDS, len(label))
    targets = (label[:, None] == classes[None, :]).astype(np.float64)
    score = np.empty_like(targets)
    for one in range(FOLDS):
        test = fold == one
        if test.all() or not test.any():
            score[test] = targets.mean(axis=0)
            continue
        means = bin_means(code[~test], len(edges) + 2, targets[~test], 5.0)
        # Each fold has its own mean: without it the fold alone would tell a little of the label.
        score[test] = means[code[test]] - targets[~test].mean(axis=0)
    if len(classes) == 2:
        return auc(label == classes[1], score[:, 1])
    weight = targets.mean(axis=0)
    each = [auc(label == value, score[:, place]) for place, value in enumerate(classes)]
    return float(np.average(each, weights=weight))


def auc_error(value: float, positive: int, negative: int) -> float:
    """The standard error of an AUC (Hanley and McNeil 1982)."""
    if positive < 1 or negative < 1:
        return 0.5
    q1, q2 = value / (2 - value), 2 * value**2 / (1 + value)
    spread = value * (1 - value) + (positive - 1) * (q1 - value**2) + (negative - 1) * (q2 - value**2)
    return float(np.sqrt(max(spread, 0.0) / (positive * negative)))
