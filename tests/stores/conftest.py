"""A ledger of its own for each test: in a SQLite file and, where the test asks for `url` or `ledger`, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stores.shared import ORDERS, SHOP
from watchkeeper.stores.ledger import Ledger, metrics, series


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """For what only a file can do."""
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """An empty database of each kind that a ledger is kept in."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    """With the metric `orders` and its series 1 to 5."""
    with Ledger.open(url) as opened:
        with opened.write() as tx:
            metrics.put_source(tx, SHOP, at=100)
            metrics.put_metric(tx, ORDERS, at=100)
            series.intern(tx, "orders", [(f"country {n}", "web") for n in range(1, 6)])
        yield opened
