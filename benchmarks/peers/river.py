"""river: HoltWinters with a GaussianScorer on its errors, and HalfSpaceTrees; both learn point by point.

Parameters are those of the examples in river's documentation: `HoltWinters(alpha=0.3, beta=0.1, gamma=0.6)`;
`MinMaxScaler() | HalfSpaceTrees(seed=42)` (Tan, Ting and Liu, IJCAI 2011). Each point is scored before it is learned.
river 0.26 begins an additive season as ratios to the first season's mean: where that is 0, the series fails.
"""

from __future__ import annotations

import math
import warnings

import numpy as np
from river import anomaly, compose, preprocessing, time_series

from benchmarks.peers.common import Floats, Ints, day_in

warnings.filterwarnings("ignore", category=RuntimeWarning, module="river")


def holt_winters(times: Ints, values: Floats, step: int) -> Floats:
    """The scorer's 2 |CDF(error) - 0.5| of the error one step ahead; the season is a day."""
    season = day_in(step)
    model = time_series.HoltWinters(alpha=0.3, beta=0.1, gamma=0.6, seasonality=season)
    scorer = anomaly.GaussianScorer()
    scores = np.full(len(values), np.nan)
    learned = 0
    for i, value in enumerate(values.tolist()):
        if not math.isfinite(value):
            continue
        if learned > season:
            error = value - model.forecast(horizon=1)[0]
            if math.isfinite(error):
                scores[i] = scorer.score_one(None, error)
                scorer.learn_one(None, error)
        model.learn_one(value)
        learned += 1
    return scores


def half_space_trees(times: Ints, values: Floats, step: int) -> Floats:
    """Of the value alone; the score's first window of 250 points is 0."""
    model = compose.Pipeline(preprocessing.MinMaxScaler(), anomaly.HalfSpaceTrees(seed=42))
    scores = np.full(len(values), np.nan)
    for i, value in enumerate(values.tolist()):
        if math.isfinite(value):
            scores[i] = model.score_one({"value": value})
            model.learn_one({"value": value})
    return scores
