"""adtk SeasonalAD: the residual of a classic seasonal decomposition, beyond 3 interquartile ranges above the third.

The package's quick start: `SeasonalAD()` with its defaults (c = 3, the season found by autocorrelation). It answers yes
or no; the score is the absolute residual as a multiple of the bar it was compared with. Where it finds no season (it
raises then) a day is given.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
from adtk.detector import SeasonalAD

from benchmarks.peers.common import Floats, Ints, by_refits, day_in, even_grid, in_scales

warnings.filterwarnings("ignore", category=FutureWarning)


def score(times: Ints, values: Floats, step: int) -> Floats:
    """|value - season| / bar."""
    slot, grid = even_grid(times, values, step)
    stamps = pd.to_datetime(times[0] + step * np.arange(len(grid)), unit="s")
    series = pd.Series(grid, index=pd.DatetimeIndex(stamps, freq=pd.Timedelta(seconds=step)))

    def judge(a: int, b: int) -> Floats:
        size = int(times[a] - times[0]) // step
        model = _fit(series[:size], step)
        steps = model.pipe_.steps
        ahead = series[size : int(slot[b - 1]) + 1]
        season = (ahead - steps["deseasonal_residual"]["model"].transform(ahead)).to_numpy()
        bar = float(steps["iqr_ad"]["model"].abs_high_)
        return in_scales(values[a:b] - season[slot[a:b] - size], bar)

    return by_refits(times, judge, is_daily=True)


def _fit(past: pd.Series, step: int) -> Any:
    for freq in (None, day_in(step)):
        model = SeasonalAD(freq=freq)
        try:
            model.fit(past)
        except Exception:
            if freq is not None:
                raise
            continue
        return model
    raise AssertionError("unreachable")
