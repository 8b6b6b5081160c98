"""A rate comes with how many cases it rests on, from whatever says so."""

from __future__ import annotations

import math
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from tests.sources.prometheus_server import prometheus
from tests.watch import rides
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.errors import ConfigError, SourceError
from watchkeeper.domain.metric import Kind, Metric, Source, SourceKind, TimeIs
from watchkeeper.domain.times import DAY, HOUR, parse_instant
from watchkeeper.sources.probes import derive, look
from watchkeeper.sources.prometheus import PrometheusSource
from watchkeeper.sources.readers import Reader, reader_of
from watchkeeper.sources.sql import SqlSource

NOON = parse_instant("2026-06-01T12:00Z")
SIGNUPS = [(0, True, 1.0), (0, False, 0.0), (0, False, None), (1, False, 0.0), (2, True, 7.0)]
"""Hour, whether it failed, and how good it was: of the first hour three, then one each."""
TABLE = Metric(
    name="failed",
    source="shop",
    table="signups",
    time_column="at",
    time_is=TimeIs.SECONDS,
    measure="share(failed)",
    kind=Kind.RATE,
    step="1h",
)
QUERY = (
    "select at - at % 3600 as time, avg(failed * 1.0) as value, {cases} from signups"
    " where at >= :start_s and at < :end_s group by 1"
)


@pytest.fixture
def shop(tmp_path: Path) -> Source:
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("create table signups (at bigint, failed boolean, grade float)")
        rows = [(NOON + hour * HOUR + 60, failed, grade) for hour, failed, grade in SIGNUPS]
        database.executemany("insert into signups values (?, ?, ?)", rows)
    return Source(name="shop", url=f"sqlite:///{path}")


def told(reader: Reader, metric: Metric, hours: int = 3) -> list[tuple[float | None, float | None]]:
    """Value and cases hour by hour."""
    try:
        found = [row for batch in reader.pull(metric, NOON, NOON + hours * HOUR) for row in batch.to_pylist()]
    finally:
        reader.close()
    return [(row["value"], row.get("cases")) for row in sorted(found, key=lambda row: row["time"])]


def of_table(source: Source, **settings: object) -> list[tuple[float | None, float | None]]:
    return told(SqlSource(source), msgspec.structs.replace(TABLE, **settings))


def of_query(source: Source, cases: str, **settings: object) -> list[tuple[float | None, float | None]]:
    query = QUERY.format(cases=cases)
    plain = msgspec.structs.replace(TABLE, table="", time_column="", measure="", query=query, **settings)
    return told(SqlSource(source), plain)


THIRD = pytest.approx(1 / 3)


def test_a_table_counts_what_its_measure_divides_by(shop: Source) -> None:
    assert of_table(shop) == [(THIRD, 3.0), (0.0, 1.0), (1.0, 1.0)]
    assert of_table(shop, measure="ratio(failed, 2 * length('ab'))") == [
        (pytest.approx(1 / 12), 12.0),
        (0.0, 4.0),
        (0.25, 4.0),
    ]
    graded = of_table(shop, measure="avg(grade)")
    assert graded[:2] == [(0.5, 2.0), (0.0, 1.0)], "a row without a grade is no case"
    assert graded[2][0] == 7.0
    assert math.isnan(graded[2][1] or 0.0), "what is no share has no cases"


def test_only_rates_rest_on_cases(shop: Source) -> None:
    assert {cases for _, cases in of_table(shop, kind=Kind.GAUGE)} == {None}
    assert {cases for _, cases in of_query(shop, "count(*) as cases", kind=Kind.GAUGE)} == {None}
    assert {cases for _, cases in of_table(shop, measure="max(failed)")} == {None}


def test_a_table_may_say_what_its_cases_are(shop: Source) -> None:
    assert of_table(shop, cases="sum(2)") == [(THIRD, 6.0), (0.0, 2.0), (1.0, 2.0)]
    with pytest.raises(ConfigError, match="metric failed: measure 'many' is not known"):
        of_table(shop, cases="many")
    with pytest.raises(SourceError, match="column cases: a row says 7 of 1 cases; with cases a value is a share"):
        of_table(shop, measure="avg(grade)", cases="count")


def test_a_query_says_it_in_a_column_of_that_name(shop: Source) -> None:
    assert of_query(shop, "count(*) as cases") == [(THIRD, 3.0), (0.0, 1.0), (1.0, 1.0)]
    found = of_query(shop, "case when count(*) > 1 then 3 when max(failed) = 1 then 0 end as CASES")
    assert found[0] == (THIRD, 3.0)
    assert found[1][0] == 0.0
    assert math.isnan(found[1][1] or 0.0), "null: not known"
    assert math.isnan(found[2][0] or 0.0), "a share of no cases is no number"
    with pytest.raises(SourceError, match="metric failed, source shop: column cases: a row says 1 of -1 cases"):
        of_query(shop, "case when count(*) = 1 and max(failed) = 1 then -1 end as cases")
    with pytest.raises(SourceError, match="column cases: it holds str"):
        of_query(shop, "'many' as cases")


