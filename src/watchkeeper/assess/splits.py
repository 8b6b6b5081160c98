"""Which rows are learned from and which are told: the past tells the future, and no entity is on both sides."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from watchkeeper.assess.frame import Frame

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FOLDS = 5


def how(frame: Frame) -> str:
    """How rows are split, in words."""
    if frame.time is not None:
        return f"in {FOLDS} steps forward in time: learned from the past, told of what came next"
    if frame.entity is not None:
        return f"in {FOLDS} parts of whole entities: told of entities that were not learned from"
    return f"in {FOLDS} random parts, as no time is named: what changes over time is not seen"


def folds(frame: Frame, seed: int = 0) -> list[tuple[Ints, Ints]]:
    """(rows learned from, rows told), each as ascending places; the later half is told where there is a time."""
    n = len(frame)
    everything = np.arange(n)
    if frame.time is not None:
        edges = np.linspace(n // 2, n, FOLDS + 1).astype(int)
        pairs = [(everything[:start], everything[start:end]) for start, end in pairwise(edges)]
        # Rows at the very time of the first row told are no past of it.
        return [(past[frame.time[past] < frame.time[told[0]]], told) for past, told in pairs if len(told)]
    rng = np.random.default_rng(seed)
    if frame.entity is not None:
        known, code = np.unique(frame.entity, return_inverse=True)
        part = rng.permutation(len(known))[code] % FOLDS
    else:
        part = rng.permutation(n) % FOLDS
    return [(everything[part != one], everything[part == one]) for one in range(FOLDS) if (part == one).any()]


def clusters(frame: Frame) -> Ints:
    """Rows that stand or fall together when intervals are drawn: an entity's, a day's, else each row by itself."""
    if frame.entity is not None and len(np.unique(frame.entity)) >= 20:
        return np.unique(frame.entity, return_inverse=True)[1].astype(np.int64)
    if frame.time is not None:
        day = frame.time // 86_400
        if len(np.unique(day)) >= 20:
            return np.unique(day, return_inverse=True)[1].astype(np.int64)
    return np.arange(len(frame))


def resamples(cluster: Ints, count: int, seed: int = 0) -> Floats:
    """Weights of rows for bootstrap samples of whole clusters: float64[count, n]."""
    rng = np.random.default_rng(seed)
    groups = int(cluster.max()) + 1
    draws = rng.multinomial(groups, np.full(groups, 1.0 / groups), size=count)
    return np.asarray(draws[:, cluster], dtype=np.float64)
