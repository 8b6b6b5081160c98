"""What was acknowledged survives kill -9; a file that cannot be opened says why and what to do."""

from __future__ import annotations

import math
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import numpy as np
import psycopg
import pytest

from watchkeeper.domain.errors import StoreError
from watchkeeper.stores.history import History, Kept
from watchkeeper.stores.ledger import Ledger, alerts, feedback, transitions

APPENDER = """
import sys
from watchkeeper.stores.history import History
with History.open(sys.argv[1]) as history:
    for number in range(10**6):
        history.append(range(50), [number * 3600] * 50, [float(number)] * 50, known_at=number)
        if number % 20 == 19:
            history.compact()
        print(number, flush=True)
"""

WRITER = """
import sys
from watchkeeper.domain.alert import Alert, Change, Member, Status
from watchkeeper.domain.feedback import Answer, Feedback
from watchkeeper.domain.metric import Metric, Source
from watchkeeper.stores.ledger import Ledger, alerts, feedback, metrics, series, transitions, watermarks
ledger = Ledger.open(sys.argv[1])
with ledger.write() as tx:
    metrics.put_source(tx, Source(name="shop", url="sqlite:///shop.db"))
    metrics.put_metric(tx, Metric(name="orders", source="shop", query="", step="1h"))
    ids = [one.id for one in series.intern(tx, "orders", [(str(n),) for n in range(30)])]
for number in range(10**6):
    members = tuple(
        Member(series=one, start=number, end=number + 1, is_open=True, peak_time=number, peak_score=1.0,
               value=1.0, expected=2.0, lower=1.5, upper=2.5)
        for one in ids
    )
    alert = Alert(id=0, family="f", status=Status.OPEN, start=number, end=number + 1, severity=1.0, members=members)
    with ledger.write() as tx:
        stored = alerts.insert(tx, alert)
        transitions.add(tx, stored.id, Change.OPENED, at=number, recorded_at=number)
        watermarks.advance(tx, "orders", number + 1)
        line = Feedback(id=0, by="a", given_at=number, answer=Answer.REAL, alert=stored.id, series=tuple(ids))
        feedback.add(tx, line)
    print(number, flush=True)
"""

HOLDER = """
import sys
from watchkeeper.stores.history import History
with History.open(sys.argv[1]):
    print("open", flush=True)
    sys.stdin.read()
"""


