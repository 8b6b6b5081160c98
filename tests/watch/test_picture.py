"""A message to a real webhook carries the chart of what it speaks of."""

from __future__ import annotations

import base64
import http.server
import json
import threading
from pathlib import Path
from typing import Any

from tests.watch import shop
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.times import HOUR
from watchkeeper.watch.service import Watchkeeper


def test_the_chart_arrives_with_the_words(home: Path):
    received: list[dict[str, Any]] = []

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        config = shop.CONFIG.format(shop=home / "shop.db", told="unused")
        config = config.replace("textfile://unused", f"json://127.0.0.1:{server.server_port}/")
        now = shop.LATER_DROP + shop.DROP_HOURS * HOUR
        with Watchkeeper.open(home / "watchkeeper", clock=lambda: now) as service:
            service.apply(parse_config(config), "tester")
            done = service.run_until(now)
        server.shutdown()
        thread.join()
    assert done.troubles == ()
    assert len(received) == done.sent == 1
    (attached,) = received[0]["attachments"]
    assert base64.b64decode(attached["base64"]).startswith(b"\x89PNG")
    assert "Orders" in received[0]["message"]
