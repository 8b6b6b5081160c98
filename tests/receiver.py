"""A real HTTP server on loopback that takes what channels send, and fails in every way that it is told to."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Receiver:
    """`statuses` are answered in turn, the last of them from then on; `on_post` runs before each answer."""

    address: str = ""
    statuses: list[int] = field(default_factory=lambda: [200])
    headers: dict[str, str] = field(default_factory=dict)
    on_post: Callable[[], None] = lambda: None
    paths: list[str] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    received: list[Any] = field(default_factory=list)

    @property
    def taken(self) -> list[Any]:
        """What was answered with success."""
        return [body for status, body in self.received if status < 300]


@contextlib.contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a free port."""
    receiver = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status = receiver.statuses.pop(0) if len(receiver.statuses) > 1 else receiver.statuses[0]
            receiver.paths.append(self.path)
            receiver.keys.append(self.headers.get("Idempotency-Key"))
            receiver.received.append((status, body))
            receiver.on_post()
            self.send_response(status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.address = f"127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
