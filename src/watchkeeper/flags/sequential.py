"""How much better one variant is than another, with an interval that holds at every look (a confidence sequence).

An ordinary interval of 95 % looked at each hour is wrong far more often than once in twenty: who looks often enough
sees a harm that is not there. These hold for all times at once: the chance that the true difference is ever outside is
at most `alpha`, however often one looks and whenever one stops.

Shares (successes of trials). Of period i with n1, n0 trials, d_i is the difference of the shares and the weight
w_i = n1 n0 / (n1 + n0) (Mantel and Haenszel 1959): each period is compared with itself alone, so that neither a weekend
nor a step of the roll-out looks like an effect. With W = Σ w_i and
V = s1² Σ w_i²/n1 + s0² Σ w_i²/n0, s² = p (1 - p) of each variant so far, at least that of both together,

    Σ w_i d_i / W  ±  sqrt((V + ρ) ln((V + ρ) / (ρ alpha²))) / W

the normal mixture (Robbins 1970; Howard, Ramdas, McAuliffe, Sekhon: "Time-uniform, nonparametric, nonasymptotic
confidence sequences", Annals of Statistics 2021, eq. 14), which inverts the mixture sequential probability ratio test
(mSPRT) of Johari, Pekelis, Walsh ("Always valid inference", 2015; KDD 2017), there too with the variance put in as it
is estimated. ρ = s² TUNED: narrowest at about eight times TUNED trials.

Means (one value a period). Of the differences d_1 … d_n, with mean d and Q = Σ (d_i - d)², g = PRIOR, k = 1 + n g,

    d  ±  sqrt(Q / n · (q - 1) / (1 - q / k)),  q = (k / alpha²)^(1/n),  without end while q >= k

the t-test that may be stopped at any time (Lai 1976; Wang and Ramdas: "Anytime-valid t-tests and confidence sequences
for Gaussian means with unknown variance", 2023): exact for normal differences of which one does not tell of the next.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from watchkeeper.domain.errors import InputError

TUNED = 250.0
"""Trials (of both variants, harmonically) at which the interval of shares is tuned."""
PRIOR = 0.1
"""How large an effect on means is looked for, as a variance in units of that of the differences."""

Floats = NDArray[np.float64]


class Intervals(msgspec.Struct, frozen=True, kw_only=True):
    """After each period: the difference of the variants and its interval, float64[n]; NaN while nothing is known."""

    estimate: Floats
    lower: Floats
    upper: Floats


def of_shares(
    successes: Floats, trials: Floats, other_successes: Floats, other_trials: Floats, *, alpha: float, least: int = 0
) -> Intervals:
    """Share of the first minus share of the second after each period; all float64[n], NaN or 0 trials: no evidence.

    With fewer than `least` trials of either so far there is no interval. InputError where successes exceed trials.
    """
    given = (successes, trials, other_successes, other_trials)
    x1, n1, x0, n0 = (np.nan_to_num(np.asarray(one, np.float64)) for one in given)
    if (x1 > n1).any() or (x0 > n0).any() or min(one.min(initial=0.0) for one in (x1, n1, x0, n0)) < 0:
        raise InputError("there are more successes than trials: compare it as a mean instead")
    both = (n1 > 0) & (n0 > 0)
    x1, n1, x0, n0 = (np.where(both, one, 0.0) for one in (x1, n1, x0, n0))
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = np.where(both, n1 * n0 / (n1 + n0), 0.0)
        difference = np.where(both, x1 / n1 - x0 / n0, 0.0)
        own = [np.cumsum(np.where(both, weight**2 / n, 0.0)) for n in (n1, n0)]
        # Where the rarer variant has seen little, its own spread may be far too small: at least the common one.
        common = _spread(np.cumsum(x1 + x0), np.cumsum(n1 + n0))
        spread = [np.maximum(common, _spread(np.cumsum(x), np.cumsum(n))) for x, n in ((x1, n1), (x0, n0))]
        total = np.cumsum(weight)
        variance = spread[0] * own[0] + spread[1] * own[1]
        rho = TUNED * variance / total  # variance / total is the spread of one trial
        half = np.sqrt((variance + rho) * (np.log((variance + rho) / rho) - 2.0 * np.log(alpha))) / total
        estimate = np.cumsum(weight * difference) / total
    known = (total > 0) & (np.minimum(np.cumsum(n1), np.cumsum(n0)) >= least)
    return _shown(estimate, half, known)


def of_means(mean: Floats, other_mean: Floats, *, alpha: float) -> Intervals:
    """Mean of the first minus mean of the second after each period; float64[n], NaN: no evidence."""
    difference = np.asarray(mean, np.float64) - np.asarray(other_mean, np.float64)
    there = np.isfinite(difference)
    number = np.cumsum(there).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        # About the first difference, so that values far from zero lose no digits.
        first = difference[np.argmax(there)] if there.any() else 0.0
        moved = np.where(there, difference - first, 0.0)
        middle = np.cumsum(moved) / number
        about = np.maximum(np.cumsum(moved**2) / number - middle**2, 0.0)
        scale = 1.0 + number * PRIOR
        q = np.exp((np.log(scale) - 2.0 * np.log(alpha)) / number)
        half = np.where(q < scale, np.sqrt(about * (q - 1.0) / (1.0 - q / scale)), np.inf)
        estimate = first + middle
    return _shown(estimate, half, number > 0)


def _spread(successes: Floats, trials: Floats) -> Floats:
    """The variance of one trial, drawn towards a coin's while few: nothing seen is not nothing there."""
    share = (successes + 0.5) / (trials + 1.0)
    return np.asarray(share * (1.0 - share))


def _shown(estimate: Floats, half: Floats, known: NDArray[np.bool_]) -> Intervals:
    nothing = np.where(known, 0.0, np.nan)
    return Intervals(estimate=estimate + nothing, lower=estimate - half + nothing, upper=estimate + half + nothing)
