"""The tame channel: the residual beside level, day and week, judged by its own calibrated tail.

Heavy-tailed bounds are right for wild series and far too cautious for tame ones. A series counts as tame once its
season, or its flat level with independent noise, has proved itself for two weeks; then the residual over one step,
three steps and a third of a day, each against its own running mean, is as surprising as `tail` says. Two prices keep
the promise on series that only look tame: kurtosis beyond a Gaussian's, and own alerts beyond one a month.
"""

from __future__ import annotations

import math

from watchkeeper.detect import layout as at
from watchkeeper.detect import tail
from watchkeeper.detect.baseline import LEAST_SPREAD, MEAN_TO_SIGMA, RELEARN_DAYS
from watchkeeper.detect.lanes import abreast, exp10, log10

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
BEND, MOST_BENT = 0.2, 2.5
"""How much flatter the score is per unit of the price, and up to which price."""
UNSURE = 0.8
"""Price of a history that is mostly borrowed; it falls to nothing in the two weeks that are the series' own."""
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
FARTHEST = 1e9
"""Residuals beyond so many scales are all alike."""


@abreast
def begin(slim, month):
    """What a Gaussian would teach a series."""
    slim[at.MEAN_1] = slim[at.MEAN_3] = slim[at.ABSOLUTE] = 0.8
    slim[at.MEAN_LONG] = 0.35
    slim[at.KURTOSIS] = 1.0
    slim[at.CLUMPING] = 0.64
    slim[at.SINCE] = 1e9
    tail.begin(slim, at.TAIL, month)
    tail.begin(slim, at.TAIL + at.TAIL_ROWS, month)


@abreast
def price(slim, desk, j, month):
    """What is taken off the surprise: the most there is while the series has not proved to be tame, and infinite while
    there was no time for it.
    """
    most = month / POINTS_PER_PRICE
    days, week_weight = desk[at.DAYS + j], desk[at.WEEK_WEIGHT + j]
    error = week_weight * slim[at.TAME_WEEK_ERROR + j] + (1.0 - week_weight) * slim[at.TAME_DAY_ERROR + j]
    absolute, kurtosis = float(slim[at.ABSOLUTE + j]), float(slim[at.KURTOSIS + j])
    square = absolute * absolute
    is_loose = slim[at.CLUMPING + j] - square < FLAT_CLUMPING * max(kurtosis - square, 1e-12)
    is_seasonal = error < PROOF * slim[at.SPAN + j]
    is_flat = (slim[at.CORRELATION + j] < FLAT_CORRELATION) & is_loose
    is_tame = is_seasonal | is_flat
    trust = max((TRUST_MONTHS + slim[at.EVENTS + j]) / (TRUST_MONTHS + (days - JUDGED_DAYS) * (1.0 / 30.44)), 1.0)
    wild = kurtosis / square - TAME
    cost = min(TRUST * log10(trust) + WILD * max(wild, 0.0), most) if is_tame else most
    own_days = slim[at.SEEN + j] * (at.MONTH_S / (at.DAY_S * month))
    cost += UNSURE * max(1.0 - own_days * (1.0 / PROVEN_DAYS), 0.0)
    return cost - BIAS if days >= PROVEN_DAYS else math.inf


@abreast
def half_band(slim, j, side, cost, scale, month):
    """Distance from the expected value at which one value alone reaches once a month; infinite before that."""
    is_tame = cost < math.inf
    cost = cost if is_tame else 0.0
    wanted = cost if cost <= KNEE else KNEE + exp10(min(cost - KNEE, 3.0)) - 1.0
    size = tail.size_of(slim, at.TAIL + side * at.TAIL_ROWS, j, wanted, month)
    return size * MEAN_TO_SIGMA * max(float(slim[at.MEAN_1 + j]), 0.2) * scale if is_tame else math.inf


