"""How the service bears a company: `python -m benchmarks.service [tick|backfill|memory …]`, from a real PostgreSQL.

- tick: 10,000 hourly metrics, each with its own query, one new hour: from the sources to the messages, in seconds.
- backfill: a year of 1,000 hourly series (one metric), read, stored, judged, alerts stored, in seconds.
- memory: 100,000 live series (1,000 metrics of 100), a week of hours, and a tick: the most memory in use.

Each runs in a process of its own, with its stores in a new directory. `--scale 0.1` measures a tenth of it, against
the bar of the whole. Ends with 1 where a bar is missed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
from tests import postgres

from watchkeeper.domain.config import Config, parse_config
from watchkeeper.domain.times import HOUR, parse_instant
from watchkeeper.watch.service import Watchkeeper

NOW = parse_instant("2026-06-01")
MISSED = 9
"""The exit code of a measurement that missed its bar."""
BARS = {"tick": 10.0, "backfill": 60.0, "memory": 1_500.0}
"""A tick and a backfill have to be done in so many seconds, and memory stay below so many MB."""
METRIC = """
  {name}:
    source: shop
    step: 1h
    settle: 0s
    kind: count
    since: {since}
    {dimensions}
    query: {query}
"""


def fill(url: str, names: int, places: int, hours: int) -> None:
    """A table of hourly counts, made inside the database: a day and a week in each, and a drop in every hundredth."""
    with psycopg.connect(url.replace("postgresql+psycopg", "postgresql"), autocommit=True) as shop:
        shop.execute("CREATE TABLE orders (name int, place int, at bigint, n float8)")
        shop.execute(
            "INSERT INTO orders SELECT name, place, at, round((200 + name %% 50) * (1.3 + sin(at / 86400.0 * 6.2832))"
            " * (CASE WHEN (at / 86400) %% 7 < 2 THEN 0.6 ELSE 1 END) * (0.95 + 0.1 * random())"
            " * (CASE WHEN name %% 100 = 0 AND at >= %(last)s THEN 0.1 ELSE 1 END))"
            " FROM generate_series(%(first)s, %(last)s, 3600) at, generate_series(1, %(names)s) name,"
            " generate_series(1, %(places)s) place",
            {"first": NOW - hours * HOUR, "last": NOW, "names": names, "places": places},
        )
        shop.execute("CREATE INDEX ON orders (name, at)")
        shop.execute("ANALYZE orders")


def config(url: str, names: int, hours: int, told: Path, *, has_places: bool) -> Config:
    """One metric a name."""
    since = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(NOW - hours * HOUR))
    what = "place," if has_places else ""
    text = f'sources:\n  shop: {{url: "{url}"}}\nchannels:\n  team: {{url: "textfile://{told}"}}\nmetrics:'
    for name in range(1, names + 1):
        text += METRIC.format(
            name=f"orders_{name}",
            since=since,
            dimensions="dimensions: [place]" if has_places else "title: Orders",
            query=f"select at as time, {what} n as value from orders"
            f" where name = {name} and at >= :start_s and at < :end_s",
        )
    return parse_config(text)


def measure(names: int, places: int, hours: int, *, ticks: int) -> dict[str, float]:
    """Seconds of reading and judging all hours but the last, of one tick of the last, and the most memory in MB."""
    with postgres.server() as address, tempfile.TemporaryDirectory() as folder:
        url = postgres.new_database(address)
        fill(url, names, places, hours)
        home = Path(folder)
        found = {}
        with Watchkeeper.open(home / "stores", clock=lambda: NOW) as service:
            service.apply(config(url, names, hours, home / "told.txt", has_places=places > 1), "benchmark")
            began = time.perf_counter()
            first = service.run_until(NOW)
            found["backfill_s"] = time.perf_counter() - began
            assert first.points == names * places * hours, first
            if ticks:
                began, cpu = time.perf_counter(), time.process_time()
                done = service.run_until(NOW + HOUR)
                found["tick_s"], found["tick_cpu_s"] = time.perf_counter() - began, time.process_time() - cpu
                assert done.points == names * places, done
                found["opened"], found["sent"] = done.opened, done.sent
        found["memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found


def _verdict(name: str, found: float, unit: str) -> int:
    """Say whether the bar is met; 1 where it is missed."""
    is_missed = found > BARS[name]
    print(f"bar: {BARS[name]:,g} {unit}; {'missed' if is_missed else 'met'}")
    return int(is_missed)


def _tick(scale: float) -> int:
    names = round(10_000 * scale)
    found = measure(names, 1, 14 * 24, ticks=1)
    print(
        f"tick: {names:,} hourly metrics, one new hour, source to notifications: {found['tick_s']:.1f} s "
        f"({found['tick_cpu_s']:.1f} s of this process; {found['opened']:.0f} alerts opened, {found['sent']:.0f} told)"
    )
    return _verdict("tick", found["tick_s"], "s")


def _backfill(scale: float) -> int:
    places = round(1_000 * scale)
    found = measure(1, places, 365 * 24, ticks=0)
    took, most = found["backfill_s"], found["memory_mb"]
    print(f"backfill: a year of {places:,} hourly series: {took:.1f} s, at most {most:.0f} MB")
    return _verdict("backfill", took, "s")


def _memory(scale: float) -> int:
    names = round(1_000 * scale)
    found = measure(names, 100, 7 * 24, ticks=1)
    print(
        f"memory: {names * 100:,} live series: at most {found['memory_mb']:.0f} MB "
        f"(a week read in {found['backfill_s']:.1f} s, a tick in {found['tick_s']:.1f} s)"
    )
    return _verdict("memory", found["memory_mb"], "MB")


MEASURES: dict[str, Callable[[float], int]] = {"tick": _tick, "backfill": _backfill, "memory": _memory}


def _measured(name: str, scale: float) -> None:
    """In a process of its own: its exit code says whether the bar is missed."""
    sys.exit(MISSED if MEASURES[name](scale) else 0)


def main() -> int:
    """Measure what is named, or all; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measures", nargs="*", choices=[[], *MEASURES], help="default: all")
    parser.add_argument("--scale", type=float, default=1.0)
    chosen = parser.parse_args()
    missed = 0
    for name in chosen.measures or MEASURES:
        process = multiprocessing.get_context("spawn").Process(target=_measured, args=(name, chosen.scale))
        process.start()
        process.join()
        if process.exitcode not in (0, MISSED):
            raise SystemExit(process.exitcode)
        missed += process.exitcode == MISSED
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
