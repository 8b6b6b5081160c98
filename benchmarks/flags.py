"""`python -m benchmarks.flags`: evaluations a second over real HTTP, and how long the slowest hundredth waits.

The server runs in a process of its own, as `watchkeeper serve` does; this process asks over kept-alive connections.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SERVER = """
import sys, time
from pathlib import Path
from watchkeeper.domain.config import parse_config
from watchkeeper.server.run import running
from watchkeeper.watch.service import Watchkeeper
home = Path(sys.argv[1])
with Watchkeeper.open(home) as service:
    service.apply(parse_config(sys.argv[2]), "benchmark")
    with running(service, home / "cache") as address:
        print(address, flush=True)
        sys.stdin.read()
"""
CONFIG = """
segments:
  staff: {when: {mail: {ends_with: "@example.com"}}}
flags:
  ranking:
    variants: {model: true, basic: false}
    default: basic
    fallback: basic
    rules: [{when: {segment: staff}, serve: model}, {when: {country: [DE, AT]}, rollout: {model: 50, basic: 50}}]
    rollout: {model: 10, basic: 90}
"""


async def _ask(address: str, until: float, taken: list[float], number: int) -> None:
    host, port = address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    asked = 0
    while time.perf_counter() < until:
        body = b'{"context":{"targetingKey":"u%d","country":"DE"}}' % (number * 1_000_000 + asked)
        began = time.perf_counter()
        writer.write(
            b"POST /ofrep/v1/evaluate/flags/ranking HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
            b"content-length: %d\r\n\r\n%b" % (len(body), body)
        )
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"the server answered {head.decode()!r}")
        await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
        taken.append(time.perf_counter() - began)
        asked += 1
    writer.close()


async def _load(address: str, seconds: float, connections: int) -> list[float]:
    taken: list[float] = []
    until = time.perf_counter() + seconds
    await asyncio.gather(*(_ask(address, until, taken, number) for number in range(connections)))
    return sorted(taken)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.flags", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--connections", type=int, default=16)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-c", SERVER, str(Path(home)), CONFIG]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            address = server.stdout.readline().strip()
            asyncio.run(_load(address, 1.0, chosen.connections))
            taken = asyncio.run(_load(address, chosen.seconds, chosen.connections))
            server.communicate("")
    rate, slow, middle = len(taken) / chosen.seconds, taken[int(len(taken) * 0.99)], taken[len(taken) // 2]
    print(
        f"{rate:,.0f} evaluations a second over {chosen.connections} connections; "
        f"median {middle * 1e3:.1f} ms, p99 {slow * 1e3:.1f} ms"
    )


if __name__ == "__main__":
    main()
