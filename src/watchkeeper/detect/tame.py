"""The tame channel: the residual beside level, day and week, judged by its own calibrated tail.

Heavy-tailed bounds are right for wild series and far too cautious for tame ones. A series counts as tame once its
season, or its flat level with independent noise, has proved itself for two weeks; then the residual over one step,
three steps and a third of a day, each against its own running mean, is as surprising as `tail` says. Two prices keep
the promise on series that only look tame: kurtosis beyond a Gaussian's, and own alerts beyond one a month.
"""

from __future__ import annotations

import math

from numba import njit

from watchkeeper.detect import layout as at
from watchkeeper.detect import tail
from watchkeeper.detect.baseline import LEAST_SPREAD, MEAN_TO_SIGMA, RELEARN_DAYS

ROBUST = 4.0
"""A residual counts at most this much in sums over several steps."""
PROVEN_DAYS = 14.0
JUDGED_DAYS = 8.0
PROOF = 0.4
"""Season is proven below this ratio of mean |residual| to mean |x - slow level|."""
FLAT_CORRELATION, FLAT_CLUMPING = 0.35, 0.15
"""A flat series counts as tame below these autocorrelations of its residuals and of their sizes."""
TAME, WILD = 1.9, 4.5
"""Mean square over squared mean that is still tame (Gaussian 1.57, Laplace 2); price per unit above."""
TRUST, TRUST_MONTHS = 3.0, 4.0
"""Price per decade of own alerts above once a month; months of good conduct given in advance."""
POINTS_PER_PRICE = 60.0
"""The price is at most a month's points over this: of a day's value there are thirty a month, whose own tail tells how
rare one is; of five minutes' there are 8,766, and what looks tame must be cheap to have been wrong about."""
KNEE = 1.0
"""Beyond this score nobody can tell how rare a value is: it grows by its logarithm."""
BIAS = 0.1
"""Makes the average tame family right."""
QUIET = 0.02
"""Expected and seen below this share of the slow level: a closed hour, which proves nothing."""
SETTLE_DAYS = 1.25
"""A change that lasts longer is accepted."""
SAME_SIDE = 0.5
"""Sums count only while the present residual points the same way by this much: no alarm after the end."""
MOST_ABSOLUTE = 6.0


@njit(nogil=True, error_model="numpy")
def begin(slim, month):  # type: ignore[no-untyped-def]
    """What a Gaussian would teach."""
    slim[at.MEAN_1] = slim[at.MEAN_3] = slim[at.ABSOLUTE] = 0.8
    slim[at.MEAN_LONG] = 0.35
    slim[at.KURTOSIS] = 1.0
    slim[at.CLUMPING] = 0.64
    slim[at.SINCE] = 1e9
    tail.begin(slim, at.TAIL, month)
    tail.begin(slim, at.TAIL + at.TAIL_ROWS, month)


@njit(nogil=True, error_model="numpy")
def price(slim, days, week_weight, month):  # type: ignore[no-untyped-def]
    """What is taken off the surprise: the most there is while the series has not proved to be tame, and infinite while
    there was no time for it.
    """
    if days < PROVEN_DAYS:
        return math.inf
    most = month / POINTS_PER_PRICE
    error = week_weight * slim[at.TAME_WEEK_ERROR] + (1.0 - week_weight) * slim[at.TAME_DAY_ERROR]
    if not error < PROOF * slim[at.SPAN]:
        square = float(slim[at.ABSOLUTE]) * slim[at.ABSOLUTE]
        clump = (slim[at.CLUMPING] - square) / max(slim[at.KURTOSIS] - square, 1e-12)
        if not (slim[at.CORRELATION] < FLAT_CORRELATION and clump < FLAT_CLUMPING):
            return most - BIAS
    trust = max((TRUST_MONTHS + slim[at.EVENTS]) / (TRUST_MONTHS + (days - JUDGED_DAYS) / 30.44), 1.0)
    wild = slim[at.KURTOSIS] / (float(slim[at.ABSOLUTE]) * slim[at.ABSOLUTE]) - TAME
    return min(TRUST * math.log10(trust) + WILD * max(wild, 0.0), most) - BIAS


@njit(nogil=True, error_model="numpy")
def half_band(slim, side, cost, scale, month):  # type: ignore[no-untyped-def]
    """Distance from the expected value at which one value alone reaches once a month; infinite while not tame."""
    if not cost < math.inf:
        return math.inf
    wanted = cost if cost <= KNEE else KNEE + 10.0 ** min(cost - KNEE, 3.0) - 1.0
    size = tail.size_of(slim, at.TAIL + side * at.TAIL_ROWS, wanted, month)
    return size * MEAN_TO_SIGMA * max(float(slim[at.MEAN_1]), 0.2) * scale


