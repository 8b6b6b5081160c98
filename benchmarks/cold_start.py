"""`python -m benchmarks.cold_start`: the first two weeks of a new series, alone and with what similar ones lend it.

Made-up hourly orders: a day with a peak at noon, weekends at 60 %, levels that differ by a factor of e. The lenders
have a history of 40 days; the new series begin on any day of the week. Asked for is one false alert a month. And rates
that know their cases: about 5 % of as many cases, with a day in the rate and a day and a week in the cases.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.pages import table
from watchkeeper.detect import Borrowed, Points, SeriesSettings, ValueKind, decide, lend, replay

NEW, SEEDS, DAYS = 24, 3, 14
LEVELS = (200.0, 20.0)
LENDERS = (0, 1, 3, 8, 24)
TRIED = (2, 3, 5, 8, 13)
"""Days of the series' life, the first is 1, on which it is tried what is seen at noon."""
CHANGES = (("to nothing", 0.0), ("by half", 0.5), ("by 30 %", 0.7))
CASES = (3000.0, 100.0)
RATE_CHANGES = (("falls to nothing", 0.0), ("doubles", 2.0), ("is four times as high", 4.0))
HOURS = 3
BEGIN = 1_699_488_000


def measure() -> str:
    """A table: what of a change of three hours at noon is seen, and the false alerts."""
    rows = []
    for level in LEVELS:
        for lenders in LENDERS:
            seen: dict[tuple[str, int], list[float]] = {}
            early, late = [], []
            for seed in range(SEEDS):
                rng = np.random.default_rng(seed)
                lent = _lend(rng, lenders, level) if lenders else None
                shift = rng.integers(0, 7, NEW) * 24
                value = np.array([_orders(rng, level, DAYS * 24, int(first)) for first in shift])
                alert = _told(value, shift, lent)
                opens = alert[:, 1:] & ~alert[:, :-1]
                early.append(opens[:, 23:168].sum() / (NEW * 6 / 30.4375))
                late.append(opens[:, 168:].sum() / (NEW * 7 / 30.4375))
                for what, factor in CHANGES:
                    for day in TRIED:
                        at = slice((day - 1) * 24 + 12, (day - 1) * 24 + 12 + HOURS)
                        changed = value[:, : at.stop].copy()
                        changed[:, at] = np.floor(changed[:, at] * factor + rng.random((NEW, HOURS)) * (factor > 0.0))
                        found = _told(changed, shift, lent)[:, at].any(axis=1) & ~alert[:, at].any(axis=1)
                        seen.setdefault((what, day), []).append(float(found.mean()))
            shares = [" / ".join(f"{np.mean(seen[what, day]):.2f}" for day in TRIED) for what, _ in CHANGES]
            rows.append((f"{level:.0f}", lenders or "none", *shares, f"{np.mean(early):.1f}", f"{np.mean(late):.1f}"))
    head = [f"falls {what}, on day {' / '.join(map(str, TRIED))}" for what, _ in CHANGES]
    return table(("orders an hour", "lenders", *head, "false alerts a month, days 2 to 7", "days 8 to 14"), rows)


