"""How fast pushed points are accepted: 1,000 a request, over HTTP on loopback, answered when they are on disk.

`python -m benchmarks.push` starts the server in a process of its own and sends from this one, as 64 senders at once:
each has a connection, and sends its next request when the last was answered. The bars are of a million points, and
of the median round; the last line, which has none, is 8 M points in one go, while the history takes them in as well.
`--scale 0.1` sends a tenth.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import pyarrow as pa

POINTS, A_REQUEST, CONNECTIONS = 1_000_000, 1_000, 64
ROUNDS = 5
BARS = {"json": 1e6, "arrow": 3e6}
"""Points a second that have to be accepted."""
SUSTAINED = 8_000_000
SERIES = 100
START = 1_764_547_200
CONFIG = """
sources: {push: {kind: push}}
metrics: {orders: {source: push, step: 1m, kind: count, dimensions: [country]}}
"""

SERVER = """
import sys, time
from pathlib import Path
from watchkeeper.domain.access import Role, Scope
from watchkeeper.domain.config import parse_config
from watchkeeper.server.run import running
from watchkeeper.watch.service import Watchkeeper
home = Path(sys.argv[1])
with Watchkeeper.open(home) as service:
    service.apply(parse_config(sys.argv[2]), "bench")
    service.access.add_user("Ada", Role.EDITOR, by="bench")
    secret, _ = service.access.make_token("Ada", "pushes", [Scope.PUSH], lifetime_s=3600, by="bench")
    with running(service, home / "cache") as address:
        print(address, secret, flush=True)
        for line in sys.stdin:
            began = time.perf_counter()
            service.pushes.drain()
            print(time.perf_counter() - began, flush=True)
"""


def bodies(kind: str, first_request: int, requests: int) -> list[bytes]:
    """Requests of one point for each of 1,000 minutes of a series, in turn."""
    made = []
    for number in range(first_request, first_request + requests):
        country = f"country {number % SERIES}"
        first = START + number // SERIES * A_REQUEST * 60
        times = list(range(first, first + A_REQUEST * 60, 60))
        values = [float(one % 997) + 0.25 for one in times]
        if kind == "json":
            body = {"metric": "orders", "time": times, "value": values, "dimensions": {"country": country}}
            made.append(msgspec.json.encode(body))
        else:
            column = pa.DictionaryArray.from_arrays(pa.array([0] * A_REQUEST, pa.int32()), [country])
            table = pa.table({"time": times, "value": values, "country": column})
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, table.schema) as stream:
                stream.write_table(table)
            made.append(sink.getvalue().to_pybytes())
    return made


async def send(host: str, port: int, secret: str, kind: str, requests: list[bytes]) -> float:
    """Send all, over all connections; returns the seconds until the last was answered."""
    path = "/api/v1/push" if kind == "json" else "/api/v1/push?metric=orders"
    media = "application/json" if kind == "json" else "application/vnd.apache.arrow.stream"
    head = f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {secret}\r\nContent-Type: {media}\r\n"
    whole = [f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body for body in requests]
    began = time.perf_counter()
    await asyncio.gather(*(_connection(host, port, whole[one::CONNECTIONS]) for one in range(CONNECTIONS)))
    return time.perf_counter() - began


async def _connection(host: str, port: int, whole: list[bytes]) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    accepted = 0
    for one in whole:
        writer.write(one)
        header = await reader.readuntil(b"\r\n\r\n")
        length = int(header.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        body = await reader.readexactly(length)
        assert b" 200 " in header.partition(b"\r\n")[0], (header, body)
        accepted += msgspec.json.decode(body)["accepted"]
    assert accepted == len(whole) * A_REQUEST
    writer.close()


def _cpu(pid: int) -> float:
    """Seconds of CPU that a process has used: what other work on the machine does not blur."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _round(server: subprocess.Popen[str], address: str, secret: str, kind: str, requests: list[bytes]) -> float:
    """Send these, and print how it went; returns the points accepted a second."""
    import uvloop

    assert server.stdout is not None
    assert server.stdin is not None
    host, _, port = address.removeprefix("http://").partition(":")
    before = _cpu(server.pid)
    seconds = uvloop.run(send(host, int(port), secret, kind, requests))
    worked = _cpu(server.pid) - before
    server.stdin.write("drain\n")
    server.stdin.flush()
    drained = float(server.stdout.readline())
    rate = len(requests) * A_REQUEST / seconds
    print(
        f"  {kind}: {rate / 1e6:.2f} M points/s accepted, {worked:.2f} s of the "
        f"server's CPU; drained {drained:.2f} s later"
    )
    return rate


def main() -> int:
    """Print the rates; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.push", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scale", type=float, default=1.0)
    scale = parser.parse_args().scale
    requests, sustained = (max(CONNECTIONS, round(points * scale / A_REQUEST)) for points in (POINTS, SUSTAINED))
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(Path(folder) / "home"), CONFIG],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert server.stdout is not None
        assert server.stdin is not None
        address, secret = server.stdout.readline().split()
        points = requests * A_REQUEST
        print(f"{points:,} points, {A_REQUEST:,} a request, {os.cpu_count()} cores, each answered when on disk")
        done = 0
        for kind, bar in BARS.items():
            rates = []
            for _ in range(ROUNDS):
                rates.append(_round(server, address, secret, kind, bodies(kind, done, requests)))
                done += requests
            median = statistics.median(rates)
            missed += median < bar
            print(
                f"{kind}: {max(rates) / 1e6:.2f} M points/s at best, {min(rates) / 1e6:.2f} at worst, median "
                f"{median / 1e6:.2f}; bar: {bar / 1e6:g} M; {'missed' if median < bar else 'met'}"
            )
        rate = _round(server, address, secret, "arrow", bodies("arrow", done, sustained))
        print(f"arrow, {sustained * A_REQUEST:,} points in one go: {rate / 1e6:.2f} M points/s")
        server.stdin.close()
        server.wait()
        print(f"server: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MB at most")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
