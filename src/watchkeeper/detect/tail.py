"""From evidence to false alerts a month: the tail of the evidence, learned online.

Two upper quantiles of the evidence are tracked by stochastic approximation (Robbins and Monro, 1951) on its logarithm; the tail
beyond them is that of a Weibull distribution through both, `-ln P(evidence > m) = c * m**k`. A quantile moves by a bounded step
whatever the size of an anomaly, so incidents hardly teach it. Points above the upper quantile come in clusters; the share that
begins one (the extremal index, Leadbetter 1983) turns points into incidents.
"""

from __future__ import annotations

import math

from numba import njit

from watchkeeper.detect import layout as at

NEAR, FAR = 0.05, 0.01
"""Shares of all points above the two quantiles, on each side."""
LN_NEAR, LN_FAR = math.log(NEAR), math.log(FAR)
SPREAD = math.log(LN_FAR / LN_NEAR)
PRIOR_NEAR, PRIOR_FAR = math.log(1.9), math.log(2.9)
PRIOR_CLUSTER = 0.6
LIGHTEST, HEAVIEST = 2.0, 0.4
"""Bounds of the Weibull exponent: a Gaussian tail, and one about as heavy as lognormal."""
CLUSTER_GAP = 3
LN10 = math.log(10.0)


@njit(cache=True, nogil=True)  # type: ignore[misc]
def exponent(near, far):  # type: ignore[no-untyped-def]
    """Weibull exponent of the tail through two log quantiles."""
    return min(max(SPREAD / max(far - near, 1e-3), HEAVIEST), LIGHTEST)


@njit(cache=True, nogil=True)  # type: ignore[misc]
def tail_score(evidence, near, far, incidents):  # type: ignore[no-untyped-def]
    """-log10(false alerts a month at this evidence); `incidents` is how many a month would begin if every point exceeded."""
    if evidence <= 1e-3:
        evidence = 1e-3
    k = exponent(near, far)
    return (-LN_FAR * math.exp(k * (math.log(evidence) - far)) - math.log(incidents)) / LN10


@njit(cache=True, nogil=True)  # type: ignore[misc]
def evidence_at(score, near, far, incidents):  # type: ignore[no-untyped-def]
    """The evidence whose score this is."""
    k = exponent(near, far)
    return math.exp(far + math.log(max(score * LN10 + math.log(incidents), 0.1) / -LN_FAR) / k)


@njit(cache=True, nogil=True)  # type: ignore[misc]
def learn_tail(slim, s, row, evidence, seen):  # type: ignore[no-untyped-def]
    """Move the two quantiles of one side towards this point's evidence."""
    rate = max(1.0 / (1.0 + 0.02 * seen), 0.03)
    above_near = evidence > math.exp(slim[row, s])
    above_far = evidence > math.exp(slim[row + 1, s])
    slim[row, s] += rate * 1.0 * ((1.0 if above_near else 0.0) - NEAR)
    slim[row + 1, s] += rate * 2.0 * ((1.0 if above_far else 0.0) - FAR)
    if slim[row + 1, s] < slim[row, s] + 0.05:
        slim[row + 1, s] = slim[row, s] + 0.05


@njit(cache=True, nogil=True)  # type: ignore[misc]
def learn_cluster(slim, s, is_above):  # type: ignore[no-untyped-def]
    """Learn whether exceedances come alone or in clusters."""
    if is_above:
        begins = 1.0 if slim[at.SINCE, s] > CLUSTER_GAP else 0.0
        slim[at.CLUSTER, s] += 0.05 * (begins - slim[at.CLUSTER, s])
        slim[at.SINCE, s] = 0
    else:
        slim[at.SINCE, s] += 1
