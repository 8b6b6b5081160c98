"""`python -m benchmarks.assess_size`: a whole report on 1,000,000 rows × 50 columns: how long, and how much memory."""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from watchkeeper.assess.data import read_rows
from watchkeeper.assess.record import Assessment
from watchkeeper.assess.run import assess

RECORD = Assessment(
    data="made.parquet",
    row="a visit",
    target="bought",
    time="at",
    entity="user",
    protected=("gender",),
    metric="roc_auc",
    level=0.75,
    owner="sales",
)


def table(rows: int, columns: int, seed: int = 0) -> pa.Table:
    """Half numbers (a tenth of some missing), a third categories, texts with many values, a user and a time."""
    rng = np.random.default_rng(seed)
    found: dict[str, object] = {
        "at": pa.array(1_735_689_600 + np.sort(rng.integers(0, 365 * 86_400, rows)), pa.timestamp("s", tz="UTC")),
        "user": pa.array(rng.zipf(1.3, rows) % 50_000),
        "gender": pa.array(np.array(["w", "m"])[rng.integers(0, 2, rows)]),
    }
    numbers = (columns - 4) // 2
    for one in range(numbers):
        column = rng.normal(size=rows)
        found[f"n{one}"] = pa.array(column, mask=rng.random(rows) < 0.1) if one % 5 == 0 else column
    for one in range(columns - 4 - numbers):
        size = 20_000 if one % 8 == 7 else 4 + 3 * one
        names = np.array([f"v{each}" for each in range(size)])
        found[f"c{one}"] = pa.array(names[rng.integers(0, size, rows)])
    score = 0.8 * np.asarray(found["n1"]) + 0.6 * np.asarray(found["n2"]) - 2
    found["bought"] = (rng.random(rows) < 1 / (1 + np.exp(-score))).astype(np.int64)
    return pa.table(found)


def main() -> None:
    """Make the file, time the report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.assess_size", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=50)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.parquet"
        pq.write_table(table(arguments.rows, arguments.columns), path)
        wall, processor = time.perf_counter(), time.process_time()
        report = assess(RECORD, read_rows(path, RECORD.max_rows), now=1_767_225_600)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{arguments.rows:,} rows × {arguments.columns} columns: {len(report.parts)} parts in {wall:.0f} s")
    print(f"{processor:.0f} s of processor time, {peak:.1f} GB at most (making the file included)")


if __name__ == "__main__":
    main()
