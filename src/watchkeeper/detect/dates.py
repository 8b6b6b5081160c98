"""The month of a series of one value a day: what the same day of the last two months had in common.

For each day of the month, the last two of it counted from its end, two numbers are kept, as shares of what was expected
without them: by how much the last one was off, and what the last two had in common, which is nothing where one was
above and one below. That much is expected of the next one, if it is more than chance makes: so a single
outage on a fourteenth teaches nothing, and the last of the month is known at the third. Dates of the year are known
events, which learn their effect by themselves (`learn.effects`).

The date of a day is Hinnant's `civil_from_days` ("chrono-compatible low-level date algorithms", 2013).
"""

from __future__ import annotations

from numba import njit

from watchkeeper.detect import layout as at
from watchkeeper.detect.lanes import abreast, root

CHANCE = 2.5
"""Mean absolute residuals that both must be off by: two standard deviations of a Gaussian."""
ALIKE = 2.0
"""Two that differ by less than this factor have their mean in common, otherwise the smaller."""
MOST = 4.0
"""A day is taken to be off by at most so many times what was expected."""


@njit(nogil=True, error_model="numpy")
def month_slot(clock):
    """Slot of a wall-clock second: 0 to 28 by the day of the month, 31 for its last day, 32 for the one before."""
    shifted = clock // at.DAY_S + 719468  # days since 1 March of the year 0
    era = shifted // 146097
    day_of_era = shifted - era * 146097
    year = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year + year // 4 - year // 100)
    month = (5 * day_of_year + 2) // 153  # 0 is March
    first = (153 * month + 2) // 5
    length = (153 * (month + 1) + 2) // 5 - first
    if month == 11:  # February, of the next calendar year
        leap = (year + 1) % 4 == 0 and ((year + 1) % 100 != 0 or (year + 1) % 400 == 0)
        length = 29 if leap else 28
    left = length - 1 - (day_of_year - first)
    return 31 + left if left < 2 else day_of_year - first


@abreast
def foresee(slim, desk, lanes):
    """How much more, or less, than without the month is expected."""
    for j in range(lanes):
        mid, common = desk[at.MID + j], desk[at.MONTH_COMMON + j]
        usual = abs(mid)
        noise = slim[at.NOISE + j] * (root(usual + 1.0) if desk[at.IS_COUNT + j] > 0.0 else 1.0)
        is_amount = (slim[at.LOWEST + j] >= 0.0) & (slim[at.USUAL_CASES + j] == 0.0)
        is_known = (abs(common) * usual > CHANCE * noise) & is_amount
        effect = common * usual if is_known else 0.0
        desk[at.EFFECT + j] = effect
        desk[at.MID + j] = mid + effect


@abreast
def learn(desk, lanes):
    """Remember by how much the day was off."""
    for j in range(lanes):
        without = desk[at.MID + j] - desk[at.EFFECT + j]
        usual = abs(without)
        off = (desk[at.VALUE + j] - without) / max(usual, 1e-30)
        off = min(max(off, -1.0), MOST) if usual > 0.0 else 0.0
        last = desk[at.MONTH_LAST + j]
        smaller, greater = min(abs(off), abs(last)), max(abs(off), abs(last))
        common = 0.5 * (smaller + greater) if ALIKE * smaller >= greater else smaller
        desk[at.MONTH_COMMON + j] = (common if off > 0.0 else -common) if off * last > 0.0 else 0.0
        desk[at.MONTH_LAST + j] = off