@abreast
def judge(slim, desk, lanes, grid):
    """How surprising the residual is, alone and together with those before it."""
    month = grid.month
    for j in range(lanes):
        # One division by the scale and the means of all three.
        scale, widen = desk[at.SCALE + j], MEAN_TO_SIGMA * desk[at.WIDEN + j]
        one, few = max(float(slim[at.MEAN_1 + j]), 0.2), max(float(slim[at.MEAN_3 + j]), 0.2)
        many = max(float(slim[at.MEAN_LONG + j]), 0.05)
        means = one * few * many
        inverse = 1.0 / (scale * means * widen)
        narrow = inverse * scale
        z = min(max((desk[at.VALUE + j] - desk[at.MID + j]) * (inverse * means * widen), -FARTHEST), FARTHEST)
        clipped = min(max(z, -ROBUST), ROBUST)
        three = clipped + slim[at.Z_1 + j] + slim[at.Z_2 + j]
        long = slim[at.Z_LONG + j] + 2.0 / (grid.width + 1.0) * (clipped - slim[at.Z_LONG + j])
        by_one, by_three, by_long = z * narrow * few * many, three * narrow * one * many, long * narrow * one * few
        up = max(by_one, max(by_three, by_long)) if z > SAME_SIDE else by_one
        down = max(-by_one, max(-by_three, -by_long)) if z < -SAME_SIDE else -by_one
        desk[at.Z + j], desk[at.Z_THREE + j], desk[at.Z_SUM + j] = z, three, long
        desk[at.UP + j], desk[at.DOWN + j] = up, down
    above, below = at.TAIL, at.TAIL + at.TAIL_ROWS
    for j in range(lanes):
        up, down = desk[at.UP + j], desk[at.DOWN + j]
        level_up, level_down = float(slim[above + tail.LEVEL + j]), float(slim[below + tail.LEVEL + j])
        rate_up, rate_down = float(slim[above + tail.RATE + j]), float(slim[below + tail.RATE + j])
        mean_up, mean_down = float(slim[above + tail.EXCESS + j]), float(slim[below + tail.EXCESS + j])
        square_up, square_down = float(slim[above + tail.SQUARE + j]), float(slim[below + tail.SQUARE + j])
        count_up, count_down = float(slim[above + tail.COUNT + j]), float(slim[below + tail.COUNT + j])
        is_up = up - level_up >= down - level_down
        mean = mean_up if is_up else mean_down
        heavy = tail.shape(mean, square_up if is_up else square_down, count_up if is_up else count_down)
        level, rate = (level_up if is_up else level_down), (rate_up if is_up else rate_down)
        surprise = tail.surprise(up if is_up else down, level, rate, mean, heavy, month)
        desk[at.SURPRISE + j] = surprise
        desk[at.INCIDENT + j] = 1.0 if (surprise >= 0.0) & (desk[at.DAYS + j] >= JUDGED_DAYS) else 0.0


@abreast
def knee(surprise):
    """The surprise as it counts: beyond KNEE by its logarithm."""
    return surprise if surprise <= KNEE else KNEE + log10(1.0 + min(max(surprise - KNEE, 0.0), 1e3))


@abreast
def priced(surprise, cost):
    """The score: the surprise less its price, and bent around once a month, because what costs is a tail heavier than
    was learned: rare values are less rare than they look, and frequent ones less frequent.
    """
    return (knee(surprise) - cost) * (1.0 - BEND * min(max(cost, 0.0), MOST_BENT))


@abreast
def learn(slim, desk, lanes, grid):
    """Learn the residual: own alerts, evidence of a new level, tails, sizes."""
    gap = max(3.0, grid.width)
    per_day = grid.per_day
    for j in range(lanes):
        incident = desk[at.INCIDENT + j] > 0.0
        residual = desk[at.VALUE + j] - desk[at.MID + j]
        since, events = float(slim[at.SINCE + j]), float(slim[at.EVENTS + j])
        outside, mean = float(slim[at.OUTSIDE + j]), float(slim[at.OUTSIDE_MEAN + j])
        slim[at.EVENTS + j] = events + (1.0 if since > gap else 0.5 / gap) if incident else events
        slim[at.SINCE + j] = 0.0 if incident else since + 1.0
        less = max(outside - 2.0, 0.0)
        moved_mean = mean + (residual - mean) / min(outside + 1.0, grid.width)
        kept_mean = 0.0 if less == 0.0 else mean
        outside = outside + 1.0 if incident else less
        slim[at.OUTSIDE + j] = outside
        slim[at.OUTSIDE_MEAN + j] = moved_mean if incident else kept_mean
        desk[at.MOVED + j] = 1.0 if outside >= min(max(SETTLE_DAYS * per_day, 10.0), 144.0) else 0.0
    for j in range(lanes):
        memory = (desk[at.DAYS + j] - 7.0) * per_day + 100.0
        share = 1.0 / memory
        is_taught = desk[at.DAYS + j] >= 7.0
        tail.learn(slim, at.TAIL, j, desk[at.UP + j], grid.month, gap, memory, share, is_taught)
        tail.learn(slim, at.TAIL + at.TAIL_ROWS, j, desk[at.DOWN + j], grid.month, gap, memory, share, is_taught)
    learn_moments(slim, desk, lanes, grid)


