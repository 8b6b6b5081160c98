"""The door of the ledger: opening it, upgrading its schema, and transactions."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, IntegrityError, NoSuchModuleError, SQLAlchemyError

from watchkeeper.domain.errors import InputError, StaleError, StoreError
from watchkeeper.domain.texts import UNKEPT, is_kept
from watchkeeper.stores.ledger.audit import newest_id

SCHEMA_REVISION = "0021"
"""The newest migration in `migrations/versions/`: known without importing Alembic, which takes longer than opening."""

BUSY_TIMEOUT_S = 30
"""How long a writer waits for another process that writes to the same SQLite file."""

_LARGEST = 2**63
_WRITER_LOCK = 0x57415443484B  # any fixed number: the advisory lock that serialises writers on PostgreSQL


class Seen:
    """What somebody has seen before they change it: all up to the line `audit_id` of the audit log."""

    def __init__(self, audit_id: int) -> None:
        self.audit_id = audit_id
        self.is_spent = False


seen: ContextVar[Seen | None] = ContextVar("seen", default=None)
"""The next transaction of this context that writes is refused where anything was changed since."""


class Ledger:
    """Sources, metrics, series, alerts, answers and who did what. Methods may be called from any thread."""

    def __init__(self, engine: Engine) -> None:
        self._reader = engine.execution_options(ledger_writes=False, postgresql_readonly=True)
        if engine.dialect.name == "postgresql":  # SQLite always reads one moment
            self._reader = self._reader.execution_options(isolation_level="REPEATABLE READ")
        self._writer = engine.execution_options(ledger_writes=True)
        self._lock = threading.Lock()
        self._writing_thread = 0

    @classmethod
    def open(cls, url: str) -> Self:
        """Open the ledger at a SQLAlchemy URL (`sqlite:////path/ledger.db` or PostgreSQL) and upgrade its schema.

        Raises StoreError, naming the place and the mend, when it cannot be reached, is something else, or was written
        by a newer Watchkeeper.
        """
        ledger = cls(_engine(url))
        try:
            ledger._settle_schema()
        except BaseException:
            ledger.close()
            raise
        return ledger

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that may write, alone among all writers; committed at the end, undone by an exception.

        Raises StoreError when the database refuses, and where this thread writes already: pass on that transaction;
        StaleError where something was changed that the context has not `seen`.
        """
        if self._writing_thread == threading.get_ident():
            raise StoreError("ledger: this thread is writing already; do it in that transaction")
        with self._lock, self._explaining(), self._writer.begin() as tx:
            self._writing_thread = threading.get_ident()
            try:
                if tx.dialect.name == "postgresql":
                    tx.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _WRITER_LOCK})
                _refuse_unseen(tx)
                yield tx
            finally:
                self._writing_thread = 0

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One transaction that sees the ledger at one moment and cannot write."""
        with self._explaining(), self._reader.begin() as tx:
            yield tx

    def close(self) -> None:
        """Close all connections."""
        self._writer.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _settle_schema(self) -> None:
        with self.read() as tx:
            revision = _revision(tx)
        if revision == SCHEMA_REVISION:
            return
        with self.write() as tx:
            revision = _revision(tx)  # again, because another process may have upgraded it meanwhile
            if revision is not None and revision > SCHEMA_REVISION:
                raise StoreError(
                    f"ledger {_place(tx.engine.url)}: its schema is at {revision}, this Watchkeeper knows "
                    f"{SCHEMA_REVISION}; use the Watchkeeper that wrote it, or a newer one"
                )
            if revision is None and inspect(tx).get_table_names():
                raise StoreError(f"ledger {_place(tx.engine.url)}: this is some other database; name another one")
            if revision != SCHEMA_REVISION:
                _upgrade(tx)

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            place = _place(self._writer.url)
            raise StoreError(f"ledger {place}: {_why(error)}") from error


def _refuse_unseen(tx: Connection) -> None:
    """Nobody else writes now, on any server: what was compared with what somebody has seen is still so, or not."""
    known = seen.get()
    if known is None or known.is_spent:
        return
    if newest_id(tx) != known.audit_id:
        raise StaleError("something was changed in the moment in which this was to be done; read it again, then decide")
    known.is_spent = True


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() not in ("sqlite", "postgresql"):
            raise StoreError(f"ledger {_place(parsed)}: a ledger is kept in SQLite or PostgreSQL")
        if parsed.get_backend_name() == "postgresql":
            engine = create_engine(parsed, pool_pre_ping=True)
            event.listen(engine, "before_cursor_execute", _refuse_unkept)
            return engine
        if parsed.database in (None, "", ":memory:"):
            raise StoreError("ledger: one in memory would be lost; name a file, as in sqlite:////path/ledger.db")
        engine = create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT_S})
    except (ArgumentError, NoSuchModuleError):
        raise StoreError("ledger: its address is not a URL like sqlite:////path/ledger.db or postgresql://…") from None
    except ModuleNotFoundError as error:
        raise StoreError(f"ledger: the driver {error.name} is not installed; pip install {error.name}") from error
    event.listen(engine, "before_cursor_execute", _refuse_unkept)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _refuse_unkept(
    connection: Connection, cursor: object, statement: str, parameters: Any, context: object, is_many: bool
) -> None:
    """Whatever reaches the ledger can be kept in both kinds of it, so that a backup of one fits into the other.

    InputError, of which nothing is written. Here and nowhere else, because texts come by forms, by JSON, by addresses
    and by files.
    """
    for row in parameters if is_many else (parameters,):
        for value in row.values() if isinstance(row, dict) else row:
            if isinstance(value, str):
                if not is_kept(value):
                    raise InputError(f"the text {value[:40]!r} holds {UNKEPT}; leave it out")
            elif isinstance(value, int) and not -_LARGEST <= value < _LARGEST:
                raise InputError("a number is larger than 64 bits; write a smaller one")


def _prepare_sqlite(connection: sqlite3.Connection, record: Any) -> None:
    connection.isolation_level = None  # transactions begin where _begin_sqlite says, not at the first write
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("ledger_writes")
    connection.exec_driver_sql(f"PRAGMA query_only = {'OFF' if writes else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _revision(tx: Connection) -> str | None:
    if not inspect(tx).has_table("alembic_version"):
        return None
    return tx.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(tx: Connection) -> None:
    """Run the migrations inside the transaction, so that a crash leaves the old schema whole."""
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": tx})
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    command.upgrade(config, "head")


def _place(url: URL) -> str:
    return url.database or "" if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)


def _why(error: SQLAlchemyError) -> str:
    message = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
    if "database is locked" in message:
        return f"another process has been writing to it for {BUSY_TIMEOUT_S} s; see what runs there, then try again"
    if "unable to open database file" in message:
        return "the file cannot be opened; make its folder, and let this user write there"
    if "readonly database" in message or "read-only transaction" in message:
        return "it cannot be written: the file is read-only for this user, or the transaction was opened for reading"
    if "not a database" in message or "malformed" in message:
        return f"the file is damaged or no SQLite database ({message}); put a backup in its place"
    if isinstance(error, IntegrityError):
        return f"refused, nothing was written ({message})"
    return message
