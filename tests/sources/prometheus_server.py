"""A small server that speaks the range queries of the Prometheus HTTP API, over real HTTP on loopback.

It answers as prometheus/prometheus does (web/api/v1): the shapes of answers and errors, the limit on steps, both ways
to authenticate. It does not know PromQL: a query is the name of some series, whose values are functions of time.
"""

from __future__ import annotations

import base64
import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

Values = Callable[[int], "float | str | None"]


@dataclass
class Prometheus:
    """What the server knows, and what it was asked: (start, end, step) of each range query."""

    address: str
    series: dict[str, list[tuple[dict[str, str], Values]]] = field(default_factory=dict)
    asked: list[tuple[int, int, int]] = field(default_factory=list)
    bearer: str = ""
    basic: str = ""
    raw: str = ""
    drips: str = ""
    """Whether the `head` or the `body` of an answer comes a byte at a time, and never ends."""
    closing: threading.Event = field(default_factory=threading.Event)


@contextmanager
def prometheus() -> Iterator[Prometheus]:
    """Run the server until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            if known.drips:
                self.wfile.write(b"HTTP/1.0 200 OK\r\nX-Slow: " + (b"no\r\n\r\n" if known.drips == "body" else b""))
                with contextlib.suppress(OSError):
                    while not known.closing.wait(0.1):
                        self.wfile.write(b" ")
                return
            status, body = answer(known, self.path, asked, self.headers.get("Authorization", ""))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *said: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        known = Prometheus(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield known
        finally:
            known.closing.set()
            server.shutdown()
            thread.join()


def answer(known: Prometheus, path: str, asked: dict[str, list[str]], credentials: str) -> tuple[int, str]:
    wanted = f"Bearer {known.bearer}" if known.bearer else ""
    if known.basic:
        wanted = f"Basic {base64.b64encode(known.basic.encode()).decode()}"
    if wanted and credentials != wanted:
        return 401, "Unauthorized"
    if known.raw:
        return 200, known.raw
    if path != "/api/v1/query_range":
        return 404, "404 page not found"
    (query,), start, end, step = asked["query"], *(int(asked[name][0]) for name in ("start", "end", "step"))
    known.asked.append((start, end, step))
    if (end - start) // step + 1 > 11_000:
        return refused(
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution"
        )
    if query not in known.series:
        return refused(f'invalid parameter "query": 1:1: parse error: unexpected {query}')
    found = []
    for labels, values in known.series[query]:
        told = [[at, str(values(at))] for at in range(start, end + 1, step) if values(at) is not None]
        if told:
            found.append({"metric": labels, "values": told})
    return 200, json.dumps({"status": "success", "data": {"resultType": "matrix", "result": found}})


def refused(why: str) -> tuple[int, str]:
    return 400, json.dumps({"status": "error", "errorType": "bad_data", "error": why})
