"""The triage model: a Gaussian process over the log-odds that an alert is real, with the calibrated score as its prior.

    log-odds(real | alert) = prior(score above the bar) + f(looks),   f ~ GP(0, K)
    K = team + family + series + sum over features of similarity in that feature
        + similarity in all features, more within a series + episode (same series, not long ago)
    P(answer "real") = WRONG + (1 - 2 WRONG) logistic(log-odds)

The additive terms let few answers speak of one feature at a time (Duvenaud, Nickisch and Rasmussen 2011, "Additive
Gaussian Processes"); the indicator terms pool series, siblings and team (Gelman and Hill 2007, chapter 12); the
likelihood lets any answer be a mistake. The posterior is Laplace's approximation (Rasmussen and Williams 2006,
section 3.4) with Fisher's information in place of the Hessian, since a likelihood with mistakes is not log-concave;
so f(x) = sum over answers of K(x, answer) alpha, and each answer's share in a verdict can be named.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from watchkeeper.learn.triage_looks import COLUMNS, FEATURES, UP, Looks

WRONG = 0.05
"""Share of answers that are mistakes."""
SLOPE = math.log(10.0)
"""Log-odds per decade of score below the bar: what is ten times as common by chance is a tenth as likely to be real."""
CAP = 2.0
"""Most that the score alone can say for an alert, in log-odds: far out, the tail it was calibrated on has run out, and
in both labelled sets the share of real alerts hardly rises further."""
TEAM, FAMILY, SERIES, EPISODE, FEATURE, ALIKE, ALIKE_HERE = 0.2, 0.2, 1.0, 1.0, 0.25, 0.5, 5.0
"""Prior variances of the log-odds, per term of K; a circular feature has half of FEATURE."""
EPISODE_S = 7 * 86_400
"""How long, in seconds, answers on a series still tell of the same episode: five answers on one bad day are not five
witnesses to what the series is always like."""
MISS_COST = 0.2
"""Log of what a missed alert costs in false ones (1.2): where answers cannot tell, the doubt is for telling."""
BREADTH = 2.0
"""How many lengths of single features two alerts may lie apart in all of them together and still be alike."""
OTHER_SIDE = 0.1
"""How much of what is said of rises holds for dips, and the other way round, as a correlation."""
CIRCULAR = ("hour", "weekday")
_ITERATIONS = 40
_ENOUGH = 1e-6


@dataclass(frozen=True)
class Answers:
    """m answers as the model sees them: looks, `is_real` bool[m], `weight` float64[m] (1: fresh, towards 0: faded)."""

    looks: Looks
    is_real: NDArray[np.bool_]
    weight: NDArray[np.float64]


@dataclass(frozen=True)
class Posterior:
    """What the answers made of the model: `alpha` float64[m], the pull of each answer in units of log-odds per
    covariance.
    """

    answers: Answers
    alpha: NDArray[np.float64]

    def shift(self, looks: Looks) -> NDArray[np.float64]:
        """float64[k]: f, what the answers add to the log-odds that alerts of these looks are real."""
        # Row by row: BLAS rounds otherwise where other rows stand beside, and the same alert must get the same bits.
        return np.asarray((covariance(looks, self.answers.looks) * self.alpha).sum(axis=1))


def prior(above: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-odds from the score alone, float64[k]; `-MISS_COST`, what it takes to tell, at the bar, so that without
    answers the bar decides. A straight line below the bar and a logarithm above it, with the same slope at the bar.
    """
    rise = np.minimum(np.log1p(SLOPE * np.maximum(above, 0.0)), CAP)
    return np.where(above < 0.0, SLOPE * above, rise) - MISS_COST


