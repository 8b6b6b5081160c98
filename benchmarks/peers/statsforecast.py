"""statsforecast: how far a point is from the forecast of MSTL or AutoETS, in standard deviations of its interval.

Nixtla's tutorial "Anomaly detection" (nixtlaverse.nixtla.io/statsforecast) calls a point anomalous outside the model's
prediction interval, MSTL with a day's and a week's season. It looks at fitted values; here, to be causal, each day is
forecast from the days before it. AutoETS keeps its parameters for a week and is brought forward point by point
(`forward`), which is its best case: forecasts one step ahead.
"""

from __future__ import annotations

import numpy as np
from statsforecast.models import MSTL, AutoETS

from benchmarks.peers.common import SIGMA_80, Floats, Ints, by_refits, day_in, even_grid, in_scales

LEVEL = 80


def mstl(times: Ints, values: Floats, step: int) -> Floats:
    """Seasons of a day and, once there are two of them, of a week."""
    slot, grid = even_grid(times, values, step)
    day = day_in(step)

    def judge(a: int, b: int) -> Floats:
        size = int(times[a] - times[0]) // step
        past = grid[:size]
        seasons = [day, 7 * day] if size >= 14 * day else [day]
        ahead = MSTL(season_length=seasons).fit(past).predict(h=int(slot[b - 1]) - size + 1, level=[LEVEL])
        at = slot[a:b] - size
        sigma = (ahead[f"hi-{LEVEL}"] - ahead[f"lo-{LEVEL}"])[at] / (2 * SIGMA_80)
        return in_scales(values[a:b] - ahead["mean"][at], sigma)

    return by_refits(times, judge, is_daily=True)


def auto_ets(times: Ints, values: Floats, step: int) -> Floats:
    """The season is a day; beyond 24 points a season the model itself leaves it out."""
    slot, grid = even_grid(times, values, step)

    def judge(a: int, b: int) -> Floats:
        size = int(times[a] - times[0]) // step
        model = AutoETS(season_length=day_in(step)).fit(grid[:size])
        fitted = np.asarray(model.forward(grid[: int(slot[b - 1]) + 1], h=1, fitted=True)["fitted"])
        sigma = float(np.std(grid[:size] - fitted[:size]))
        return in_scales(values[a:b] - fitted[slot[a:b]], sigma)

    return by_refits(times, judge, is_daily=False)
