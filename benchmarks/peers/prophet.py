"""Prophet's interval: how far a point is from the forecast, in the half-widths of its uncertainty interval.

As in the package's own quick start: `Prophet()` with its defaults, `fit`, `predict`; outside of `yhat_lower` and
`yhat_upper` is an anomaly. The default interval holds 80 %, which would alert on a fifth of all points: it is widened
as a normal's to 1 point in 720.
"""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
from prophet import Prophet

from benchmarks.peers.common import SIGMA_80, Floats, Ints, by_refits, in_scales

for name in ("cmdstanpy", "prophet"):
    logging.getLogger(name).disabled = True


def score(times: Ints, values: Floats, step: int) -> Floats:
    """Standard deviations from the forecast, their size taken from the 80 % interval."""
    frame = pd.DataFrame({"ds": pd.to_datetime(times, unit="s"), "y": np.where(np.isfinite(values), values, np.nan)})

    def judge(a: int, b: int) -> Floats:
        np.random.seed(0)  # The interval is sampled from numpy's global state.
        ahead = Prophet().fit(frame[:a]).predict(frame[["ds"]][a:b])
        sigma = (ahead["yhat_upper"] - ahead["yhat_lower"]).to_numpy() / (2 * SIGMA_80)
        return in_scales(values[a:b] - ahead["yhat"].to_numpy(), sigma)

    return by_refits(times, judge, is_daily=False)
