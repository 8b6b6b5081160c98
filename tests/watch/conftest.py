"""The shop is built once; each test gets its own copy of it, or of a service that has watched it for ten weeks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.watch import shop
from watchkeeper.watch.service import Watchkeeper


@pytest.fixture(scope="session")
def built_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("shop")
    shop.build(home / "shop.db")
    return home


@pytest.fixture
def home(built_shop: Path, tmp_path: Path) -> Path:
    shutil.copy(built_shop / "shop.db", tmp_path / "shop.db")
    return tmp_path


@pytest.fixture
def service(home: Path) -> Iterator[Watchkeeper]:
    with shop.open_service(home) as service:
        service.run_until(shop.END)
        yield service
