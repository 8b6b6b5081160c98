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
from watchkeeper.domain.times import DAY, parse_instant
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


SMALL = """
sources: {{here: {{url: "{url}"}}}}
systems:
  late:
    source: here
    reference: {{start: 2026-01-01, end: 2026-01-08}}
    since: 2026-01-01
    min_group_size: 5
    inputs:
      weather: {{table: weather, time_field: hour, person: who, features: [rain], categories: [city], expected_rows: 10,
                 drift_step: 1d}}
"""


def test_a_category_of_too_few_people_is_neither_named_nor_shown(tmp_path: Path):
    """Ten people in Bonn; in Ulm three with three rows each, on the second day six of them."""
    path = tmp_path / "small.duckdb"
    with duckdb.connect(str(path)) as db:
        db.execute("create table weather (hour timestamp, who integer, city varchar, rain double)")
        for day in range(3):
            people = [("bonn", who, 4) for who in range(10)]
            people += [("ulm", 100 + who, 3) for who in range(6 if day == 1 else 0 if day == 2 else 3)]
            for city, who, rows in people:
                for hour in range(rows):
                    moment = f"2026-01-0{1 + day} 0{hour}:00"
                    db.execute("insert into weather values (?, ?, ?, ?)", [moment, who, city, float(who)])
        db.execute("insert into weather select '2026-01-02 05:00', who, 'kiel', 1 from range(2) r (who)")
    config = parse_config(SMALL.format(url=f"duckdb:///{path}"))
    system, source = config.systems[0], config.sources[0]
    reference = referred(system, source)
    (cities,) = reference.inputs["weather"].categories
    assert cities.values == cities.known == ("bonn", "ulm"), "kiel has two people"
    assert cities.shares == pytest.approx((120 / 149, 27 / 149))
    derived = {one.name: one for one in derive(system, reference)}
    start = parse_instant("2026-01-01")
    shares = pulled(source, derived["late.weather.shares-of-city"], start, start + 3 * DAY)
    assert shares == {
        (start, ("bonn",)): pytest.approx(40 / 49),  # in Ulm there are three people
        (start + DAY, ("bonn",)): pytest.approx(40 / 60),
        (start + DAY, ("ulm",)): pytest.approx(18 / 60),
        (start + 2 * DAY, ("bonn",)): 1.0,
        (start + 2 * DAY, ("ulm",)): 0.0,  # nobody is no small group
    }
    complete = pulled(source, derived["late.weather.completeness"], start + DAY + 3 * 3600, start + DAY + 7 * 3600)
    hours = [start + DAY + hour * 3600 for hour in (3, 4, 6)]
    assert complete == {(hours[0], ()): 1.0, (hours[1], ()): 0.0, (hours[2], ()): 0.0}, "at five there are two people"


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
