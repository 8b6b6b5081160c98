"""z-score over 14 days: |value - mean| / standard deviation of the 14 days before the point; alert beyond 3.

Three sigma is the usual rule (Shewhart 1931); 14 days is what dashboards and SQL monitors look back.
"""

from __future__ import annotations

import numpy as np

from benchmarks.peers.common import DAY, FIRST_FIT, Floats, Ints, in_scales

WINDOW_S = 14 * DAY


def score(times: Ints, values: Floats, step: int) -> Floats:
    """Sums over the window as differences of running sums, taken of values less the first one."""
    known = np.isfinite(values)
    centred = np.where(known, values - values[known][0], 0.0) if known.any() else np.zeros(len(values))
    count, total, squares = (np.r_[0.0, np.cumsum(column)] for column in (known, centred, centred**2))
    first, last = np.searchsorted(times, times - WINDOW_S), np.searchsorted(times, times)
    n = count[last] - count[first]
    mean = (total[last] - total[first]) / np.maximum(n, 1)
    spread = np.sqrt(np.maximum(0.0, (squares[last] - squares[first]) / np.maximum(n, 1) - mean**2))
    result = in_scales(centred - mean, np.where(spread > 1e-9 * np.abs(mean), spread, 0.0))
    result[~known | (times - times[0] < FIRST_FIT)] = np.nan
    return result
