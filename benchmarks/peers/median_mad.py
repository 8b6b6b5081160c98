"""Rolling median and MAD over one day: 0.6745 |value - median| / MAD of the day before the point; alert beyond 3.5.

The modified z-score and its 3.5 are of Iglewicz and Hoaglin, "How to Detect and Handle Outliers" (1993).
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from benchmarks.peers.common import Floats, Ints, day_in, in_scales

AT_ONCE = 2_000_000
"""Numbers sorted at once, to bound memory."""


def score(times: Ints, values: Floats, step: int) -> Floats:
    """The window is a day's number of known points, the point itself excluded."""
    window = day_in(step)
    known = np.flatnonzero(np.isfinite(values))
    result = np.full(len(values), np.nan)
    if len(known) <= window:
        return result
    seen = values[known]
    windows = sliding_window_view(seen, window)[:-1]
    rows = max(1, AT_ONCE // window)
    for begin in range(0, len(windows), rows):
        part = windows[begin : begin + rows]
        median = np.median(part, axis=1)
        mad = np.median(np.abs(part - median[:, None]), axis=1)
        at = slice(begin + window, begin + window + len(part))
        result[known[at]] = in_scales(0.6745 * (seen[at] - median), mad)
    return result
