"""The server as a process: assets, the kept key, ports, and what importing it costs."""

from __future__ import annotations

import stat
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from litestar.testing import TestClient

from tests.server.fakes import FakeService
from tests.server.reading import form
from watchkeeper.domain.errors import InputError
from watchkeeper.server.assets import Assets
from watchkeeper.server.desk import HERE
from watchkeeper.server.run import kept_secret, running


def test_health_needs_no_session(stranger: TestClient) -> None:
    answer = stranger.get("/health")
    assert (answer.status_code, answer.text) == (200, "ok\n")


def test_assets_are_kept_for_good_and_packed(reader: TestClient) -> None:
    page = reader.get("/alerts/1").text
    addresses = [part.split('"')[0] for part in page.split('"/assets/')[1:]]
    assert len(addresses) >= 6
    for address in addresses:
        answer = reader.get(f"/assets/{address}", headers={"accept-encoding": "gzip"})
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["content-encoding"] == "gzip"
    plain = reader.get(f"/assets/{addresses[0]}", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers


def test_an_asset_of_another_version_says_to_reload(stranger: TestClient) -> None:
    answer = stranger.get("/assets/000000000000/base.css")
    assert answer.status_code == 404
    assert "reload" in answer.text


@pytest.mark.parametrize("path", ["/assets/../app.py", "/assets/%2e%2e/app.py", "/assets//etc/passwd"])
def test_assets_lead_nowhere_else(stranger: TestClient, path: str) -> None:
    assert stranger.get(path).status_code == 404


def test_the_drawing_bundle_is_made_once(cache_dir: Path) -> None:
    first = Assets(HERE / "static", cache_dir).bundle_address()
    kept = list(cache_dir.glob("drawing-*.js"))
    assert len(kept) == 1
    began = time.perf_counter()
    assert Assets(HERE / "static", cache_dir).bundle_address() == first
    assert time.perf_counter() - began < 1.0


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert Assets(HERE / "static", blocked / "cache").bundle_address().endswith("/drawing.js")


def test_the_key_is_kept_and_private(tmp_path: Path) -> None:
    key = kept_secret(tmp_path / "new")
    assert len(key) == 32
    assert kept_secret(tmp_path / "new") == key
    (file,) = (tmp_path / "new").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_broken_key_is_made_anew(tmp_path: Path) -> None:
    key = kept_secret(tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"short")
    assert len(kept_secret(tmp_path)) == 32 != key


def test_a_real_server_answers_over_loopback(cache_dir: Path) -> None:
    service = FakeService()
    with running(service, cache_dir) as address, httpx.Client(base_url=address, follow_redirects=True) as client:
        assert client.get("/health").text == "ok\n"
        fields = form(client.get("/sign-in?token=good-token").text, "/sign-in")
        page = client.post("/sign-in", data={**fields, "name": "Ada"})
        assert page.status_code == 200
        assert page.headers["content-encoding"] == "gzip"
        assert "server" not in page.headers


def test_a_taken_port_is_told(cache_dir: Path) -> None:
    from watchkeeper.server import serve

    with running(FakeService(), cache_dir) as address:
        port = int(address.rsplit(":", 1)[1])
        with pytest.raises(InputError, match="choose another port"):
            serve(FakeService(), "127.0.0.1", port, cache_dir)


def test_importing_the_server_does_not_wake_the_compiler() -> None:
    code = "import sys, watchkeeper.server; print(sorted({'numba', 'duckdb', 'sqlalchemy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
