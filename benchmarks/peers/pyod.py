"""PyOD on lagged differences: PCA and KNN, their mean score.

The recipe is Anomstack's (andrewm4894/anomstack, `preprocess` and `train`): first differences, smoothed over 3, with 5
lags; `PCA()` and `KNN()` with their defaults on the last 1,000 rows. Decision scores are put on 0 to 1 by their range
in training, as PyOD's linear `predict_proba` does, but not clipped, and averaged. The bar is PyOD's own rule
with contamination 1 in 720: that share of the training scores is above it (its default, 1 in 10, is for cleaning).
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from pyod.models.knn import KNN
from pyod.models.pca import PCA

from benchmarks.peers.common import RARE, Floats, Ints, by_refits, in_scales

SMOOTH, LAGS, TRAIN = 3, 5, 1_000


def score(times: Ints, values: Floats, step: int) -> Floats:
    """The mean score as a multiple of the bar of its fit."""
    known = np.flatnonzero(np.isfinite(values))
    used = 1 + (SMOOTH - 1) + LAGS  # Rows of history before the first that is complete.
    scores = np.full(len(values), np.nan)
    if len(known) <= used:
        return scores
    smooth = np.convolve(np.diff(values[known]), np.full(SMOOTH, 1 / SMOOTH), mode="valid")
    rows = sliding_window_view(smooth, LAGS + 1)
    at = known[used:]  # The point whose lags end in each row.

    def judge(a: int, b: int) -> Floats:
        first, last = np.searchsorted(at, [a, b])
        past, ahead = rows[max(0, first - TRAIN) : first], rows[first:last]
        trained, seen = np.zeros(len(past)), np.zeros(len(ahead))
        for model in (PCA(contamination=RARE), KNN(contamination=RARE)):
            model.fit(past)
            low, high = model.decision_scores_.min(), model.decision_scores_.max()
            trained += in_scales(model.decision_scores_ - low, high - low) / 2
            seen += (model.decision_function(ahead) - low) / max(high - low, 1e-12) / 2
        result = np.full(b - a, np.nan)
        result[at[first:last] - a] = seen / max(float(np.quantile(trained, 1 - RARE)), 1e-12)
        return result

    return by_refits(times, judge, is_daily=True)
