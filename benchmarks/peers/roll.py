"""Who is compared: one line a peer, without importing any of them."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.common import RARE, RARE_SIGMA, Floats, rarest


@dataclass(frozen=True)
class Peer:
    """A detector and how it is used.

    `adapter` is "module:function" in this folder; `needs` the packages beyond Watchkeeper's own; `bar` what its score
    must exceed for an alert, None where the alert is its own (Watchkeeper) or a rank among its past scores.
    """

    name: str
    slug: str
    adapter: str
    needs: tuple[str, ...]
    bar: float | None
    rule: str
    refit: str
    is_ours: bool = False
    tolerance: float = 1e-6
    """How far, relatively, a score may move when points are added after it: more where it rests on drawn numbers."""

    def missing(self) -> tuple[str, ...]:
        """Packages that are not installed."""
        return tuple(package for package in self.needs if importlib.util.find_spec(package) is None)

    def alerts(self, scores: Floats) -> NDArray[np.bool_]:
        """Where a person would be told, by the scores so far."""
        if self.bar is None:
            return rarest(scores)
        with np.errstate(invalid="ignore"):
            return scores > self.bar


ONE_IN_720 = f"1 in 720 of a normal ({RARE_SIGMA:.1f} σ)"
PEERS: tuple[Peer, ...] = (
    Peer("Watchkeeper", "ours", "ours:score", (), None, "its alerts, default setting", "online", is_ours=True),
    Peer("z-score, 14 days", "z-score", "z_score:score", (), 3.0, "3 σ, the usual rule", "online"),
    Peer("rolling median and MAD, 1 day", "median-mad", "median_mad:score", (), 3.5, "3.5, as published", "online"),
    Peer(
        "river HoltWinters + GaussianScorer",
        "river-holt-winters",
        "river:holt_winters",
        ("river",),
        1 - RARE,
        "score above 1 − 1/720",
        "online",
    ),
    Peer(
        "river HalfSpaceTrees",
        "river-half-space-trees",
        "river:half_space_trees",
        ("river",),
        None,
        "rarer than 1 in 720 of its past scores",
        "online",
    ),
    Peer(
        "PyOD PCA + KNN on lagged differences",
        "pyod",
        "pyod:score",
        ("pyod",),
        1.0,
        "contamination 1/720 in training",
        "daily, on 1,000 points",
    ),
    Peer("adtk SeasonalAD", "adtk", "adtk:score", ("adtk",), 1.0, "documented default, c = 3", "daily"),
    Peer(
        "Prophet interval",
        "prophet",
        "prophet:score",
        ("prophet",),
        RARE_SIGMA,
        ONE_IN_720,
        "daily, then weekly",
        tolerance=0.3,
    ),
    Peer("statsforecast MSTL", "mstl", "statsforecast:mstl", ("statsforecast",), RARE_SIGMA, ONE_IN_720, "daily"),
    Peer(
        "statsforecast AutoETS",
        "auto-ets",
        "statsforecast:auto_ets",
        ("statsforecast",),
        RARE_SIGMA,
        ONE_IN_720,
        "daily, then weekly; state online",
    ),
)
