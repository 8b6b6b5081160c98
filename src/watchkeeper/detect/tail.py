"""From evidence to false alerts a month: the tail of the evidence, learned online.

Two levels of evidence are tracked by stochastic approximation of quantiles (Robbins and Monro 1951), on the logarithm
of the evidence: the one that news exceeds `OFTEN` times a month and the one it exceeds `SELDOM` times. Between and
just beyond them the rate falls as a power of the evidence (a Pareto tail through both, Pickands 1975). A level moves
by a bounded step whatever the size of an anomaly, so an incident teaches the calibration no more than a false alert
would.

What is tracked is news: evidence that an incident has already been told of does not count again. After evidence m the
series must exceed `m * exp(MARGIN)`, a bound that falls back to m within `MEMORY_S`; so a cluster counts once
(declustering, Leadbetter 1983), and what keeps happening stops being news.
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
PRIOR_POWER = 1.3
"""Exponent of the evidence in the logarithm of its tail, for carrying the prior over to other steps."""
PRIOR_EVENTS, MOST_EVENTS = 3.0, 40.0
"""How many exceedances the prior is worth, and how many the past may weigh at most."""
GAIN = 0.2
"""Step of a level at its first exceedance, times the exceedances behind it: one over the density of log evidence,
typically."""
LEAST_SPREAD, MOST_SPREAD = 0.1, 0.45
"""Bounds of the distance of the two levels: Gaussian noise, and the heaviest tail that is believed; what lies further
out is incidents, which must not raise the level they are measured against."""
KNEE, SLOPE = 0.7, 3.0
"""Beyond this score nobody can tell how rare a value is; there the score grows by the same slope in every series, so
that the greatest surprises of different series stay comparable."""
MARGIN = 0.15 * math.log(10.0)
MEMORY_S = 4 * 3600
STALE = 4.0
"""Evidence that is no news counts this much less, in logarithms."""


@njit(inline="always")
def prior_level(level, rate, steps_per_month):  # type: ignore[no-untyped-def]
    """The prior of a level: that of an hourly series, less where steps are longer and the same rate is a larger share
    of them.
    """
    hourly = -math.log(rate * 3600.0 / at.MONTH_S)
    own = max(-math.log(rate / steps_per_month), 0.3)
    return level + min(math.log(own / hourly) / PRIOR_POWER, 0.0)


@njit(inline="always")
def news(slim, s, log_evidence, fade):  # type: ignore[no-untyped-def]
    """(the part of the evidence that has not been told, what is told after it), as logarithms.

    `fade` is how far what was told has faded since the last value.
    """
    told = slim[at.TOLD, s] - fade
    if log_evidence > told:
        return log_evidence, log_evidence + MARGIN
    return log_evidence - STALE, told


@njit(inline="always")
def once_a_month(slim, s):  # type: ignore[no-untyped-def]
    """(logarithm of the evidence that is exceeded once a month, decades of rate per unit of log evidence around it)."""
    slope = DECADES / max(slim[at.SELDOM_LEVEL, s] - slim[at.OFTEN_LEVEL, s], LEAST_SPREAD)
    return slim[at.SELDOM_LEVEL, s] + math.log10(SELDOM) / slope, slope


@njit(inline="always")
def tail_score(fresh, once, slope):  # type: ignore[no-untyped-def]
    """-log10(false alerts a month at this evidence)."""
    score = (fresh - once) * slope
    return score if score <= KNEE else KNEE + (fresh - once - KNEE / slope) * SLOPE


@njit(inline="always")
def learn_tail(slim, s, fresh, months, steps_per_month):  # type: ignore[no-untyped-def]
    """Move the two levels towards this point's news; `months` is how long the series has been watched."""
    gain = GAIN / min(PRIOR_EVENTS + OFTEN * months, MOST_EVENTS)
    move = gain * ((1.0 if fresh > slim[at.OFTEN_LEVEL, s] else 0.0) - OFTEN / steps_per_month)
    slim[at.OFTEN_LEVEL, s] += move
    often = slim[at.OFTEN_LEVEL, s]
    events = PRIOR_EVENTS + SELDOM * months
    slim[at.SELDOM_LEVEL, s] += (GAIN / min(events, MOST_EVENTS)) * (
        (1.0 if fresh > slim[at.SELDOM_LEVEL, s] else 0.0) - SELDOM / steps_per_month
    ) + move * (PRIOR_EVENTS / events)  # while little is known of the seldom, it goes along with the often
    slim[at.SELDOM_LEVEL, s] = min(max(slim[at.SELDOM_LEVEL, s], often + LEAST_SPREAD), often + MOST_SPREAD)
