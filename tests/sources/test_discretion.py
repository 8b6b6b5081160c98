"""An error of a database is told without what stands in its rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sources.prometheus_server import prometheus
from watchkeeper.domain.errors import SourceError
from watchkeeper.domain.metric import Metric, Source, SourceKind
from watchkeeper.domain.times import DAY, HOUR, parse_instant
from watchkeeper.sources.discretion import without_values
from watchkeeper.sources.files_source import FilesSource
from watchkeeper.sources.prometheus import PrometheusSource
from watchkeeper.sources.sql import SqlSource

START = parse_instant("2026-06-01T00:00Z")


def test_a_line_of_a_file_that_cannot_be_read_is_not_told(tmp_path: Path) -> None:
    rows = "".join(f"2026-06-01 00:00:00,p{number},{number}\n" for number in range(30_000))
    (tmp_path / "1.csv").write_text(f"created,who,amount\n{rows}2026-06-01 00:00:00,Mario Rossi,oops\n")
    metric = Metric(name="m", source="f", step="1h", table="files", time_column="created", measure="sum(amount)")
    source = FilesSource(Source(name="f", kind=SourceKind.FILES, url=str(tmp_path / "1.csv")))
    with pytest.raises(SourceError) as refused:
        list(source.pull(metric, START, START + DAY))
    assert "Mario" not in str(refused.value)
    assert "oops" not in str(refused.value)
    assert "CSV Error on Line: 30002" in str(refused.value)
    assert 'converting column "amount"' in str(refused.value)


@pytest.mark.parametrize("way", ["pull", "connection"])
def test_a_value_that_cannot_be_cast_is_not_told(postgres_url: str, way: str) -> None:
    cast = "cast('Mario' || ' Rossi' as int)"
    source = SqlSource(Source(name="shop", url=postgres_url))
    query = f"select 0 as time, {cast} as value where :start_s < :end_s"

    def ask() -> None:
        if way == "pull":
            list(source.pull(Metric(name="m", source="shop", step="1h", query=query), START, START + HOUR))
        else:
            with source.connection() as connection:
                connection.exec_driver_sql(f"select {cast}")

    with pytest.raises(SourceError, match="invalid input syntax for type integer: '…'") as refused:
        ask()
    assert "Mario" not in str(refused.value)
    source.close()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Numeric value 'Mario' is not recognized", "Numeric value '…' is not recognized"),
        ("Bad double value: Mario Rossi", "Bad double value: …"),
        ("Cannot parse string 'Mario' as UInt8", "Cannot parse string '…' as UInt8"),
        ("Incorrect DATETIME value: 'Mario'", "Incorrect DATETIME value: '…'"),
        ('column "ordres" does not exist', 'column "ordres" does not exist'),
        ("no such table: orders", "no such table: orders"),
    ],
)
def test_of_a_value_the_type_is_told_and_names_of_tables_and_columns_are(said: str, told: str) -> None:
    assert without_values(RuntimeError(said)) == told


def test_labels_of_groups_that_may_be_small_are_not_told() -> None:
    said = 'found duplicate series for the match group {country=\\"VA\\"} on the right hand-side'
    with prometheus() as server:
        server.raw = f'{{"status": "error", "errorType": "execution", "error": "{said}"}}'
        source = PrometheusSource(Source(name="prom", kind=SourceKind.PROMETHEUS, url=server.address))
        small = {"min_group_size": 20, "group_size": "people"}
        for settings, told in ((small, r"the match group \{…\} on"), ({}, 'country="VA"')):
            metric = Metric(name="m", source="prom", step="1h", query="orders", dimensions=("country",), **settings)
            with pytest.raises(SourceError, match=told):
                list(source.pull(metric, START, START + HOUR))
        source.close()
