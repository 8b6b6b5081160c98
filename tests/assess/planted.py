"""Made-up tables with a planted leak, a planted proxy of a protected attribute, or neither."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

KINDS = ("clean", "copy", "after", "filled", "alone", "category", "pair")


class Case(NamedTuple):
    """A table with target y and protected attribute `group`; the leaks and carriers that were planted."""

    table: pa.Table
    kind: str
    leaks: frozenset[str]
    carriers: frozenset[str]


def planted(kind: str, seed: int, n: int = 1500) -> Case:
    """Six honest columns, which tell the target a little, and what is planted.

    `copy`: the target with 1 to 4 % wrong; `after`: a number 4 to 7 deviations apart; `filled`: there only where the
    target is. `alone`: a number 0.8 to 2 deviations apart between groups; `category`: a code that 65 to 90 % share;
    `pair`: two columns, neither of which tells the group, that do together.
    """
    rng = np.random.default_rng(seed)
    group = (rng.random(n) < rng.uniform(0.25, 0.6)).astype(int)
    honest = {f"c{one}": rng.normal(size=n) for one in range(5)}
    effect = rng.uniform(0.2, 0.9, 3)
    score = effect @ np.array([honest["c0"], honest["c1"], honest["c2"]]) + rng.uniform(-1.5, 0.5)
    y = (rng.random(n) < 1 / (1 + np.exp(-score))).astype(int)
    columns: dict[str, object] = {"y": y, "group": [("a", "b")[one] for one in group], **honest}
    columns["shop"] = [("north", "south", "east", "west")[one] for one in rng.integers(0, 4, n)]
    leaks: set[str] = set()
    carriers: set[str] = set()
    match kind:
        case "copy":
            columns["closed"] = np.where(rng.random(n) < rng.uniform(0.01, 0.04), 1 - y, y)
            leaks = {"closed"}
        case "after":
            columns["duration"] = y * rng.uniform(4, 7) + rng.normal(size=n)
            leaks = {"duration"}
        case "filled":
            exception = rng.random(n) < rng.uniform(0, 0.04)
            columns["reason"] = np.where((y == 1) ^ exception, rng.normal(size=n), np.nan)
            leaks = {"reason"}
        case "alone":
            columns["height"] = group * rng.uniform(0.8, 2.0) + rng.normal(size=n)
            carriers = {"height"}
        case "category":
            share = rng.uniform(0.65, 0.9)
            own = np.where(group == 1, rng.integers(0, 3, n), rng.integers(3, 6, n))
            columns["area"] = [f"area-{one}" for one in np.where(rng.random(n) < share, own, rng.integers(0, 6, n))]
            carriers = {"area"}
        case "pair":
            first = rng.integers(0, 2, n)
            second = np.where(rng.random(n) < rng.uniform(0.85, 0.97), first ^ group, rng.integers(0, 2, n))
            columns["plan"], columns["device"] = first + rng.normal(0, 0.1, n), second + rng.normal(0, 0.1, n)
            carriers = {"plan", "device"}
    return Case(pa.table(columns), kind, frozenset(leaks), frozenset(carriers))
