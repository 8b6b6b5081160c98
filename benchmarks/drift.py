"""`python -m benchmarks.drift`: drift of 100 features over 10 million rows in DuckDB, one pass, and the bar of 30 s."""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import duckdb

from watchkeeper.domain.config import parse_config
from watchkeeper.domain.metric import Metric, Source
from watchkeeper.domain.times import DAY, parse_instant
from watchkeeper.sources.probes import derive, look
from watchkeeper.sources.sql import SqlSource

BAR_S = 30.0
START = parse_instant("2026-01-01")
CONFIG = """
sources: {{data: {{url: "duckdb:///{path}"}}}}
systems:
  model:
    source: data
    reference: {{start: 2026-01-01T00:00, end: 2026-01-01T02:24}}
    inputs:
      features: {{table: features, time_field: at, features: [{columns}], distances: [psi, js, wasserstein]}}
"""


def main() -> None:
    """Build the table, read the reference from its first hours, then the drift of all days."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.drift", description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--features", type=int, default=100)
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.duckdb"
        columns = [f"f{place}" for place in range(said.features)]
        _build(path, said.rows, columns)
        config = parse_config(CONFIG.format(path=path, columns=", ".join(columns)))
        system, source = config.systems[0], config.sources[0]
        began = time.perf_counter()
        reference = look(
            system,
            lambda metric, start, end: [(key, value) for _, key, value in _pull(source, metric, start, end)],
        )
        read_s = time.perf_counter() - began
        metric = next(one for one in derive(system, reference) if one.name.endswith(".drift"))
        before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        found = _pull(source, metric, START, START + 10 * DAY)
        took_s = time.perf_counter() - began
        after = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    drifted = max((value, key) for _, key, value in found if key[1] == "psi")
    print(f"{said.features} features x {said.rows:,} rows, 3 distances, {len(found):,} values")
    print(f"reference (a hundredth of the rows): {read_s:.1f} s")
    verdict = "kept" if took_s < BAR_S else "MISSED"
    print(f"drift: {took_s:.1f} s, {cpu_s:.1f} s of processor time; bar {BAR_S:g} s: {verdict}")
    print(f"the feature that was moved: {drifted[1][0]}, psi {drifted[0]:.2f}")


def _build(path: Path, rows: int, columns: list[str]) -> None:
    """Ten days of features that are even between 0 and 1, of which f0 moves on the last day."""
    step = 10 * DAY / rows
    made = ", ".join(f"(i * {7919 + 2 * place} % 997) / 997.0 as {name}" for place, name in enumerate(columns[1:]))
    with duckdb.connect(str(path)) as db:
        db.execute("set timezone = 'UTC'")
        db.execute(
            f"create table features as select to_timestamp({START} + i * {step})::timestamp as at, "
            f"(i * 7907 % 997) / 997.0 + case when i >= {0.9 * rows} then 0.3 else 0 end as f0, {made} "
            f"from range({rows}) as r(i)"
        )


def _pull(source: Source, metric: Metric, start: int, end: int) -> list[tuple[int, tuple[str, ...], float]]:
    reader = SqlSource(source)
    found = []
    for batch in reader.pull(metric, start, end):
        keys = zip(*(batch.column(name).to_pylist() for name in metric.dimensions), strict=True)
        found += list(zip(batch.column("time").to_pylist(), keys, batch.column("value").to_pylist(), strict=True))
    reader.close()
    return found


if __name__ == "__main__":
    main()
