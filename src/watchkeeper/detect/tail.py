"""The calibrated tail of one side of a statistic: from its size to -log10(false alerts a month).

Peaks over a threshold (Pickands 1975; Davison and Smith 1990): the threshold is an online quantile, exceedances are
clustered, and the excess (s^2 - u^2) / 2 of a cluster's peak, exponential where the noise is Gaussian, has a
generalised Pareto tail whose shape comes from its first two moments (Hosking and Wallis 1987), shrunk towards the
exponential.
"""

from __future__ import annotations

import math

from numba import njit

LEVEL, RATE, PEAK, GAP, COUNT, EXCESS, SQUARE, LENGTH = range(8)
"""Rows of one side: threshold; clusters per point; peak of the present cluster, points since it was last exceeded;
clusters seen, mean and mean square of their excesses; points of the present cluster."""
PRIOR_CLUSTERS, PRIOR_EXCESS = 10.0, 1.2
SHAPE_CLUSTERS = 30.0
"""The shape is shrunk as if so many clusters had an exponential tail."""
MOST_CLUSTERS = 200.0
MOST_SHAPE = 0.7
MOST_EXCESS = 10.0
"""An excess teaches at most so many mean excesses."""
LONGEST = 3.0
"""A cluster lasts at most so many gaps."""
LN10 = math.log(10.0)


@njit(nogil=True, error_model="numpy")
def share(month):  # type: ignore[no-untyped-def]
    """Share of the points that lie beyond the threshold."""
    return min(max(0.67 / math.sqrt(month), 0.005), 0.1)


@njit(nogil=True, error_model="numpy")
def begin(slim, side, month):  # type: ignore[no-untyped-def]
    """The tail of a Gaussian, with the weight of a few clusters."""
    beyond = share(month)
    slim[side + LEVEL] = 2.3 if beyond < 0.06 else 1.7
    slim[side + RATE] = 0.6 * beyond
    slim[side + GAP] = 1e9
    slim[side + EXCESS] = PRIOR_EXCESS
    slim[side + SQUARE] = 2.0 * PRIOR_EXCESS * PRIOR_EXCESS


@njit(nogil=True, error_model="numpy")
def shape(slim, side):  # type: ignore[no-untyped-def]
    """Shape of the excesses, 0 where they are exponential."""
    mean, count = float(slim[side + EXCESS]), float(slim[side + COUNT])
    variance = slim[side + SQUARE] - mean * mean
    if variance <= 0.0:
        return 0.0
    return min(max(0.5 * (1.0 - mean * mean / variance) * count / (count + SHAPE_CLUSTERS), 0.0), MOST_SHAPE)


@njit(nogil=True, error_model="numpy")
def surprise(slim, side, size, month):  # type: ignore[no-untyped-def]
    """-log10(clusters a month, of both sides, that go beyond `size`)."""
    level, mean = float(slim[side + LEVEL]), float(slim[side + EXCESS])
    excess = 0.5 * (max(size, 0.0) * max(size, 0.0) - level * level)
    base = -math.log10(2.0 * slim[side + RATE] * month)
    heavy = shape(slim, side)
    if excess <= 0.0 or heavy < 1e-3:
        return base + excess / mean / LN10
    return base + math.log10(1.0 + heavy * excess / (mean * (1.0 - heavy))) / heavy


@njit(nogil=True, error_model="numpy")
def size_of(slim, side, wanted, month):  # type: ignore[no-untyped-def]
    """The size at which `surprise` is `wanted`: its inverse."""
    level, mean = float(slim[side + LEVEL]), float(slim[side + EXCESS])
    above = (wanted + math.log10(2.0 * slim[side + RATE] * month)) * LN10
    heavy = shape(slim, side)
    if above <= 0.0 or heavy < 1e-3:
        excess = above * mean
    else:
        excess = mean * (1.0 - heavy) / heavy * (math.exp(min(heavy * above, 50.0)) - 1.0)
    return math.sqrt(max(level * level + 2.0 * excess, 0.25))


@njit(nogil=True, error_model="numpy")
def learn(slim, side, size, month, gap, memory):  # type: ignore[no-untyped-def]
    """One value of the statistic. A cluster ends after `gap` points without an exceedance, or when it is too long."""
    level = float(slim[side + LEVEL])
    beyond = size > level
    begins = False
    excess = 0.5 * (size * size - level * level)
    if slim[side + PEAK] > 0.0:
        slim[side + LENGTH] += 1.0
        slim[side + GAP] = 0.0 if beyond else slim[side + GAP] + 1.0
        if beyond:
            slim[side + PEAK] = max(float(slim[side + PEAK]), min(excess, 1e30))
        if slim[side + GAP] > gap or slim[side + LENGTH] > LONGEST * gap:
            excess = min(float(slim[side + PEAK]), MOST_EXCESS * slim[side + EXCESS])
            slim[side + PEAK] = 0.0
            slim[side + COUNT] = min(slim[side + COUNT] + 1.0, MOST_CLUSTERS)
            weight = 1.0 / (PRIOR_CLUSTERS + slim[side + COUNT])
            slim[side + EXCESS] += weight * (excess - slim[side + EXCESS])
            slim[side + SQUARE] += weight * (excess * excess - slim[side + SQUARE])
    elif beyond:
        begins = True
        slim[side + PEAK] = min(max(excess, 1e-9), 1e30)
        slim[side + GAP] = slim[side + LENGTH] = 0.0
    slim[side + RATE] += ((1.0 if begins else 0.0) - slim[side + RATE]) / memory
    wanted = share(month)
    # About the reciprocal of a Gaussian's density over its tail.
    pace = 1.05 / (wanted * memory + 40.0)
    slim[side + LEVEL] = max(level + pace * ((1.0 if beyond else 0.0) - wanted), 0.5)
