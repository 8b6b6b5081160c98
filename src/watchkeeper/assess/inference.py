"""Protected attributes that the other columns give away: how well, which columns carry it alone and together."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from watchkeeper.assess.frame import Frame
from watchkeeper.assess.learners import fit
from watchkeeper.assess.one_column import auc, auc_error, carries

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

ROWS = 6000
WEAK = 0.55
"""An AUC below this tells next to nothing of a person, however sure it is."""
CLEAR = 0.6
Z = 3.5
"""Standard errors above 0.5 that count as carrying: with 50 columns one in a hundred tables is accused falsely."""


@dataclass(frozen=True)
class Inference:
    """How well the others tell an attribute: AUC of a model, its standard error, the columns that carry it.

    `alone` has the AUC of each column that carries it by itself; `together` those that only do so with others: what the
    AUC loses when the column is shuffled. `needed` are the columns to leave out until nothing is told any more, as far
    as leaving out helps, and `left` the AUC then.
    """

    attribute: str
    base_rate: float
    auc: float
    error: float
    alone: dict[str, float]
    together: dict[str, float]
    left: float

    @property
    def is_told(self) -> bool:
        """Whether the attribute can be inferred in a way that matters."""
        return self.auc - 2.5 * self.error > 0.5 and self.auc >= CLEAR

    @property
    def carriers(self) -> tuple[str, ...]:
        """Every column that carries it, the strongest first."""
        return tuple(dict.fromkeys([*self.alone, *self.together]))


def infer(frame: Frame, attribute: str, label: Ints, seed: int = 0) -> Inference | None:
    """Tell `label` (codes, −1 missing) from the frame's columns; None where it has one value or too few rows."""
    keep = np.flatnonzero(label >= 0)
    if len(keep) > ROWS:
        keep = np.sort(np.random.default_rng(seed).choice(keep, ROWS, replace=False))
    counts = np.bincount(label[keep]) if len(keep) else np.zeros(1)
    if len(keep) < 100 or (counts > 0).sum() < 2:
        return None
    most = int(counts.argmax())
    # More than two values: the most frequent against the rest, and each value has its share in `carries`.
    code = label[keep]
    rows = _as_target(frame.take(keep).without({attribute}), code, most)
    if not rows.names:
        return None
    positive = int((rows.target == 1).sum())
    noise = auc_error(0.5, positive, len(rows) - positive)
    alone = {
        name: value
        for place, name in enumerate(rows.names)
        if (value := carries(rows.values[:, place], rows.is_category[place], code, seed)) > max(WEAK, 0.5 + Z * noise)
    }
    whole, drops = _model(rows, seed)
    together = {
        name: drop
        for name, drop in drops.items()
        if name not in alone and drop > max(0.02, 4 * noise * (whole > CLEAR))
    }
    carriers = {name.split(" · ")[0] for name in [*alone, *together]}
    rest = rows.without(carriers)
    left = _model(rest, seed, with_drops=False)[0] if rest.names and carriers else (whole if not carriers else 0.5)
    best = max([whole, *alone.values()])
    strongest = sorted(alone, key=lambda name: -alone[name])
    return Inference(
        attribute,
        float(counts.max() / counts.sum()),
        best,
        auc_error(best, positive, len(rows) - positive),
        {name: alone[name] for name in strongest},
        dict(sorted(together.items(), key=lambda item: -item[1])),
        left,
    )


def _as_target(frame: Frame, code: Ints, most: int) -> Frame:
    return replace(frame, target=(code == most).astype(np.float64), task="binary", classes=("other", "most"))


def _model(rows: Frame, seed: int, *, with_drops: bool = True) -> tuple[float, dict[str, float]]:
    """The cross-validated AUC of boosting in three folds, and what shuffling each column takes from it."""
    rng = np.random.default_rng(seed)
    fold = rng.permutation(len(rows)) % 3
    values: list[float] = []
    drops: dict[str, list[float]] = {name: [] for name in rows.names}
    for one in range(3):
        train, test = rows.take(np.flatnonzero(fold != one)), rows.take(np.flatnonzero(fold == one))
        if len(np.unique(train.target)) < 2 or len(np.unique(test.target)) < 2:
            continue
        told = fit("boosting", train, seed)[0]
        whole = auc(test.target == 1, told(test))
        values.append(whole)
        if not with_drops or whole < WEAK:
            continue
        for place, name in enumerate(rows.names):
            mixed = test.values.copy()
            mixed[:, place] = rng.permutation(mixed[:, place])
            drops[name].append(whole - auc(test.target == 1, told(replace(test, values=mixed))))
    mean = float(np.mean(values)) if values else 0.5
    return mean, {name: float(np.mean(each)) for name, each in drops.items() if each}
