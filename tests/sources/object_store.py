"""A small object store on this machine: files over HTTP, and what of S3 a reader needs (list, head, get a range)."""

from __future__ import annotations

import fnmatch
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


class Store:
    """`objects` by path (`/bucket/key`); `is_hanging` keeps whoever asks waiting until the store is closed."""

    def __init__(self, address: str, objects: dict[str, bytes]) -> None:
        self.address = address
        self.objects = objects
        self.is_hanging = False
        self.asked: list[str] = []
        self.written: list[str] = []
        self.closing = threading.Event()


@contextmanager
def serving() -> Iterator[Store]:
    """The store, while it runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(is_head=True)

        def do_GET(self) -> None:
            self._answer(is_head=False)

        def do_PUT(self) -> None:
            store.written.append(self.path)
            self._send(200, b"", {})

        def do_POST(self) -> None:
            self.do_PUT()

        def _answer(self, *, is_head: bool) -> None:
            where = urlsplit(self.path)
            path, query = unquote(where.path), parse_qs(where.query)
            store.asked.append(path)
            if store.is_hanging:
                store.closing.wait(60)
            data = store.objects.get(path)
            span = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
            headers = {"Accept-Ranges": "bytes", "Last-Modified": formatdate(0, usegmt=True), "ETag": '"1"'}
            if "list-type" in query or "prefix" in query:
                self._send(200, _listed(path.strip("/"), query.get("prefix", [""])[0]), {})
            elif data is None:
                self._send(404, b"", {})
            elif span is None:
                self._send(200, data, headers, is_head=is_head)
            else:
                first, last = int(span[1]), min(int(span[2] or len(data)), len(data) - 1)
                headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
                self._send(206, data[first : last + 1], headers, is_head=is_head)

        def _send(self, status: int, body: bytes, headers: dict[str, str], *, is_head: bool = False) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if not is_head:
                self.wfile.write(body)

        def log_message(self, *said: object) -> None:
            pass

    def _listed(bucket: str, prefix: str) -> bytes:
        keys = [path.removeprefix(f"/{bucket}/") for path in sorted(store.objects)]
        found = [key for key in keys if fnmatch.fnmatch(key, f"{prefix}*") and f"/{bucket}/{key}" in store.objects]
        contents = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>2026-06-01T00:00:00.000Z</LastModified>"
            f"<ETag>1</ETag><Size>{len(store.objects[f'/{bucket}/{key}'])}</Size></Contents>"
            for key in found
        )
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>".encode()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    store = Store(f"127.0.0.1:{server.server_port}", {})
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield store
    finally:
        store.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