@njit(nogil=True, error_model="numpy")
def judge(wide, slim, z, widen, cost, days, per_day, month, spread, has_day, mid, value):  # type: ignore[no-untyped-def]
    """(score, whether this is an incident, whether the level is accepted as moved); then learns the residual z."""
    width = min(max(per_day / 3.0, 7.0), 96.0)
    clipped = min(max(z, -ROBUST), ROBUST)
    three = clipped + slim[at.Z_1] + slim[at.Z_2]
    long = slim[at.Z_LONG] + 2.0 / (width + 1.0) * (clipped - slim[at.Z_LONG])
    by_one = z / (MEAN_TO_SIGMA * max(float(slim[at.MEAN_1]), 0.2)) / widen
    by_three = three / (MEAN_TO_SIGMA * max(float(slim[at.MEAN_3]), 0.2)) / widen
    by_long = long / (MEAN_TO_SIGMA * max(float(slim[at.MEAN_LONG]), 0.05)) / widen
    up, down = by_one, -by_one
    if z > SAME_SIDE:
        up = max(up, by_three, by_long)
    if z < -SAME_SIDE:
        down = max(down, -by_three, -by_long)
    above, below = at.TAIL, at.TAIL + at.TAIL_ROWS
    if up - slim[above] >= down - slim[below]:
        surprise = tail.surprise(slim, above, up, month)
    else:
        surprise = tail.surprise(slim, below, down, month)
    knee = surprise if surprise <= KNEE else KNEE + math.log10(1.0 + min(surprise - KNEE, 1e3))
    incident = surprise >= 0.0 and days >= JUDGED_DAYS
    slow = abs(wide[at.SLOW])
    quiet = (has_day and spread < 1.02 * LEAST_SPREAD) or (abs(mid) < QUIET * slow and abs(value) < QUIET * slow)
    gap = max(3.0, width)
    if incident:
        slim[at.EVENTS] += 1.0 if slim[at.SINCE] > gap else 0.5 / gap
        slim[at.SINCE] = 0.0
        slim[at.OUTSIDE] += 1.0
        slim[at.OUTSIDE_MEAN] += (value - mid - slim[at.OUTSIDE_MEAN]) / min(slim[at.OUTSIDE], width)
    else:
        slim[at.SINCE] += 1.0
        if slim[at.OUTSIDE] > 0.0:
            slim[at.OUTSIDE] = max(slim[at.OUTSIDE] - 2.0, 0.0)
            if slim[at.OUTSIDE] == 0.0:
                slim[at.OUTSIDE_MEAN] = 0.0
    if days >= 7.0:
        memory = slim[at.SEEN] - 7.0 * per_day + 100.0
        tail.learn(slim, above, up, month, gap, memory)
        tail.learn(slim, below, down, month, gap, memory)
    learn_moments(slim, z, three, long, days, per_day, incident, quiet)
    slim[at.Z_2] = slim[at.Z_1]
    slim[at.Z_1] = clipped
    slim[at.Z_LONG] = long
    moved = slim[at.OUTSIDE] >= min(max(SETTLE_DAYS * per_day, 10.0), 144.0)
    return knee - cost, incident, moved


@njit(nogil=True, error_model="numpy")
def learn_moments(slim, z, three, long, days, per_day, incident, quiet):  # type: ignore[no-untyped-def]
    """Sizes, autocorrelations and kurtosis of the residuals; closed hours and incidents prove nothing."""
    size = abs(z)
    if not incident and days >= JUDGED_DAYS and not quiet:
        rate = 1.0 / min(slim[at.SEEN] - 7.0 * per_day + 50.0, 60.0 * max(per_day, 10.0))
        slim[at.MEAN_1] += rate * (min(size, 4.0) - slim[at.MEAN_1])
        slim[at.MEAN_3] += rate * (min(abs(three), 4.0 * slim[at.MEAN_3]) - slim[at.MEAN_3])
        slim[at.MEAN_LONG] += rate * (min(abs(long), 4.0 * slim[at.MEAN_LONG]) - slim[at.MEAN_LONG])
        product = min(max(z, -3.0), 3.0) * min(max(float(slim[at.Z_1]), -3.0), 3.0)
        slim[at.CORRELATION] += rate * (
            product / (float(slim[at.MEAN_1]) * slim[at.MEAN_1] * 1.57) - slim[at.CORRELATION]
        )
    if days >= JUDGED_DAYS and not (incident and slim[at.OUTSIDE] > 1.0) and not quiet:
        rate = 1.0 / min(slim[at.SEEN] - JUDGED_DAYS * per_day + 30.0, 45.0 * max(per_day, 10.0))
        size = min(size, MOST_ABSOLUTE)
        slim[at.ABSOLUTE] += rate * (size - slim[at.ABSOLUTE])
        slim[at.KURTOSIS] += rate * (size * size - slim[at.KURTOSIS])
        slim[at.CLUMPING] += rate * (size * slim[at.LAST_ABSOLUTE] - slim[at.CLUMPING])
        slim[at.LAST_ABSOLUTE] = size


@njit(nogil=True, error_model="numpy")
def accept(wide, slim, per_day):  # type: ignore[no-untyped-def]
    """The level has moved for good."""
    wide[at.LEVEL] += slim[at.OUTSIDE_MEAN]
    forget_run(slim, per_day)


@njit(nogil=True, error_model="numpy")
def forget_run(slim, per_day):  # type: ignore[no-untyped-def]
    """After the level was set anew: sums begin again, the day is learned fast."""
    slim[at.RELEARN] = RELEARN_DAYS * per_day
    slim[at.OUTSIDE] = slim[at.OUTSIDE_MEAN] = slim[at.Z_1] = slim[at.Z_2] = slim[at.Z_LONG] = 0.0
