"""A ledger in a file of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stores.shared import ORDERS, SHOP
from watchkeeper.stores.ledger import Ledger, metrics, series


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    """With the metric `orders` and its series 1 to 5."""
    with Ledger.open(url) as opened:
        with opened.write() as tx:
            metrics.put_source(tx, SHOP, at=100)
            metrics.put_metric(tx, ORDERS, at=100)
            series.intern(tx, "orders", [(f"country {n}", "web") for n in range(1, 6)])
        yield opened
