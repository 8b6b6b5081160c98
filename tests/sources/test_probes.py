"""Probes: distances agree with an obvious second implementation, and PostgreSQL gives what DuckDB gives."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import psycopg
import pytest

from tests.watch import rides
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.metric import Metric, Source
from watchkeeper.domain.system import System
from watchkeeper.domain.times import DAY
from watchkeeper.sources.probes import Reference, derive, look
from watchkeeper.sources.probes.reference import pool
from watchkeeper.sources.sql import SqlSource

Rows = dict[tuple[int, tuple[str, ...]], float]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("probes") / "rides.duckdb"
    rides.build(path)
    return path


def record(url: str) -> tuple[System, Source]:
    config = parse_config(rides.CONFIG.format(url=url, told="/dev/null"))
    return config.systems[0], config.sources[0]


def pulled(source: Source, metric: Metric, start: int, end: int) -> Rows:
    reader, found = SqlSource(source), {}
    for batch in reader.pull(metric, start, end):
        names = [batch.column(name).to_pylist() for name in metric.dimensions]
        keys = list(zip(*names, strict=True)) if names else [()] * batch.num_rows
        found |= dict(
            zip(
                zip(batch.column("time").to_pylist(), keys, strict=True), batch.column("value").to_pylist(), strict=True
            )
        )
    reader.close()
    return found


def referred(system: System, source: Source) -> Reference:
    return look(
        system,
        lambda metric, start, end: [(key, value) for (_, key), value in pulled(source, metric, start, end).items()],
    )


def test_distances_agree_with_numpy(built: Path):
    system, source = record(f"duckdb:///{built}")
    metric = next(one for one in derive(system, referred(system, source)) if one.name == "late.weather.drift")
    day = rides.START + 20 * DAY
    found = {key: value for (_, key), value in pulled(source, metric, day, day + DAY).items()}
    with duckdb.connect(str(built), read_only=True) as db:
        read = "select rain, city from weather where epoch(hour) >= ? and epoch(hour) < ?"
        then, then_city = (
            np.array(one)
            for one in zip(*db.execute(read, [rides.START, rides.START + 14 * DAY]).fetchall(), strict=True)
        )
        now, now_city = (np.array(one) for one in zip(*db.execute(read, [day, day + DAY]).fetchall(), strict=True))
    ends = np.quantile(then, np.linspace(0, 1, 11))
    edges = np.r_[-np.inf, ends[1:-1], np.inf]
    a, e = (np.histogram(one, edges)[0] / len(one) for one in (now, then))
    psi = ((a - e) * np.log(a / e)).sum()
    middle = (a + e) / 2
    js = np.sqrt(((a * np.log2(a / middle)).sum() + (e * np.log2(e / middle)).sum()) / 2)
    gap = np.abs(np.r_[0, np.cumsum(a)] - np.r_[0, np.cumsum(e)])
    area = (np.diff(ends) * (gap[:-1] + gap[1:]) / 2).sum() / then.std(ddof=1)
    cities = sorted(set(then_city))
    b, f = (np.array([(one == city).mean() for city in cities]) for one in (now_city, then_city))
    assert found["rain", "psi"] == pytest.approx(psi, rel=1e-6)
    assert found["rain", "js"] == pytest.approx(js, rel=1e-6)
    assert found["rain", "wasserstein"] == pytest.approx(area, rel=1e-6)
    # The rest of the categories is a share of its own; it is empty on both sides here.
    assert found["city", "psi"] == pytest.approx(((b - f) * np.log(b / f)).sum(), rel=1e-6)


def test_shares_that_fall_are_pooled():
    assert pool([1, 3, 2, 0, 9], [10, 10, 10, 0, 10]) == pytest.approx([0.1, 0.25, 0.25, 0.575, 0.9])


def test_postgresql_gives_what_duckdb_gives(built: Path, postgres_url: str):
    with (
        duckdb.connect(str(built), read_only=True) as db,
        psycopg.connect(postgres_url.replace("+psycopg", "")) as server,
    ):
        for table in ("weather", "predictions", "outcomes"):
            kinds = {"DOUBLE": "double precision", "TIMESTAMP WITH TIME ZONE": "timestamptz"}
            columns = [(row[0], kinds.get(row[1], row[1])) for row in db.execute(f"describe {table}").fetchall()]
            server.execute(f"create table {table} ({', '.join(f'{name} {kind}' for name, kind in columns)})")
            with server.cursor().copy(f"copy {table} from stdin") as copy:
                for row in db.execute(f"select * from {table}").fetchall():
                    copy.write_row(row)
        server.commit()
    system, here = record(f"duckdb:///{built}")
    _, there = record(postgres_url)
    mine, theirs = derive(system, referred(system, here)), derive(system, referred(system, there))
    window = (rides.START + 28 * DAY, rides.START + 34 * DAY)
    assert [one.name for one in mine] == [one.name for one in theirs]
    for one, other in zip(mine, theirs, strict=True):
        left, right = pulled(here, one, *window), pulled(there, other, *window)
        assert left.keys() == right.keys(), one.name
        for key in left:
            assert right[key] == pytest.approx(left[key], rel=1e-6, abs=1e-9, nan_ok=True), (one.name, key)
