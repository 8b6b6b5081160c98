"""The calibrated tail of one side of a statistic: from its size to -log10(false alerts a month).

Peaks over a threshold (Pickands 1975; Davison and Smith 1990): the threshold is an online quantile, exceedances are
clustered, and the excess (s^2 - u^2) / 2 of a cluster's peak, exponential where the noise is Gaussian, has a
generalised Pareto tail whose shape comes from its first two moments (Hosking and Wallis 1987), shrunk towards the
exponential.
"""

from __future__ import annotations

import math

from watchkeeper.detect.lanes import LANES, abreast, exp10, log10, root

LEVEL, RATE, PEAK, GAP, COUNT, EXCESS, SQUARE, LENGTH = range(0, 8 * LANES, LANES)
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
LEAST_SHAPE = 1e-3
"""Below, the tail is taken as exponential."""


@abreast
def share(month):
    """Share of the points that lie beyond the threshold."""
    return min(max(0.67 / math.sqrt(month), 0.005), 0.1)


@abreast
def begin(slim, side, month):
    """The tail of a Gaussian, with the weight of a few clusters."""
    beyond = share(month)
    slim[side + LEVEL] = 2.3 if beyond < 0.06 else 1.7
    slim[side + RATE] = 0.6 * beyond
    slim[side + GAP] = 1e9
    slim[side + EXCESS] = PRIOR_EXCESS
    slim[side + SQUARE] = 2.0 * PRIOR_EXCESS * PRIOR_EXCESS


@abreast
def shape(mean, square, count):
    """Shape of the excesses, 0 where they are exponential."""
    variance = square - mean * mean
    found = 0.5 * (variance - mean * mean) * count / (variance * (count + SHAPE_CLUSTERS))
    return min(max(found, 0.0), MOST_SHAPE) if variance > 0.0 else 0.0


@abreast
def surprise(size, level, rate, mean, heavy, month):
    """-log10(clusters a month, of both sides, that go beyond `size`)."""
    size = max(size, 0.0)
    excess = 0.5 * (size * size - level * level)
    base = -log10(2.0 * rate * month)
    beyond = max(excess, 0.0)
    is_heavy = (excess > 0.0) & (heavy >= LEAST_SHAPE)
    far = log10(1.0 + heavy * beyond / (mean * (1.0 - heavy))) / max(heavy, LEAST_SHAPE)
    return base + (far if is_heavy else excess / (mean * LN10))


@abreast
def size_of(slim, side, j, wanted, month):
    """The size at which `surprise` is `wanted`: its inverse."""
    level, mean = float(slim[side + LEVEL + j]), float(slim[side + EXCESS + j])
    above = wanted + log10(2.0 * slim[side + RATE + j] * month)
    heavy = shape(mean, float(slim[side + SQUARE + j]), float(slim[side + COUNT + j]))
    is_heavy = (above > 0.0) & (heavy >= LEAST_SHAPE)
    far = mean * (1.0 - heavy) / max(heavy, LEAST_SHAPE) * (exp10(min(heavy * above, 21.7)) - 1.0)
    excess = far if is_heavy else above * LN10 * mean
    return root(max(level * level + 2.0 * excess, 0.25))


@abreast
def learn(slim, side, j, size, month, gap, memory, share_now, is_taught):
    """One value of the statistic; `share_now` is one over `memory`. A cluster ends after `gap` points without an
    exceedance, or when it is too long.
    """
    level, rate = float(slim[side + LEVEL + j]), float(slim[side + RATE + j])
    peak, since, length = float(slim[side + PEAK + j]), float(slim[side + GAP + j]), float(slim[side + LENGTH + j])
    count, mean, square = float(slim[side + COUNT + j]), float(slim[side + EXCESS + j]), float(slim[side + SQUARE + j])
    beyond = size > level
    is_open = peak > 0.0
    excess = 0.5 * (size * size - level * level)
    longer = length + 1.0
    quiet = 0.0 if beyond else since + 1.0
    top = max(peak, min(excess, 1e30)) if beyond else peak
    closes = is_taught & is_open & ((quiet > gap) | (longer > LONGEST * gap))
    begins = (not is_open) & beyond
    kept = min(top, MOST_EXCESS * mean)
    counted = min(count + 1.0, MOST_CLUSTERS)
    weight = 1.0 / (PRIOR_CLUSTERS + counted)
    slim[side + COUNT + j] = counted if closes else count
    slim[side + EXCESS + j] = mean + weight * (kept - mean) if closes else mean
    slim[side + SQUARE + j] = square + weight * (kept * kept - square) if closes else square
    opened = min(max(excess, 1e-9), 1e30) if begins else peak
    after = (0.0 if closes else top) if is_open else opened
    slim[side + PEAK + j] = after if is_taught else peak
    waited = quiet if is_open else (0.0 if begins else since)
    slim[side + GAP + j] = waited if is_taught else since
    lasted = longer if is_open else (0.0 if begins else length)
    slim[side + LENGTH + j] = lasted if is_taught else length
    slim[side + RATE + j] = rate + ((1.0 if begins else 0.0) - rate) * share_now if is_taught else rate
    wanted = share(month)
    # About the reciprocal of a Gaussian's density over its tail.
    pace = 1.05 / (wanted * memory + 40.0)
    moved = max(level + pace * ((1.0 if beyond else 0.0) - wanted), 0.5)
    slim[side + LEVEL + j] = moved if is_taught else level
