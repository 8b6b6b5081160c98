"""A real MariaDB server for tests, where this machine has one (`apt-get install mariadb-server`); they skip elsewhere.

No wheel brings the server, as one does PostgreSQL. It is started once a test process, on a Unix socket alone, with a
new database a test; as root it runs as `nobody`.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pymysql

_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
_UNPRIVILEGED = "nobody"
_PATIENCE_S = 60.0
_numbers = count(1)


def found() -> str | None:
    """Where the server is on this machine; None where there is none."""
    return shutil.which("mariadbd", path=_PATH)


@contextmanager
def server() -> Iterator[str]:
    """Run the server; yields the path of its socket."""
    program, installer = found(), shutil.which("mariadb-install-db", path=_PATH)
    assert program is not None
    assert installer is not None
    user = _UNPRIVILEGED if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="wk-my-"))
    if user is not None:
        shutil.chown(folder, user)
    plain = [f"--datadir={folder / 'data'}"]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "user": user}
    try:
        made = [installer, "--no-defaults", *plain, "--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run(made, check=True, cwd=folder, **quiet)  # type: ignore[call-overload]
        place = folder / "socket"
        options = [
            "--skip-networking",
            f"--socket={place}",
            f"--pid-file={folder / 'pid'}",
            "--innodb-flush-method=fsync",
        ]
        running = subprocess.Popen([program, "--no-defaults", *plain, *options], cwd=folder, **quiet)  # type: ignore[call-overload]
        try:
            _wait(running, place)
            yield str(place)
        finally:
            running.kill()
            running.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_database(place: str) -> str:
    """Make an empty database on the server; returns its SQLAlchemy URL."""
    name = f"test_{next(_numbers)}"
    with pymysql.connect(unix_socket=place, user="root") as admin, admin.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    return f"mysql+pymysql://root@localhost/{name}?unix_socket={place}"


def _wait(running: subprocess.Popen[bytes], place: Path) -> None:
    """Until it takes connections."""
    deadline = time.monotonic() + _PATIENCE_S
    while running.poll() is None and time.monotonic() < deadline:
        with socket.socket(socket.AF_UNIX) as probe:
            if place.exists() and probe.connect_ex(str(place)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError("the MariaDB server did not start")
