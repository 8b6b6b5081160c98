"""Columns that look as if they were known only after the fact, since they tell the target nearly by themselves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from watchkeeper.assess.frame import Frame
from watchkeeper.assess.one_column import auc, carries

NEARLY_ALL = 0.95
"""A column that alone has this AUC (at two standard errors less) is suspected; honest ones seldom pass 0.9."""


@dataclass(frozen=True)
class Leak:
    """A suspected column, how well it alone tells the target (AUC), and why it is suspected."""

    column: str
    auc: float
    why: str


def leaks(frame: Frame, seed: int = 0) -> list[Leak]:
    """The suspected columns, the plainest first. A number is cut at its median."""
    label = frame.labels()
    if len(np.unique(label)) < 2:
        return []
    found = []
    for place, name in enumerate(frame.names):
        column = frame.values[:, place]
        alone = carries(column, frame.is_category[place], label, seed)
        if alone >= NEARLY_ALL:
            is_missing = np.isnan(column).astype(np.float64)
            by_gap = auc(label == label.max(), is_missing)
            gap = max(by_gap, 1 - by_gap) >= NEARLY_ALL
            why = "whether it is filled tells the target" if gap else f"alone it has an AUC of {alone:.3f}"
            found.append(Leak(name, alone, why))
    return sorted(found, key=lambda one: -one.auc)