def above_for(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse of `prior`: decades above the bar that give these log-odds; infinite where no score does."""
    needed = log_odds + MISS_COST
    rise = np.where(needed > CAP, np.inf, np.expm1(np.clip(needed, 0.0, CAP)) / SLOPE)
    return np.where(needed < 0.0, needed / SLOPE, rise)


def terms(a: Looks, b: Looks) -> dict[str, NDArray[np.float64]]:
    """The terms of K between k looks and those of m answers, each float64[k, m], by name: features and those of record
    and likeness.

    Whether company counts at all is for the answers to say: a look must not change by what stands beside it.
    """
    found: dict[str, NDArray[np.float64]] = {}
    apart = np.zeros((len(a), len(b)))
    for place, name in enumerate(FEATURES):
        square = np.zeros_like(apart)
        for column in np.flatnonzero(np.equal(COLUMNS, place)):
            square += np.square(a.column[:, column][:, None] - b.column[:, column][None, :])
        is_given = name != "together" or b.column[:, -1].any()
        variance = (FEATURE / 2 if name in CIRCULAR else FEATURE) * is_given
        found[name] = variance * np.exp(-0.5 * square)
        apart += square
    same = a.series[:, None] == b.series[None, :]
    apart_s = np.abs(a.time[:, None] - b.time[None, :])
    found["series"] = SERIES * same
    found["episode"] = EPISODE * same * np.exp(-apart_s / EPISODE_S)
    found["alike"] = np.exp(-0.5 * apart / BREADTH**2) * (ALIKE + ALIKE_HERE * same)
    sides = np.where((a.column[:, UP] > 0)[:, None] == (b.column[:, UP] > 0)[None, :], 1.0, OTHER_SIDE)
    for term in found.values():
        term *= sides
    found["team"] = np.full_like(apart, TEAM)
    found["family"] = FAMILY * (a.family[:, None] == b.family[None, :])
    return found


def similar(a: Looks, b: Looks) -> NDArray[np.bool_]:
    """bool[k, m]: whether alerts look alike, all features together."""
    apart = sum(
        (np.square(a.column[:, k][:, None] - b.column[:, k][None, :]) for k in range(len(COLUMNS))), np.zeros(1)
    )
    return np.asarray(apart <= 2.0 * BREADTH**2, np.bool_)


def covariance(a: Looks, b: Looks) -> NDArray[np.float64]:
    """K between k looks and those of m answers, float64[k, m]: the sum of `terms`."""
    return np.asarray(sum(terms(a, b).values()))


def learn(answers: Answers) -> Posterior:
    """The posterior mode given the answers: Newton's method from f = 0 with halved steps, so the same answers give
    the same bits.
    """
    count = len(answers.is_real)
    alpha = np.zeros(count)
    if not count:
        return Posterior(answers, alpha)
    kernel = covariance(answers.looks, answers.looks)
    mean = prior(answers.looks.above)
    f = np.zeros(count)
    worth, slope, weight = _likelihood(mean + f, answers)
    for _ in range(_ITERATIONS):
        root = np.sqrt(weight)
        target = weight * f + slope
        system = np.eye(count) + root[:, None] * kernel * root
        change = target - root * np.linalg.solve(system, root * (kernel @ target)) - alpha
        for halving in range(12):
            tried = alpha + change * 0.5**halving
            f_tried = kernel @ tried
            worth_tried, slope_tried, weight_tried = _likelihood(mean + f_tried, answers)
            worth_tried -= 0.5 * float(tried @ f_tried)
            if worth_tried >= worth:
                break
        else:
            break
        gain = worth_tried - worth
        alpha, f, worth, slope, weight = tried, f_tried, worth_tried, slope_tried, weight_tried
        if gain < _ENOUGH:
            break
    return Posterior(answers, alpha)


def _likelihood(
    log_odds: NDArray[np.float64], answers: Answers
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """Log-likelihood of the answers, its gradient and Fisher's information, float64[m], in the log-odds."""
    real = 1.0 / (1.0 + np.exp(-log_odds))
    said_real = WRONG + (1.0 - 2.0 * WRONG) * real
    rise = (1.0 - 2.0 * WRONG) * real * (1.0 - real)
    chance = np.where(answers.is_real, said_real, 1.0 - said_real)
    slope = answers.weight * np.where(answers.is_real, rise, -rise) / chance
    information = answers.weight * np.square(rise) / (said_real * (1.0 - said_real))
    return float(answers.weight @ np.log(chance)), slope, information + 1e-9
