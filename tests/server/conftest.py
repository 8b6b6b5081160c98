"""A made-up service behind real pages, a reader who is signed in, and one who is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar.testing import TestClient

from tests.server.fakes import FakeService
from tests.server.reading import form
from tests.server.shop import Served, served
from watchkeeper.server import create_app

BASE = "http://127.0.0.1:8321"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A real service behind a real server, shared by the tests of a file: each changes things of its own."""
    with served(tmp_path_factory.mktemp("api")) as found:
        yield found


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the drawing bundle is made once for all tests."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def service() -> FakeService:
    """A service with six alerts."""
    return FakeService()


@pytest.fixture
def stranger(service: FakeService, cache_dir: Path) -> Iterator[TestClient]:
    """A browser without a session."""
    app = create_app(service, secret=b"s" * 32, cache_dir=cache_dir)
    with TestClient(app, base_url=BASE, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def reader(stranger: TestClient) -> TestClient:
    """A browser signed in as Ada, through the page that anyone signs in by."""
    page = stranger.get("/sign-in?token=good-token").text
    answer = stranger.post("/sign-in", data={**form(page, "/sign-in"), "name": "Ada"}, follow_redirects=False)
    assert answer.status_code == 303
    return stranger