@abreast
def learn_moments(slim, desk, lanes, grid):
    """Sizes, autocorrelations and kurtosis of the residuals; closed hours and incidents prove nothing."""
    per_day, has_day = grid.per_day, grid.has_day
    for j in range(lanes):
        z, three, long = desk[at.Z + j], desk[at.Z_THREE + j], desk[at.Z_SUM + j]
        incident, days = desk[at.INCIDENT + j] > 0.0, desk[at.DAYS + j]
        small = QUIET * abs(slim[at.SLOW + j])
        is_closed = (abs(desk[at.MID + j]) < small) & (abs(desk[at.VALUE + j]) < small)
        quiet = (has_day & (desk[at.SLOT_SPREAD + j] < 1.02 * LEAST_SPREAD)) | is_closed
        counts = (days >= JUDGED_DAYS) & (not quiet)
        # One step, three steps, a third of a day, and neighbours.
        is_taught = counts & (not incident)
        rate = 1.0 / min((days - 7.0) * per_day + 50.0, 60.0 * max(per_day, 10.0))
        size = abs(z)
        one, before = float(slim[at.MEAN_1 + j]), float(slim[at.Z_1 + j])
        one = one + rate * (min(size, 4.0) - one) if is_taught else one
        slim[at.MEAN_1 + j] = one
        mean = float(slim[at.MEAN_3 + j])
        slim[at.MEAN_3 + j] = mean + rate * (min(abs(three), 4.0 * mean) - mean) if is_taught else mean
        mean = float(slim[at.MEAN_LONG + j])
        slim[at.MEAN_LONG + j] = mean + rate * (min(abs(long), 4.0 * mean) - mean) if is_taught else mean
        product = min(max(z, -3.0), 3.0) * min(max(before, -3.0), 3.0)
        mean = float(slim[at.CORRELATION + j])
        slim[at.CORRELATION + j] = mean + rate * (product / (one * one * 1.57) - mean) if is_taught else mean
        # Kurtosis and clumping: an incident's first point counts.
        is_taught = counts & (not (incident & (slim[at.OUTSIDE + j] > 1.0)))
        rate = 1.0 / min((days - JUDGED_DAYS) * per_day + 30.0, 45.0 * max(per_day, 10.0))
        size = min(size, MOST_ABSOLUTE)
        last = float(slim[at.LAST_ABSOLUTE + j])
        mean = float(slim[at.ABSOLUTE + j])
        slim[at.ABSOLUTE + j] = mean + rate * (size - mean) if is_taught else mean
        mean = float(slim[at.KURTOSIS + j])
        slim[at.KURTOSIS + j] = mean + rate * (size * size - mean) if is_taught else mean
        mean = float(slim[at.CLUMPING + j])
        slim[at.CLUMPING + j] = mean + rate * (size * last - mean) if is_taught else mean
        slim[at.LAST_ABSOLUTE + j] = size if is_taught else last
        slim[at.Z_2 + j] = before
        slim[at.Z_1 + j] = min(max(z, -ROBUST), ROBUST)
        slim[at.Z_LONG + j] = long


@abreast
def accept(slim, per_day):
    """The level of a series has moved for good."""
    slim[at.LEVEL] += slim[at.OUTSIDE_MEAN]
    forget_run(slim, per_day)


@abreast
def forget_run(slim, per_day):
    """After the level was set anew: sums begin again, the day is learned fast."""
    slim[at.RELEARN] = RELEARN_DAYS * per_day
    slim[at.OUTSIDE] = slim[at.OUTSIDE_MEAN] = slim[at.Z_1] = slim[at.Z_2] = slim[at.Z_LONG] = 0.0
