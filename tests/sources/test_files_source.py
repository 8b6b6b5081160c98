"""A statement over files reaches these files and nothing else; so does one over an object store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.sources.object_store import Store, serving
from watchkeeper.domain.errors import SourceError
from watchkeeper.domain.metric import Metric, Source, SourceKind
from watchkeeper.domain.times import DAY, HOUR, parse_instant
from watchkeeper.sources.files_source import FilesSource

START = parse_instant("2026-06-01T00:00Z")
ROWS = b"created,amount\n2026-06-01 00:10:00,5\n2026-06-01 01:20:00,7\n"
OTHERS = b"created,amount\n2026-06-01 00:10:00,1000\n"


def _has_httpfs() -> bool:
    try:
        duckdb.connect().execute("LOAD httpfs")
    except duckdb.Error:
        return False
    return True


needs_httpfs = pytest.mark.skipif(not _has_httpfs(), reason="DuckDB's extension httpfs is not installed here")


@pytest.fixture
def store() -> Iterator[Store]:
    with serving() as store:
        store.objects = {
            "/shop/day/1.csv": ROWS,
            "/shop/day/2.csv": ROWS,
            "/shop/other/3.csv": OTHERS,
        }
        yield store


def source(url: str, **more: str) -> FilesSource:
    return FilesSource(Source(name="exports", kind=SourceKind.FILES, url=url, **more), {"SECRET": "hush"}.get)


def in_s3(store: Store, url: str = "s3://shop/day/*.csv", **more: str) -> FilesSource:
    key = {"user": "key", "password": "${SECRET}", "region": "eu-central-1", "endpoint": f"http://{store.address}"}
    return source(url, **key, **more)


def asking(query: str) -> Metric:
    return Metric(name="orders", source="exports", step="1h", query=query)


def values(files: FilesSource, metric: Metric) -> dict[int, float]:
    found = {}
    for batch in files.pull(metric, START, START + DAY):
        found |= dict(zip(batch["time"].to_pylist(), batch["value"].to_pylist(), strict=True))
    return found


SUMS = Metric(name="orders", source="exports", step="1h", table="files", time_column="created", measure="sum(amount)")
WINDOW = "where :start < :end"
WITHIN = "from files where created >= :start and created < :end group by 1"
OUTSIDE = [
    f"select now()::timestamp as time, count(*) as value from read_csv('{{elsewhere}}') {WINDOW}",
    f"select now()::timestamp as time, count(*) as value from read_text('{{elsewhere}}') {WINDOW}",
    f"select now()::timestamp as time, count(*) as value from glob('{{folder}}/*') {WINDOW}",
    f"select now()::timestamp as time, count(*) as value from sniff_csv('{{elsewhere}}') {WINDOW}",
]


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    path = tmp_path / "elsewhere" / "passwords.csv"
    path.parent.mkdir()
    path.write_bytes(OTHERS)
    return path


@pytest.mark.parametrize("query", OUTSIDE)
def test_a_statement_over_local_files_reaches_no_other(tmp_path: Path, elsewhere: Path, query: str) -> None:
    (tmp_path / "1.csv").write_bytes(ROWS)
    files = source(str(tmp_path / "*.csv"))
    assert values(files, SUMS) == {START: 5.0, START + HOUR: 7.0}
    with pytest.raises(SourceError, match="disabled by configuration"):
        values(files, asking(query.format(elsewhere=elsewhere, folder=elsewhere.parent)))


@pytest.mark.parametrize(
    "query",
    [
        "copy (select 1 {window}) to '{path}'",
        "select 1 {window}; copy (select 2) to '{path}'",
        "set threads = 1; select 1 {window}",
    ],
)
def test_a_statement_over_files_writes_none(tmp_path: Path, query: str) -> None:
    path = tmp_path / "1.csv"
    path.write_bytes(ROWS)
    with pytest.raises(SourceError, match="it must be a SELECT"):
        values(source(str(path)), asking(query.format(window=WINDOW, path=path)))
    assert path.read_bytes() == ROWS


def test_a_statement_may_pivot(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_bytes(ROWS)
    rows = f"select date_trunc('hour', created) as time, 'value' as name, sum(amount) as sum {WITHIN}, 2"
    found = values(
        source(str(tmp_path / "1.csv")), asking(f"from (pivot ({rows}) on name in ('value') using sum(sum))")
    )
    assert found == {START: 5.0, START + HOUR: 7.0}


def test_an_object_store_without_the_extension_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    if _has_httpfs():
        pytest.skip("it is installed here")
    with pytest.raises(SourceError, match="INSTALL httpfs"):
        values(source("s3://shop/day/*.csv"), SUMS)


@needs_httpfs
def test_objects_are_read_by_pattern_from_a_store_and_by_address(store: Store) -> None:
    assert values(in_s3(store), SUMS) == {START: 10.0, START + HOUR: 14.0}
    assert values(in_s3(store, "s3://shop/day/1.csv"), SUMS) == {START: 5.0, START + HOUR: 7.0}
    assert values(source(f"http://{store.address}/shop/day/1.csv"), SUMS) == {START: 5.0, START + HOUR: 7.0}
    store.objects["/shop/day/4.csv"] = ROWS
    assert values(in_s3(store), SUMS) == {START: 15.0, START + HOUR: 21.0}, "a new object is seen"
    with pytest.raises(SourceError, match=r"no file is at s3://shop/nothing/\*\.csv"):
        values(in_s3(store, "s3://shop/nothing/*.csv"), SUMS)


@needs_httpfs
@pytest.mark.parametrize("query", OUTSIDE)
def test_a_statement_over_an_object_store_reaches_no_file_of_the_machine_and_no_other_object(
    store: Store, elsewhere: Path, query: str
) -> None:
    for files in (in_s3(store), source(f"http://{store.address}/shop/day/1.csv")):
        for one in (str(elsewhere), "s3://shop/other/3.csv", f"http://{store.address}/shop/other/3.csv"):
            with pytest.raises(SourceError, match="disabled by configuration"):
                values(files, asking(query.format(elsewhere=one, folder=one.rpartition("/")[0])))
    assert not any("other" in path for path in store.asked)


@needs_httpfs
def test_a_statement_over_an_object_store_writes_nothing(store: Store) -> None:
    for path in ("s3://shop/day/1.csv", "s3://shop/day/9.csv"):
        with pytest.raises(SourceError, match="it must be a SELECT"):
            values(in_s3(store), asking(f"copy (select 1 {WINDOW}) to '{path}'"))
    assert store.written == []


@needs_httpfs
def test_a_store_that_hangs_is_given_up(store: Store) -> None:
    store.is_hanging = True
    with pytest.raises(SourceError) as refused:
        values(in_s3(store, timeout="1s"), SUMS)
    assert "hush" not in str(refused.value)
