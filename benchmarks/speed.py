"""Speed, as a ratio to a peer in the same run on the same points: ratios travel between machines, seconds do not.

`python -m benchmarks.speed --series 10000` prints the first table for so many series: 13.4 million points, about 6 GB.
Run with `.venv-bench/bin/python` (`make peers` makes it) it times river too, on a few of the series.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable

import duckdb
import numpy as np
import pyarrow as pa

import watchkeeper
from benchmarks.pages import table
from watchkeeper.detect import Points, SeriesSettings, State, decide, replay
from watchkeeper.domain.feedback import Answer, Feedback
from watchkeeper.learn import fold, judge

SERIES, WEEKS, HOUR = 2_000, 8, 3600
TICK_SERIES, TICK_BEGUN = 250_000, 30
"""Series of the tick, and hours they have been watched before it."""
BEGIN = 1_704_067_200
REPEATS = 3
RIVER_SERIES = 20
"""river is timed on so many series, and reckoned for all."""

SEASONAL_Z = """
  SELECT series, ts, value, avg(value) OVER past AS expected,
         (value - avg(value) OVER past) / nullif(stddev_samp(value) OVER past, 0) AS z
  FROM points
  WINDOW past AS (PARTITION BY series, epoch(ts) // 3600 % 168 ORDER BY ts
                  ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
"""
"""The recipe people write first: each hour of the week against its own past, mean and standard deviation."""


def measure() -> str:
    """Time everything and report it as Markdown."""
    return f"{abreast(SERIES)}\n\n{table(('what', 'time'), _small())}"


def abreast(count: int) -> str:
    """Time so many series at once against the peers, and report it as Markdown."""
    points, series, arrow = _points(count)
    n = len(points.time)
    database = duckdb.connect()
    database.register("points", arrow)
    bar = np.zeros(points.series)
    timed = [
        (
            "DuckDB, seasonal z-score in SQL, Arrow in and out",
            _best(lambda: database.sql(SEASONAL_Z).to_arrow_table()),
        ),
        ("Watchkeeper, table to table (`watchkeeper.score`)", _best(lambda: watchkeeper.score(arrow))),
        (
            "Watchkeeper, the detector alone (`replay` and `decide`)",
            _best(lambda: decide(replay(points, series)[1], points, series, bar)),
        ),
        (
            "the same without the bands that nobody looks at (`replay(bands=False)`)",
            _best(lambda: decide(replay(points, series, bands=False)[1], points, series, bar)),
        ),
    ]
    river = _river(points)
    names = ["what", "time", "points a second", "speed against the peer"]
    rows = [
        [name, f"{took:.2f} s", f"{n / took / 1e6:.1f} M", f"{timed[0][1] / took:.1f} ×"]
        + ([] if river is None else [f"{river / took:.0f} ×"])
        for name, took in timed
    ]
    said = f"{count:,} hourly series × {WEEKS} weeks = {n:,} points, best of {REPEATS}; {os.cpu_count()} cores, "
    said += f"Python {platform.python_version()}."
    if river is not None:
        names.append("against river")
        said += f" river, HoltWinters and GaussianScorer, would take {river:,.0f} s: timed on {RIVER_SERIES} series."
    return f"{said}\n\n{table(tuple(names), [tuple(row) for row in rows])}"


def _river(points: Points) -> float | None:
    """Seconds that river would take for all points, by what a few series take; None where it is not installed."""
    if importlib.util.find_spec("river") is None:
        return None
    from benchmarks.peers.river import holt_winters

    few = [slice(int(points.start[one]), int(points.start[one + 1])) for one in range(RIVER_SERIES)]
    began = time.perf_counter()
    for rows in few:
        holt_winters(points.time[rows], points.value[rows], HOUR)
    return (time.perf_counter() - began) * points.series / RIVER_SERIES


def _points(count: int) -> tuple[Points, SeriesSettings, pa.Table]:
    rng = np.random.default_rng(0)
    size = WEEKS * 168
    hour = np.arange(size)
    level = np.exp(rng.normal(4, 1, (count, 1)))
    season = 1 + 0.4 * np.sin(2 * np.pi * hour / 24) + 0.2 * np.sin(2 * np.pi * hour / 168)
    value = (level * season * np.exp(rng.normal(0, 0.1, (count, size)))).ravel()
    time_s = np.tile(BEGIN + hour * HOUR, count)
    names = pa.array([f"series-{k:04d}" for k in range(count)])
    arrow = pa.table(
        {
            "series": pa.DictionaryArray.from_arrays(np.repeat(np.arange(count, dtype=np.int32), size), names).cast(
                pa.string()
            ),
            "ts": pa.array(time_s * 1_000_000).cast(pa.timestamp("us")),
            "value": value,
        }
    )
    points = Points(start=np.arange(count + 1) * size, time=time_s, value=value)
    return points, SeriesSettings.uniform(count, step=HOUR), arrow


def _small() -> list[tuple[str, str]]:
    """What a person waits for: a replay of a year, an answer judged, the command's help."""
    points, _, _ = _points(RIVER_SERIES)
    size = 52 * 168
    year = Points(np.array([0, size]), BEGIN + np.arange(size) * HOUR, np.resize(points.value, size))
    one = SeriesSettings.uniform(1, step=HOUR)
    event = Feedback(
        id=1, by="", given_at=0, answer=Answer.EVENT, series=(0,), start=BEGIN + 100 * HOUR, end=BEGIN + 120 * HOUR
    )
    answered = fold([event])
    help_command = [sys.executable, "-m", "watchkeeper.cli", "--help"]
    return [
        ("replay of a year of one hourly series", f"{1e3 * _best(lambda: replay(year, one)):.2f} ms"),
        ("the same without bands", f"{1e3 * _best(lambda: replay(year, one, bands=False)):.2f} ms"),
        (
            f"a tick of a million hourly series (four of {TICK_SERIES:,}), states updated in place",
            f"{1e3 * 1_000_000 / TICK_SERIES * _tick():.0f} ms",
        ),
        ("state of one hourly series", f"{State.empty(one).nbytes:,} bytes"),
        ("first judgement of a new process, imports and all, from the cache", f"{_best(_first_call):.2f} s"),
        (
            "the same year judged with and without an answer",
            f"{1e3 * _best(lambda: judge(year, one, answered, 0.0)):.2f} ms",
        ),
        (
            "`watchkeeper --help`",
            f"{1e3 * _best(lambda: subprocess.run(help_command, check=True, capture_output=True)):.0f} ms",
        ),
    ]


def _tick() -> float:
    """Seconds of the quickest of some ticks of `TICK_SERIES` aligned series: one point each."""
    rng = np.random.default_rng(1)
    steps = TICK_BEGUN + 1 + REPEATS
    value = 100 + 10 * rng.normal(size=(TICK_SERIES, steps))
    series = SeriesSettings.uniform(TICK_SERIES, step=HOUR)
    time_s = BEGIN + np.arange(steps) * HOUR
    before = Points(
        np.arange(TICK_SERIES + 1) * TICK_BEGUN,
        np.tile(time_s[:TICK_BEGUN], TICK_SERIES),
        value[:, :TICK_BEGUN].ravel(),
    )
    state, _ = replay(before, series, bands=False)
    ticks = iter(
        [
            Points(np.arange(TICK_SERIES + 1), np.full(TICK_SERIES, time_s[k]), value[:, k].copy())
            for k in range(TICK_BEGUN, steps)
        ]
    )
    return _best(lambda: replay(next(ticks), series, state, consume=True, bands=False))


def _first_call() -> None:
    code = (
        "import numpy as np; from watchkeeper.detect import Points, SeriesSettings, replay; "
        "replay(Points(np.array([0, 1]), np.array([0]), np.array([1.0])), SeriesSettings.uniform(1, step=3600))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def _best(work: Callable[[], object]) -> float:
    """Seconds of the quickest of some runs, after one to warm up."""
    work()
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def main() -> None:
    """Time many series at once and print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--series", type=int, default=SERIES, help=f"how many hourly series (default {SERIES:,})")
    print(abreast(parser.parse_args().series))


if __name__ == "__main__":
    main()