def test_groups_that_are_withheld_are_not_named_by_an_error(shop: Source) -> None:
    metric = {"min_group_size": 2, "measure": "avg(grade)", "cases": "count"}
    assert of_table(shop, **metric) == [(0.5, 3.0)], "7 of 1 is withheld before anybody speaks of it"


def test_a_dimension_of_that_name_is_a_dimension(shop: Source) -> None:
    metric = msgspec.structs.replace(
        TABLE,
        table="",
        time_column="",
        measure="",
        query=QUERY.format(cases="max(failed) as cases"),
        dimensions=("cases",),
    )
    found = [row for batch in SqlSource(shop).pull(metric, NOON, NOON + 3 * HOUR) for row in batch.to_pylist()]
    assert [row["cases"] for row in found] == ["1", "0", "1"]


def test_files_say_it_like_a_table(tmp_path: Path) -> None:
    (tmp_path / "signups.csv").write_text(
        "made,failed\n2026-06-01 12:10:00,true\n2026-06-01 12:20:00,false\n2026-06-01 13:20:00,true\n"
    )
    reader = reader_of(Source(name="files", kind=SourceKind.FILES, url=str(tmp_path / "*.csv")))
    assert told(reader, msgspec.structs.replace(TABLE, table="", time_column="made", time_is=TimeIs.UTC)) == [
        (0.5, 2.0),
        (1.0, 1.0),
    ]


def test_prometheus_is_asked_a_second_query() -> None:
    with prometheus() as server:
        server.series["failed"] = [({"country": "DE"}, lambda at: 0.25), ({"country": "US"}, lambda at: 0.5)]
        server.series["all"] = [({"country": "DE"}, lambda at: 40.0)]
        source = PrometheusSource(Source(name="prom", kind=SourceKind.PROMETHEUS, url=server.address))
        metric = Metric(
            name="failed",
            source="prom",
            query="failed",
            cases="all",
            kind=Kind.RATE,
            step="1h",
            dimensions=("country",),
        )
        (de, us) = told(source, metric, hours=1)
    assert de == (0.25, 40.0)
    assert us[0] == 0.5
    assert math.isnan(us[1] or 0.0), "the second query says nothing of it"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("kind: count, table: t, time_column: at, measure: count, cases: count", "a count rests on none"),
        ("kind: rate, query: 'select 1 where :start < :end', cases: count", "the query returns it as a column"),
    ],
)
def test_cases_that_make_no_sense_are_refused(settings: str, said: str) -> None:
    text = f"sources: {{shop: {{url: 'sqlite:///x.db'}}}}\nmetrics:\n  failed: {{source: shop, step: 1h, {settings}}}\n"
    with pytest.raises(ConfigError, match=rf"cases: .*{said}"):
        parse_config(text)


def test_the_probes_of_a_system_count_the_cases_of_their_shares(tmp_path: Path) -> None:
    path = tmp_path / "rides.duckdb"
    rides.build(path)
    config = parse_config(rides.CONFIG.format(url=f"duckdb:///{path}", told="/dev/null"))
    system, source = config.systems[0], config.sources[0]

    def pulled(metric: Metric, start: int, end: int) -> list[dict[str, object]]:
        reader = SqlSource(source)
        try:
            return [row for batch in reader.pull(metric, start, end) for row in batch.to_pylist()]
        finally:
            reader.close()

    def pairs(metric: Metric, start: int, end: int) -> list[tuple[tuple[object, ...], float]]:
        return [(tuple(row[name] for name in metric.dimensions), row["value"]) for row in pulled(metric, start, end)]

    known = set()
    for metric in derive(system, look(system, pairs)):
        part = metric.name.removeprefix("late.")
        rows = pulled(metric, rides.START + 28 * DAY, rides.START + 29 * DAY)
        if metric.kind is not Kind.RATE or "completeness" in part or part.startswith("f1"):
            assert not any("cases" in row for row in rows), part
            continue
        assert rows, part
        an_hour = 10 if part.startswith("weather.") else rides.AN_HOUR
        for row in rows:
            hits = row["value"] * row["cases"]
            if "estimated" not in part:
                assert hits == pytest.approx(round(hits), abs=1e-6), f"{part}: a share of whole cases"
            if not part.startswith(("precision", "recall", "accuracy-by")):
                assert row["cases"] == an_hour * metric.step_s // HOUR, part
        known.add(part)
    assert {
        "errors",
        "fallback",
        "positive",
        "weather.nulls",
        "weather.out-of-range",
        "weather.new-categories",
    } <= known
    assert {"weather.shares-of-city", "accuracy", "precision", "recall", "accuracy-by-city"} <= known