def measure_rates() -> str:
    """The same of rates that know their cases."""
    rows = []
    for size in CASES:
        for lenders in LENDERS:
            seen: dict[tuple[str, int], list[float]] = {}
            early, late = [], []
            for seed in range(SEEDS):
                rng = np.random.default_rng(seed)
                lent = _lend_rates(rng, lenders, size) if lenders else None
                shift = rng.integers(0, 7, NEW) * 24
                value, cases = _rates(rng, size, DAYS * 24, shift)
                alert = _told(value, shift, lent, cases)
                opens = alert[:, 1:] & ~alert[:, :-1]
                early.append(opens[:, 23:168].sum() / (NEW * 6 / 30.4375))
                late.append(opens[:, 168:].sum() / (NEW * 7 / 30.4375))
                for what, factor in RATE_CHANGES:
                    for day in TRIED:
                        at = slice((day - 1) * 24 + 12, (day - 1) * 24 + 12 + HOURS)
                        changed, own = value[:, : at.stop].copy(), cases[:, : at.stop]
                        changed[:, at] = np.minimum(1.0, np.round(changed[:, at] * own[:, at] * factor) / own[:, at])
                        found = _told(changed, shift, lent, own)[:, at].any(axis=1) & ~alert[:, at].any(axis=1)
                        seen.setdefault((what, day), []).append(float(found.mean()))
            shares = [" / ".join(f"{np.mean(seen[what, day]):.2f}" for day in TRIED) for what, _ in RATE_CHANGES]
            rows.append((f"{size:.0f}", lenders or "none", *shares, f"{np.mean(early):.1f}", f"{np.mean(late):.1f}"))
    head = [f"{what}, on day {' / '.join(map(str, TRIED))}" for what, _ in RATE_CHANGES]
    return table(("cases an hour", "lenders", *head, "false alerts a month, days 2 to 7", "days 8 to 14"), rows)


def _rates(
    rng: np.random.Generator, size: float, hours: int, first: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shares and their cases of series that begin at these hours of the week: float64[S, hours] each."""
    cases = 1.0 + np.array([_orders(rng, size, hours, int(one)) for one in first])
    hour = np.arange(hours) + first[:, None]
    usual = np.exp(rng.normal(np.log(0.05), 0.4, (len(first), 1)))
    share = np.clip(usual * (1.0 + 0.3 * np.sin(2 * np.pi * (hour % 24) / 24)), 0.0, 1.0)
    return rng.binomial(cases.astype(np.int64), share) / cases, cases


def _lend_rates(rng: np.random.Generator, count: int, size: float) -> Borrowed | None:
    value, cases = _rates(rng, size, 40 * 24, np.zeros(count, np.int64))
    time = np.tile(BEGIN + 3600 * np.arange(value.shape[1]), count)
    points = Points(np.arange(count + 1) * value.shape[1], time, value.ravel(), cases=cases.ravel())
    state, _ = replay(points, SeriesSettings.uniform(count, step=3600, kind=ValueKind.RATE))
    return lend(state, range(count), is_count=False)


def _orders(rng: np.random.Generator, level: float, hours: int, first: int) -> NDArray[np.float64]:
    hour = np.arange(hours) + first
    season = (1.3 + np.sin(2 * np.pi * (hour % 24 - 6) / 24)) * np.where(hour // 24 % 7 >= 5, 0.6, 1.0)
    return rng.poisson(np.exp(rng.normal(np.log(level), 1.0)) * season).astype(float)


def _lend(rng: np.random.Generator, count: int, level: float) -> Borrowed | None:
    value = np.array([_orders(rng, level, 40 * 24, 0) for _ in range(count)])
    time = np.tile(BEGIN + 3600 * np.arange(value.shape[1]), count)
    points = Points(np.arange(count + 1) * value.shape[1], time, value.ravel())
    state, _ = replay(points, SeriesSettings.uniform(count, step=3600, kind=ValueKind.COUNT))
    return lend(state, range(count), is_count=True)


def _told(
    value: NDArray[np.float64],
    shift: NDArray[np.int64],
    lent: Borrowed | None,
    cases: NDArray[np.float64] | None = None,
) -> NDArray[np.bool_]:
    count, hours = value.shape
    time = np.concatenate([BEGIN + 3600 * (first + np.arange(hours)) for first in shift])
    points = Points(np.arange(count + 1) * hours, time, value.ravel(), cases=None if cases is None else cases.ravel())
    borrowed = None if lent is None else (lent,) * count
    kind = ValueKind.COUNT if cases is None else ValueKind.RATE
    series = SeriesSettings.uniform(count, step=3600, kind=kind, borrowed=borrowed)
    _, judged = replay(points, series)
    return decide(judged, points, series, np.zeros(count)).reshape(count, hours)


if __name__ == "__main__":
    print(measure())
    print(f"\n{measure_rates()}")
