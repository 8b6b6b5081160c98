"""From evidence to false alerts a month: the tail of the evidence, learned online.

Two levels of evidence are tracked by stochastic approximation of quantiles (Robbins and Monro 1951), on the logarithm of the evidence:
the one that news exceeds `OFTEN` times a month and the one it exceeds `SELDOM` times. Between and just beyond them the rate falls as
a power of the evidence (a Pareto tail through both, Pickands 1975). A level moves by a bounded step whatever the size of an anomaly, so an
incident teaches the calibration no more than a false alert would.

What is tracked is news: evidence that an incident has already been told of does not count again. After evidence m the series must exceed
`m * exp(MARGIN)`, a bound that falls back to m within `MEMORY_S`; so a cluster counts once (declustering, Leadbetter 1983), and what
keeps happening stops being news.
"""

from __future__ import annotations

import math

from numba import njit

from watchkeeper.detect import layout as at

OFTEN, SELDOM = 8.0, 2.0
"""Exceedances a month of the two levels."""
DECADES = math.log10(OFTEN / SELDOM)
PRIOR_OFTEN, PRIOR_SELDOM = 0.80, 1.0
"""Logarithms of the two levels before anything is known."""
PRIOR_EVENTS, MOST_EVENTS = 3.0, 40.0
"""How many exceedances the prior is worth, and how many the past may weigh at most."""
GAIN = 0.17
"""Step of a level at its first exceedance, times the exceedances behind it: one over the density of log evidence, typically."""
FLATTEST, STEEPEST = 1.2, 6.0
"""Bounds of the decades of rate per unit of log evidence: lognormal amounts, and Gaussian noise."""
KNEE, SLOPE = 0.7, 3.0
"""Beyond this score nobody can tell how rare a value is; there the score grows by the same slope in every series, so that the
greatest surprises of different series stay comparable."""
MARGIN = 0.25 * math.log(10.0)
MEMORY_S = 8 * 3600
STALE = 4.0
"""Evidence that is no news counts this much less, in logarithms."""


@njit(cache=True, nogil=True)  # type: ignore[misc]
def news(slim, s, log_evidence, fade):  # type: ignore[no-untyped-def]
    """The part of the evidence that has not been told, as a logarithm; `fade` is how far what was told fades before this point."""
    told = slim[at.TOLD, s] - fade
    fresh = log_evidence if log_evidence > told else log_evidence - STALE
    slim[at.TOLD, s] = log_evidence + MARGIN if log_evidence > told else told
    return fresh


@njit(cache=True, nogil=True)  # type: ignore[misc]
def once_a_month(slim, s):  # type: ignore[no-untyped-def]
    """(logarithm of the evidence that is exceeded once a month, decades of rate per unit of log evidence around it)."""
    slope = min(max(DECADES / max(slim[at.SELDOM_LEVEL, s] - slim[at.OFTEN_LEVEL, s], 1e-3), FLATTEST), STEEPEST)
    return slim[at.SELDOM_LEVEL, s] + math.log10(SELDOM) / slope, slope


@njit(cache=True, nogil=True)  # type: ignore[misc]
def tail_score(fresh, once, slope):  # type: ignore[no-untyped-def]
    """-log10(false alerts a month at this evidence)."""
    score = (fresh - once) * slope
    return score if score <= KNEE else KNEE + (fresh - once - KNEE / slope) * SLOPE


@njit(cache=True, nogil=True)  # type: ignore[misc]
def learn_tail(slim, s, fresh, months, steps_per_month):  # type: ignore[no-untyped-def]
    """Move the two levels towards this point's news; `months` is how long the series has been watched."""
    gain = GAIN / min(PRIOR_EVENTS + OFTEN * months, MOST_EVENTS)
    slim[at.OFTEN_LEVEL, s] += gain * ((1.0 if fresh > slim[at.OFTEN_LEVEL, s] else 0.0) - OFTEN / steps_per_month)
    gain = GAIN / min(PRIOR_EVENTS + SELDOM * months, MOST_EVENTS)
    slim[at.SELDOM_LEVEL, s] += gain * ((1.0 if fresh > slim[at.SELDOM_LEVEL, s] else 0.0) - SELDOM / steps_per_month)
    if slim[at.SELDOM_LEVEL, s] < slim[at.OFTEN_LEVEL, s]:
        slim[at.SELDOM_LEVEL, s] = slim[at.OFTEN_LEVEL, s]
