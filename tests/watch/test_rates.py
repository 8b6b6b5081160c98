"""A rate of few cases is judged as one: what chance does to twenty sign-ups is no alert; and alerts say of how many."""

from __future__ import annotations

import math
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np

from tests.watch.shop import change
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.times import DAY, HOUR, WEEK, parse_instant
from watchkeeper.watch.service import Watchkeeper

START = parse_instant("2026-01-05")
WEEKS = 6
END = START + WEEKS * WEEK
FAULT = START + 5 * WEEK + DAY + 12 * HOUR
"""At noon a third of some 300 sign-ups fails."""
NIGHT = START + 5 * WEEK + 3 * DAY + 3 * HOUR
"""At night a quarter of twenty does: five."""
CONFIG = """
sources:
  shop: {{url: "sqlite:///{shop}"}}
metrics:
  failed:
    source: shop
    title: Failed sign-ups
    kind: rate
    unit: sign-ups
    step: 1h
    since: 2026-01-05
    query: >-
      select time, 1.0 * failed / total as value, {cases} from signups where time >= :start_s and time < :end_s
channels:
  team: {{url: "textfile://{told}"}}
"""


MORE = "update signups set failed = 75, total = 300 where time = ?"


def build(path: Path) -> None:
    """Six weeks of sign-ups, 300 an hour at noon and 20 at night; four in a hundred fail."""
    rng = np.random.default_rng(3)
    rows = []
    for hour in range(WEEKS * 7 * 24):
        time = START + hour * HOUR
        total = int(20 + rng.poisson(300) * max(0.0, math.sin(2 * math.pi * (hour % 24 - 6) / 24)))
        failed = int(rng.binomial(total, 0.04))
        if FAULT <= time < FAULT + 3 * HOUR or time == NIGHT:
            total, failed = (300, 100) if time != NIGHT else (20, 5)
        rows.append((time, failed, total))
    with closing(sqlite3.connect(path)) as shop, shop:
        shop.execute("create table signups (time integer primary key, failed integer, total integer)")
        shop.executemany("insert into signups values (?, ?, ?)", rows)


def opened(home: Path, cases: str = "total as cases") -> Watchkeeper:
    home.mkdir(exist_ok=True)
    if not (home / "shop.db").exists():
        build(home / "shop.db")
    service = Watchkeeper.open(home / "home", clock=lambda: END + 60)
    service.apply(parse_config(CONFIG.format(shop=home / "shop.db", told=home / "told.txt", cases=cases)), "tester")
    return service


def width(service: Watchkeeper, time: int) -> float:
    """Of the band at a time."""
    (one,) = service.metric_page("failed").series
    chart = service.metric_page("failed", one.id).chart
    row = chart.time.index(time)
    lower, upper = chart.lower[row], chart.upper[row]
    assert lower is not None
    assert upper is not None
    return upper - lower


def test_few_cases_are_no_alert_and_many_say_how_many(tmp_path: Path) -> None:
    with opened(tmp_path / "known") as service:
        service.run_until(END)
        (line,) = [one for one in service.inbox(show="all").lines if one.alert.start <= FAULT < one.alert.end]
        assert "rose to 100 of 300 sign-ups (33.3 %), above the usual" in line.sentence
        assert service.alert_page(line.alert.id).members[0].member.cases == 300.0, "kept as it was told"
        assert not [one for one in service.inbox(show="all").lines if one.alert.start <= NIGHT < one.alert.end]
        page, after = service.listing.points(line.peak_series.id, FAULT, None, 2)
        assert (page.cases, after is not None) == ([300.0, 300.0], True), "a page of points keeps them"
        assert width(service, NIGHT) > 1.5 * width(service, NIGHT + 9 * HOUR)
    with opened(tmp_path / "unknown", "total as n") as blind:
        blind.run_until(END)
        assert [one for one in blind.inbox(show="all").lines if one.alert.start <= NIGHT < one.alert.end], (
            "why cases matter"
        )


def test_corrected_cases_are_judged_anew(tmp_path: Path) -> None:
    """The share stays, and what it is a share of turns out to be fifteen times as many."""
    with opened(tmp_path / "late") as service:
        service.run_until(NIGHT + 2 * HOUR)
        change(tmp_path / "late" / "shop.db", MORE, NIGHT)
        service.run_until(END)
        late = [(one.alert.start, one.sentence) for one in service.inbox(show="all").lines]
        assert any(start <= NIGHT and "75 of 300" in sentence for start, sentence in late)
    with opened(tmp_path / "late2") as straight:
        change(tmp_path / "late2" / "shop.db", MORE, NIGHT)
        straight.run_until(END)
        assert late == [(one.alert.start, one.sentence) for one in straight.inbox(show="all").lines]