@contextmanager
def running(program: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def killed_after(program: str, place: str, seconds: float) -> int:
    """Run a program that counts what is acknowledged, kill it so long after the first; returns the last number seen."""
    with running(program, place) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
        lines = [line for line in process.stdout.read().split("\n")[:-1] if line]
    return int(lines[-1]) if lines else 0


@pytest.mark.parametrize("round_", range(3))
def test_points_acknowledged_survive_a_kill(tmp_path: Path, round_: int) -> None:
    path = tmp_path / "history.duckdb"
    last = killed_after(APPENDER, str(path), random.uniform(0.2, 0.8))
    with History.open(path) as history:
        columns = history.read(range(50))
    counts = {len(columns.time[columns.of(place)]) for place in range(50)}
    assert len(counts) == 1, "each append is there whole or not at all"
    assert counts.pop() in (last + 1, last + 2), "all that was acknowledged, and at most the one under way"


@pytest.mark.parametrize("round_", range(2))
def test_transactions_acknowledged_survive_a_kill_and_are_whole(tmp_path: Path, round_: int) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    last = killed_after(WRITER, url, random.uniform(0.2, 0.8))
    with Ledger.open(url) as ledger, ledger.read() as tx:
        found = alerts.listed(tx, limit=10**6)
        queue = transitions.undelivered(tx, "chat", 10**6)
        log = feedback.log(tx)
    assert len(found) in (last + 1, last + 2)
    assert len(queue) == len(log) == len(found)
    assert {len(alert.members) for alert in found} == {30}
    assert {len(line.series) for line in log} == {30}


def test_a_history_that_another_process_holds_names_it(tmp_path: Path) -> None:
    path = tmp_path / "history.duckdb"
    with running(HOLDER, str(path)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        with pytest.raises(StoreError, match=rf"history\.duckdb.*another process {process.pid} .*or stop it first"):
            History.open(path)
    with History.open(path):
        pass


def test_a_file_that_is_no_history_says_so(tmp_path: Path) -> None:
    path = tmp_path / "history.duckdb"
    path.write_bytes(b"no database at all " * 500)
    with pytest.raises(StoreError, match=r"history\.duckdb: not readable .* put a backup in its place"):
        History.open(path)
    assert path.read_bytes().startswith(b"no database"), "it was not touched"


def test_another_duckdb_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as shop:
        shop.execute("CREATE TABLE orders (n INTEGER)")
    with pytest.raises(StoreError, match="some other DuckDB file"):
        History.open(path)
    with duckdb.connect(str(path)) as shop:
        assert shop.execute("SELECT table_name FROM duckdb_tables()").fetchall() == [("orders",)]


def test_a_history_with_a_damaged_block_says_so(tmp_path: Path) -> None:
    path = tmp_path / "history.duckdb"
    with History.open(path) as history:
        history.append([1] * 100_000, range(100_000), [(n * 7919 % 1013) / 7 for n in range(100_000)], known_at=1)
    damaged = bytearray(path.read_bytes())
    for place in range(20_000, len(damaged), 4096):
        damaged[place] ^= 255
    path.write_bytes(damaged)
    with pytest.raises(StoreError, match=r"history\.duckdb.*backup"), History.open(path) as history:
        history.read([1])


def test_a_newer_history_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "history.duckdb"
    with History.open(path) as history:
        history.append([1], [0], [1.0], known_at=1)
    with duckdb.connect(str(path)) as raw:
        raw.execute("UPDATE about SET schema_version = 99")
    with pytest.raises(StoreError, match=r"version 99.*newer"):
        History.open(path)


def test_a_history_of_the_first_version_is_upgraded_and_keeps_its_points(tmp_path: Path) -> None:
    path = tmp_path / "history.duckdb"
    with History.open(path) as history:
        history.append([1], [0], [1.0], known_at=1)
    with duckdb.connect(str(path)) as raw:
        raw.execute("DROP TABLE checkpoint")
        raw.execute("ALTER TABLE point DROP COLUMN cases")
        raw.execute("UPDATE about SET schema_version = 1")
    for _ in range(2):
        with History.open(path) as history:
            assert history.read([1]).value.tolist() == [1.0]
            history.keep([Kept("orders", "key", 10, 1, b"state")])
            assert history.kept(["orders"])["orders"][0].data == b"state"


# As the second version made it, and the first of PostgreSQL.
_SECOND = """
CREATE TABLE point (
    series INTEGER NOT NULL,
    time BIGINT NOT NULL,
    value DOUBLE NOT NULL,
    known_at BIGINT NOT NULL,
    batch BIGINT NOT NULL
);
CREATE SEQUENCE batch;
CREATE TABLE about (schema_version INTEGER NOT NULL, sorted_rows BIGINT NOT NULL);
CREATE TABLE checkpoint (
    metric VARCHAR NOT NULL,
    key VARCHAR NOT NULL,
    until BIGINT NOT NULL,
    batch BIGINT NOT NULL,
    data BLOB NOT NULL
);
INSERT INTO about VALUES (2, 0);
INSERT INTO point SELECT 1, n * 10, n / 100, 500, nextval('batch') FROM range(50) r (n);
"""
_FIRST_OF_POSTGRESQL = """
CREATE SCHEMA watchkeeper_history;
SET search_path = watchkeeper_history;
CREATE TABLE point (
    series INTEGER NOT NULL,
    time BIGINT NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    known_at BIGINT NOT NULL,
    batch BIGINT NOT NULL,
    PRIMARY KEY (series, time, batch)
);
CREATE INDEX point_batch ON point USING brin (batch) WITH (pages_per_range = 32, autosummarize = on);
CREATE SEQUENCE batch;
CREATE TABLE checkpoint (
    metric TEXT NOT NULL,
    key TEXT NOT NULL,
    until BIGINT NOT NULL,
    batch BIGINT NOT NULL,
    data BYTEA NOT NULL,
    PRIMARY KEY (metric, until)
);
CREATE TABLE about (schema_version INTEGER NOT NULL);
INSERT INTO about VALUES (1);
INSERT INTO point SELECT 1, n * 10, n / 100.0, 500, nextval('batch') FROM generate_series(0, 49) n;
"""


@pytest.mark.parametrize("kind", ["duckdb", "postgresql"])
def test_a_history_that_knew_no_cases_is_upgraded_and_takes_them(
    tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    if kind == "duckdb":
        place = str(tmp_path / "history.duckdb")
        with duckdb.connect(place) as raw:
            raw.execute(_SECOND)
    else:
        place = str(request.getfixturevalue("postgres_url"))
        with psycopg.connect(place.replace("+psycopg", "")) as old:
            old.execute(_FIRST_OF_POSTGRESQL)
    for cases in (10.0, 20.0):
        with History.open(place) as history:
            assert history.append([1], [490], [0.49], known_at=600, cases=[cases]) == 1
            history.compact()
            columns = history.read([1])
            assert columns.time.tolist() == list(range(0, 500, 10))
            assert columns.value.tolist() == [n / 100 for n in range(50)]
            np.testing.assert_array_equal(columns.cases, [*[math.nan] * 49, cases])
            assert history.append([1], [480], [0.48], known_at=600) == 0


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"nowhere.*make it first"):
        History.open(tmp_path / "nowhere" / "history.duckdb")
    with pytest.raises(StoreError, match="make its folder"):
        Ledger.open(f"sqlite:///{tmp_path / 'nowhere' / 'ledger.db'}")
