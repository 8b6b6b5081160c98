"""`python -m benchmarks.rented_server`: a local server with the contracts of two kinds of rented services, to try with.

- `POST /anomalydetector/v1.0/timeseries/entire/detect`, header `Ocp-Apim-Subscription-Key`: the entire series in, a
  verdict a point out, as Azure's Anomaly Detector had it; 12 to 8,640 points, sorted, one a step.
- `POST /v1/models/visits:predict`, header `Authorization: Bearer …`: instances in, classes with scores out, as Vertex
  AI has it for tables.

The key is `local-key`. What it says is simple but honest: a point is an anomaly where it is far from the median of its
hour of the week, and a row scores by how high its first number lies. `--busy N` refuses every N-th call with 429.
"""

from __future__ import annotations

import argparse
import json
import math
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from statistics import median
from typing import Any

KEY = "local-key"
SERIES = "/anomalydetector/v1.0/timeseries/entire/detect"
INSTANCES = "/v1/models/visits:predict"
GRANULARITY = {"yearly", "monthly", "weekly", "daily", "hourly", "minutely", "secondly"}


class RefusedError(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def detect_entire(body: dict[str, Any]) -> dict[str, Any]:
    """The answer of the series contract."""
    points = body.get("series")
    if not isinstance(points, list) or not 12 <= len(points) <= 8640:
        raise RefusedError(400, "InvalidSeries", "series must have 12 to 8640 points")
    if body.get("granularity") not in GRANULARITY:
        raise RefusedError(400, "InvalidGranularity", f"granularity must be one of {sorted(GRANULARITY)}")
    times = [datetime.fromisoformat(one["timestamp"].replace("Z", "+00:00")) for one in points]
    if any(after <= before for before, after in pairwise(times)):
        raise RefusedError(400, "InvalidSeries", "timestamps must rise")
    values = [float(one["value"]) for one in points]
    of_hour: dict[tuple[int, int], list[float]] = defaultdict(list)
    for at, value in zip(times, values, strict=True):
        of_hour[at.weekday() // 5, at.hour].append(value)
    expected = [median(of_hour[at.weekday() // 5, at.hour]) for at in times]
    away = [value - usual for value, usual in zip(values, expected, strict=True)]
    scale = 1.4826 * median(map(abs, away)) or 1.0
    margin = scale * (3.0 + (99 - float(body.get("sensitivity", 95))) / 10.0)
    return {
        "period": 0,
        "expectedValues": expected,
        "upperMargins": [margin] * len(points),
        "lowerMargins": [margin] * len(points),
        "isAnomaly": [abs(one) > margin for one in away],
        "isPositiveAnomaly": [one > margin for one in away],
        "isNegativeAnomaly": [one < -margin for one in away],
    }


def predict(body: dict[str, Any]) -> dict[str, Any]:
    """The answer of the instances contract."""
    rows = body.get("instances")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise RefusedError(400, "INVALID_ARGUMENT", "instances must be a list of objects")
    if len(rows) > 1000:
        raise RefusedError(413, "INVALID_ARGUMENT", "at most 1000 instances a call")
    found = []
    for row in rows:
        number = next((value for value in row.values() if isinstance(value, int | float)), 0.0)
        score = 1.0 / (1.0 + math.exp(-max(min(float(number), 30.0), -30.0)))
        found.append({"classes": ["0", "1"], "scores": [1.0 - score, score]})
    return {"predictions": found, "deployedModelId": "local"}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: RentedServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            self._say(200, self._answer(body))
        except RefusedError as refused:
            self._say(refused.status, {"error": {"code": refused.code, "message": str(refused)}})

    def _answer(self, raw: bytes) -> dict[str, Any]:
        self.server.calls += 1
        if self.server.busy and self.server.calls % self.server.busy == 0:
            raise RefusedError(429, "RateLimited", "too many calls")
        given = self.headers.get("Ocp-Apim-Subscription-Key") or self.headers.get("Authorization", "")
        if given.removeprefix("Bearer ") != KEY:
            raise RefusedError(401, "Unauthorized", f"the key {given.removeprefix('Bearer ')!r} is not known")
        if self.headers.get("Content-Type") != "application/json":
            raise RefusedError(415, "BadContentType", "send application/json")
        try:
            body = json.loads(raw)
        except ValueError:
            raise RefusedError(400, "BadJson", "the body is no JSON") from None
        self.server.bodies.append(body)
        if self.path == SERIES:
            return detect_entire(body)
        if self.path == INSTANCES:
            return predict(body)
        raise RefusedError(404, "NotFound", f"there is nothing at {self.path}")

    def _say(self, status: int, body: dict[str, Any]) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        if status == 429:
            self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


class RentedServer(ThreadingHTTPServer):
    """The server; `bodies` are the requests it took, `calls` how many came."""

    def __init__(self, port: int = 0, busy: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.busy, self.calls = busy, 0
        self.bodies: list[dict[str, Any]] = []

    def url(self, path: str) -> str:
        """The address of one of its paths."""
        return f"http://127.0.0.1:{self.server_address[1]}{path}"


@contextmanager
def running(port: int = 0, busy: int = 0) -> Iterator[RentedServer]:
    """The server on a thread of its own."""
    server = RentedServer(port, busy)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rented_server", description=__doc__)
    parser.add_argument("--port", type=int, default=9321)
    parser.add_argument("--busy", type=int, default=0)
    arguments = parser.parse_args()
    server = RentedServer(arguments.port, arguments.busy)
    print(f"{server.url(SERIES)}\n{server.url(INSTANCES)}\nThe key is {KEY}. Ctrl-C ends it.", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
