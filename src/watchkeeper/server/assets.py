"""Style sheets and scripts under addresses that carry a hash of their content, so browsers may keep them for good."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from importlib.metadata import version
from pathlib import Path

import msgspec

from watchkeeper.domain.errors import NotFoundError

_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_SNIPPET = "window.vegaEmbed = vegaEmbed;"
"""What the drawing bundle leaves behind: `vegaEmbed` carries Vega, Vega-Lite and an interpreter of expressions."""


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """One file, as it is and compressed."""

    content_type: str
    body: bytes
    packed: bytes


class Assets:
    """All files of `static/` under one hash, and the drawing bundle, which is made once and kept in `cache_dir`."""

    def __init__(self, static: Path, cache_dir: Path) -> None:
        files = {path.name: path.read_bytes() for path in sorted(static.iterdir()) if path.suffix in _TYPES}
        digest = hashlib.sha256()
        for name, body in files.items():
            digest.update(name.encode() + b"\0" + body)
        self._folder = f"/assets/{digest.hexdigest()[:12]}"
        self._files = {f"{self._folder}/{name}": _asset(name, body) for name, body in files.items()}
        pool = ThreadPoolExecutor(1, thread_name_prefix="drawing-bundle")
        self._bundle: Future[tuple[str, Asset]] = pool.submit(_bundle, cache_dir)
        pool.shutdown(wait=False)

    def address(self, name: str) -> str:
        """The address of a file of `static/`."""
        return f"{self._folder}/{name}"

    def bundle_address(self) -> str:
        """The address of the drawing bundle."""
        return self._bundle.result()[0]

    def get(self, address: str) -> Asset:
        """The file at an address."""
        if address in self._files:
            return self._files[address]
        where, asset = self._bundle.result()
        if address != where:
            raise NotFoundError("this style sheet or script is of another version: reload the page")
        return asset


def _bundle(cache_dir: Path) -> tuple[str, Asset]:
    """The drawing bundle, from the cache or made anew (which takes seconds)."""
    made_by = hashlib.sha256(f"{version('vl-convert-python')} {_SNIPPET}".encode()).hexdigest()[:12]
    kept = cache_dir / f"drawing-{made_by}.js"
    try:
        body = kept.read_bytes()
    except OSError:
        import vl_convert

        body = vl_convert.javascript_bundle(_SNIPPET).encode()
        _keep(kept, body)
    return f"/assets/{hashlib.sha256(body).hexdigest()[:12]}/drawing.js", _asset("drawing.js", body)


def _keep(path: Path, body: bytes) -> None:
    """Write the whole file or none; where the cache cannot be written, each start makes the bundle again."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        with os.fdopen(handle, "wb") as file:
            file.write(body)
        os.replace(name, path)


@cache
def _asset(name: str, body: bytes) -> Asset:
    return Asset(content_type=_TYPES[Path(name).suffix], body=body, packed=gzip.compress(body, 6, mtime=0))
