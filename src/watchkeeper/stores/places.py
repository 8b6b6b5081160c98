"""Where the stores of a home are: in its directory, or at the PostgreSQL addresses that the environment names."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

LEDGER_URL, HISTORY_URL = "WATCHKEEPER_LEDGER_URL", "WATCHKEEPER_HISTORY_URL"
HISTORY_MEMORY = "WATCHKEEPER_HISTORY_MEMORY"
PUSHED, LINK_KEY = "pushed", "link-key"
"""The folder of the log of pushed points, and the key that signs one-click links."""
STATES = "history.duckdb.states"
"""The folder of the detector states that belong to a history in a file, beside it."""


def make(home: Path) -> None:
    """The directory of a home, where there is none: closed to other users of the machine."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)


def ledger_url(home: Path) -> str:
    """The SQLAlchemy URL of the ledger: what WATCHKEEPER_LEDGER_URL says, or `ledger.db` in the home."""
    return os.environ.get(LEDGER_URL) or f"sqlite:///{home / 'ledger.db'}"


def history_place(home: Path) -> str:
    """What `History.open` opens: what WATCHKEEPER_HISTORY_URL says, or `history.duckdb` in the home."""
    return os.environ.get(HISTORY_URL) or str(home / "history.duckdb")


def exist(home: Path) -> bool:
    """Whether a home has stores: its files, or what the environment names."""
    return (home / "ledger.db").exists() or bool(os.environ.get(LEDGER_URL))


def remove(home: Path) -> None:
    """Remove the files of the stores in a home; what is in PostgreSQL stays."""
    for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm", "history.duckdb", "history.duckdb.wal", LINK_KEY):
        (home / name).unlink(missing_ok=True)
    for name in (STATES, PUSHED):
        shutil.rmtree(home / name, ignore_errors=True)
