"""Learning curves: the error at growing numbers of rows, and what it will be at more.

Three families are fitted, each as `asymptote + amplitude · g(n)` with both parts at least zero:

- pow3: g(n) = n^−c
- pow4: g(n) = (n + d)^−c
- mmf4: g(n) = b / (b + n^d)   (Morgan, Mercer and Flodin 1975)

These are the families that extrapolate best in LCDB (Mohr et al., ECML 2022; LCDB 1.1, arXiv 2505.15657). For a given
shape (c, d, b) the fit is linear, so each family is a grid of shapes, each solved in closed form. The prediction of a
family is the mean over its shapes, weighted by their likelihood; that of the ensemble the median of the families.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FAMILIES = ("pow3", "pow4", "mmf4")
MIN_ANCHORS = 4
"""With fewer sizes than this nothing is extrapolated: four numbers decide the curve."""

WIDEN = 1.3
"""Factor on the spread of the fits, chosen on half of the curves of `benchmarks/assess_curves.py`."""
STILL_FALLING = 0.25
"""What a fall foreseen adds to the spread, as a share of it: it has not been seen yet."""
Z90 = 1.6449


@dataclass(frozen=True)
class Curve:
    """Errors at growing sizes: `size` rows trained on, mean `error`, its standard error `spread`; float64[k]."""

    size: Floats
    error: Floats
    spread: Floats


@dataclass(frozen=True)
class Extrapolation:
    """What is foreseen at the sizes `at`: `expected`, and `lower` to `upper`, which hold it nine times in ten."""

    at: Floats
    expected: Floats
    scale: Floats
    families: dict[str, Floats]

    @property
    def lower(self) -> Floats:
        """The lower edge of the 90 % band; an error is never below 0."""
        return np.maximum(self.expected - Z90 * self.scale, 0.0)

    @property
    def upper(self) -> Floats:
        """The upper edge of the 90 % band."""
        return self.expected + Z90 * self.scale

    def chance(self, needed: float) -> Floats:
        """The probability that the error is at most `needed`, at each of the sizes."""
        away = (needed - self.expected) / (self.scale * math.sqrt(2.0))
        return np.array([0.5 * (1.0 + math.erf(float(one))) for one in away])


def extrapolate(curve: Curve, at: Sequence[float] | Floats) -> Extrapolation:
    """Foresee the error at the sizes `at`, which may lie within the curve or beyond it.

    `scale` has three parts, added as squares: how far apart fits of about equal likelihood are (`WIDEN`), how much of
    the expected value is a fall that was not seen yet (`STILL_FALLING`), and the noise of the last point.
    """
    wanted = np.asarray(at, dtype=np.float64)
    noise = _noise(curve)
    means, variances = zip(*(_family(name, curve, noise, wanted) for name in FAMILIES), strict=True)
    stacked = np.array(means)
    expected = np.median(stacked, axis=0)
    spread = np.mean(variances, axis=0) + np.var(stacked, axis=0)
    unseen = np.where(wanted > curve.size[-1], STILL_FALLING * (curve.error[-1] - expected), 0.0)
    scale = np.sqrt(WIDEN**2 * spread + unseen**2 + noise[-1] ** 2)
    return Extrapolation(wanted, expected, scale, dict(zip(FAMILIES, means, strict=True)))


def ill_behaved(curve: Curve) -> str | None:
    """What keeps a curve from being trusted, in words: it rises, or falls faster late than early (LCDB: about 15 %)."""
    if len(curve.size) < MIN_ANCHORS:
        return f"only {len(curve.size)} sizes could be measured; {MIN_ANCHORS} are needed to extrapolate"
    sure = 2.0 * np.hypot(curve.spread[:-1], curve.spread[1:])
    lowest = int(np.argmin(curve.error))
    rise = curve.error[-1] - curve.error[lowest]
    noise = 2.5 * math.hypot(curve.spread[-1], curve.spread[lowest])
    if lowest < len(curve.error) - 1 and rise > max(noise, 0.02 * float(curve.error.max())):
        return (
            f"the error rises again from {curve.error[lowest]:.3g} at {curve.size[lowest]:,.0f} rows "
            f"to {curve.error[-1]:.3g} at {curve.size[-1]:,.0f}"
        )
    falls = curve.error[:-1] - curve.error[1:]
    middle = len(falls) // 2
    early, late = falls[:middle], falls[middle:]
    if len(late) and late.sum() > 2.0 * abs(early.sum()) + sure.max() and late.sum() > 0.1 * curve.error[0]:
        return "the error falls faster late than early: what comes next cannot be told from what was seen"
    return None


def rows_needed(curve: Curve, needed: float, *, chance: float = 0.5, most: float = 1e9) -> float | None:
    """The fewest rows at which the error is at most `needed` with probability `chance`; None: not within `most`."""
    at = np.geomspace(max(float(curve.size[0]), 2.0), most, 400)
    reached = np.flatnonzero(extrapolate(curve, at).chance(needed) >= chance)
    return float(at[reached[0]]) if len(reached) else None


def _noise(curve: Curve) -> Floats:
    """The standard error of each point, never below a thousandth of the error nor a fifth of the median spread."""
    floor = max(0.2 * float(np.median(curve.spread)), 0.001 * float(np.abs(curve.error).max()), 1e-9)
    return np.maximum(curve.spread, floor)


@lru_cache(maxsize=4)
def _shapes(name: str) -> tuple[tuple[float, float], ...]:
    if name == "pow3":
        return tuple((float(c), 0.0) for c in np.linspace(0.05, 1.6, 63))
    if name == "pow4":
        return tuple((float(c), float(d)) for c in np.linspace(0.1, 1.6, 31) for d in (0, 5, 20, 60, 200, 600))
    return tuple((float(d), float(b)) for d in np.linspace(0.15, 1.6, 30) for b in np.geomspace(0.3, 3000.0, 14))


def _basis(name: str, size: Floats) -> Floats:
    """g(n) for each shape: float64[shapes, len(size)]."""
    first, second = np.array(_shapes(name)).T[..., None]
    n = size[None, :]
    if name == "mmf4":
        return np.asarray(second / (second + n**first))
    return np.asarray((n + second) ** -first)


def _family(name: str, curve: Curve, noise: Floats, at: Floats) -> tuple[Floats, Floats]:
    """The likelihood-weighted mean and variance over the shapes of a family, at the sizes `at`."""
    weight = 1.0 / noise**2
    g = _basis(name, curve.size)
    amplitude, asymptote = _non_negative(g, curve.error, weight)
    residual = curve.error - asymptote[:, None] - amplitude[:, None] * g
    misfit = (weight * residual**2).sum(axis=1)
    # Curves are no exact power laws: where even the best shape misfits, the noise is taken as that much larger.
    excess = max(float(misfit.min()) / max(len(curve.size) - 3, 1), 1.0)
    likelihood = np.exp(-0.5 * (misfit - misfit.min()) / excess)
    likelihood /= likelihood.sum()
    foreseen = asymptote[:, None] + amplitude[:, None] * _basis(name, at)
    mean = likelihood @ foreseen
    return mean, likelihood @ (foreseen - mean) ** 2


def _non_negative(g: Floats, error: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Amplitude and asymptote, both ≥ 0, that fit best; one pair a shape."""
    w = weight.sum()
    mean_g, mean_e = (g * weight).sum(axis=1) / w, float((error * weight).sum() / w)
    covariance = (weight * (g - mean_g[:, None]) * (error - mean_e)).sum(axis=1)
    variance = np.maximum((weight * (g - mean_g[:, None]) ** 2).sum(axis=1), 1e-300)
    amplitude = np.maximum(covariance / variance, 0.0)
    asymptote = mean_e - amplitude * mean_g
    through_zero = (weight * g * error).sum(axis=1) / np.maximum((weight * g**2).sum(axis=1), 1e-300)
    is_below = asymptote < 0.0
    return np.where(is_below, through_zero, amplitude), np.where(is_below, 0.0, asymptote)
