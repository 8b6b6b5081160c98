"""The ledger's door: opening, upgrading, transactions and what it says when it cannot."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from watchkeeper.domain.errors import InputError, NotFoundError, StoreError
from watchkeeper.stores.ledger import Ledger, audit, series, watermarks
from watchkeeper.stores.ledger import ledger as door
from watchkeeper.stores.ledger.schema import METADATA


def test_a_new_ledger_has_the_schema_of_the_tables(url: str) -> None:
    with Ledger.open(url) as ledger, ledger.read() as tx:
        context = MigrationContext.configure(tx, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, METADATA) == []


def test_the_newest_migration_is_the_one_that_opening_checks_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(door.__file__).with_name("migrations")))
    assert ScriptDirectory.from_config(config).get_heads() == [door.SCHEMA_REVISION]


def test_opening_a_current_ledger_is_quick_and_needs_no_alembic(sqlite_url: str) -> None:
    Ledger.open(sqlite_url).close()
    program = (
        "import sys; from watchkeeper.stores.ledger import Ledger; Ledger.open(sys.argv[1]).close();"
        "sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program, sqlite_url], check=False).returncode == 0
    best = min(_seconds_to_open(sqlite_url) for _ in range(5))
    assert best < 0.1


def _seconds_to_open(url: str) -> float:
    begun = time.perf_counter()
    Ledger.open(url).close()
    return time.perf_counter() - begun


def test_two_that_open_a_new_ledger_at_once_both_succeed(url: str) -> None:
    failures: list[BaseException] = []

    def work() -> None:
        try:
            Ledger.open(url).close()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_an_exception_undoes_the_whole_transaction(ledger: Ledger) -> None:
    def work() -> None:
        with ledger.write() as tx:
            audit.add(tx, "ann", 1, "apply")
            raise NotFoundError("no such thing")

    with pytest.raises(NotFoundError):
        work()
    with ledger.read() as tx:
        assert audit.newest(tx, 10) == []


def test_a_reading_transaction_cannot_write(ledger: Ledger) -> None:
    with pytest.raises(StoreError, match="it cannot be written"), ledger.read() as tx:
        audit.add(tx, "ann", 1, "apply")
    with ledger.write() as tx:
        audit.add(tx, "ann", 1, "apply")


def test_a_reader_sees_one_moment(ledger: Ledger) -> None:
    with ledger.read() as tx:
        assert watermarks.get(tx, "orders") is None
        with ledger.write() as other:
            watermarks.advance(other, "orders", 5)
        assert watermarks.get(tx, "orders") is None
    with ledger.read() as tx:
        assert watermarks.get(tx, "orders") == 5


def test_writers_wait_for_each_other(ledger: Ledger) -> None:
    def work() -> None:
        for _ in range(20):
            with ledger.write() as tx:
                watermarks.advance(tx, "orders", (watermarks.get(tx, "orders") or 0) + 1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with ledger.read() as tx:
        assert watermarks.get(tx, "orders") == 80


def test_a_thread_that_writes_twice_at_once_is_told(ledger: Ledger) -> None:
    with ledger.write() as tx:
        with pytest.raises(StoreError, match="this thread is writing already"), ledger.write():
            pass
        audit.add(tx, "ann", 1, "apply")
    with ledger.write() as tx:
        assert len(audit.newest(tx, 10)) == 1


@pytest.mark.parametrize("unkept", ["x\0", "half \ud800", 2**63, -(2**63) - 1])
def test_what_not_every_kind_of_ledger_can_keep_is_refused_by_each(ledger: Ledger, unkept: str | int) -> None:
    def work() -> None:
        with ledger.write() as tx:
            audit.add(tx, "ann", 1, "apply")
            if isinstance(unkept, str):
                audit.add(tx, "ann", 2, "apply", unkept)
            else:
                watermarks.advance(tx, "orders", unkept)

    with pytest.raises(InputError, match=r"a NUL or half a surrogate pair|larger than 64 bits"):
        work()
    with ledger.read() as tx:
        assert audit.newest(tx, 10) == []
        with pytest.raises(InputError):
            tx.execute(text("SELECT 1 FROM audit WHERE detail = :sought"), {"sought": unkept})


def test_a_dimension_value_that_cannot_be_kept_makes_no_series(ledger: Ledger) -> None:
    with (
        pytest.raises(InputError, match=r"metric orders: the dimension value 'D.x00' holds a NUL"),
        ledger.write() as tx,
    ):
        series.intern(tx, "orders", [("D\0", "web")])
    with ledger.read() as tx:
        assert len(series.of_metric(tx, "orders")) == 5


def test_what_the_schema_forbids_is_refused_whole(ledger: Ledger) -> None:
    def work() -> None:
        with ledger.write() as tx:
            audit.add(tx, "ann", 1, "judge")
            watermarks.advance(tx, "no such metric", 5)

    with pytest.raises(StoreError, match="refused, nothing was written"):
        work()
    with ledger.read() as tx:
        assert audit.newest(tx, 10) == []


def test_a_ledger_that_another_process_writes_to_for_long_says_so(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Ledger.open(sqlite_url) as ledger:
        monkeypatch.setattr(door, "BUSY_TIMEOUT_S", 0.05)
        with (
            Ledger.open(sqlite_url) as impatient,
            ledger.write(),
            pytest.raises(StoreError, match="another process has been writing"),
            impatient.write(),
        ):
            pass


def test_a_newer_ledger_is_refused(url: str) -> None:
    Ledger.open(url).close()
    _run(url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match=r"its schema is at 9999.*newer"):
        Ledger.open(url)


def test_another_database_is_left_alone(url: str) -> None:
    _run(url, "CREATE TABLE orders (n INTEGER)")
    with pytest.raises(StoreError, match="some other database"):
        Ledger.open(url)


def _run(url: str, statement: str) -> None:
    """Do to the database what Watchkeeper would not."""
    engine = create_engine(url)
    with engine.begin() as tx:
        tx.execute(text(statement))
    engine.dispose()


def test_a_ledger_of_every_released_version_is_upgraded_and_keeps_what_it_held(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as tx:
        config = Config(attributes={"connection": tx})
        config.set_main_option("script_location", str(Path(door.__file__).with_name("migrations")))
        command.upgrade(config, "0001")  # the only released one: later migrations are not released yet
        tx.execute(
            text("INSERT INTO audit_entry (done_by, at_s, what, detail) VALUES ('ann', 7, 'apply', 'metric orders')")
        )
    engine.dispose()
    with Ledger.open(url) as ledger, ledger.read() as tx:
        context = MigrationContext.configure(tx, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, METADATA) == []
        assert context.get_current_revision() == door.SCHEMA_REVISION
        assert [(one.by, one.at, one.what) for one in audit.newest(tx, 10)] == [("ann", 7, "apply")]


def test_a_file_that_is_no_database_says_so(sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match=r"ledger\.db: the file is damaged or no SQLite database"):
        Ledger.open(sqlite_url)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("sqlite://", "in memory would be lost"),
        ("mysql://ann:secret@host/db", "SQLite or PostgreSQL"),
        ("ledger.db", "not a URL"),
        ("sqlite+nothing:///x.db", "not a URL"),
    ],
)
def test_an_address_that_cannot_be_says_what_can(address: str, said: str) -> None:
    with pytest.raises(StoreError, match=said) as caught:
        Ledger.open(address)
    assert "secret" not in str(caught.value)
