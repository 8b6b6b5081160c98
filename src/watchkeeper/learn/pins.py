"""What a label says of its own window, whatever the model makes of it: a false alarm is silent, a positive is told."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from watchkeeper.domain.feedback import Label
from watchkeeper.learn.triage import DEEPEST, MARGIN


def pin(
    labels: Iterable[Label],
    time: NDArray[np.int64],
    score: NDArray[np.float64],
    bar: NDArray[np.float64],
    base: float,
    *,
    since: int | None = None,
) -> None:
    """Set `bar` inside the labelled windows of one series; all columns of length n.

    Inside a false alarm no score is enough. Inside a confirmed or missed window the bar is at most the budget's, and at
    its peak just below the peak's score, down to `DEEPEST` decades below the budget. Positives beat negatives.

    With `since` (seconds) only points from then on are touched, and no peak is looked for, since a window that goes on
    has not shown it.
    """
    labels = list(labels)
    for is_real in (False, True):
        for label in labels:
            if label.is_real != is_real:
                continue
            start = label.start if since is None else max(since, label.start)
            first, last = np.searchsorted(time, (start, max(start, label.end))).tolist()
            inside = slice(first, last)
            if not is_real:
                bar[inside] = np.inf
                continue
            bar[inside] = np.minimum(bar[inside], base)
            if since is None and np.isfinite(score[inside]).any():
                peak = first + int(np.nanargmax(score[inside]))
                bar[peak] = min(bar[peak], max(float(score[peak]) - MARGIN, base - DEEPEST))
