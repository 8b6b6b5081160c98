"""How the service bears a company: `python -m benchmarks.service [tick|backfill|memory …]`, from a real PostgreSQL.

- tick: 10,000 hourly metrics, each with its own query, one new hour: from the sources to the messages, in seconds.
- backfill: a year of 1,000 hourly series (one metric), read, stored, judged, alerts stored, in seconds.
- memory: 100,000 live series (1,000 metrics of 100), a week of hours, and a tick: the most memory in use.

Each runs in a process of its own, with its stores in a new directory. `--scale 0.1` measures a tenth of it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
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


def _tick(scale: float) -> None:
    names = round(10_000 * scale)
    found = measure(names, 1, 14 * 24, ticks=1)
    print(
        f"tick: {names:,} hourly metrics, one new hour, source to notifications: {found['tick_s']:.1f} s "
        f"({found['tick_cpu_s']:.1f} s of this process; {found['opened']:.0f} alerts opened, {found['sent']:.0f} told)"
    )


def _backfill(scale: float) -> None:
    places = round(1_000 * scale)
    found = measure(1, places, 365 * 24, ticks=0)
    took, most = found["backfill_s"], found["memory_mb"]
    print(f"backfill: a year of {places:,} hourly series: {took:.1f} s, at most {most:.0f} MB")


def _memory(scale: float) -> None:
    names = round(1_000 * scale)
    found = measure(names, 100, 7 * 24, ticks=1)
    print(
        f"memory: {names * 100:,} live series: at most {found['memory_mb']:.0f} MB "
        f"(a week read in {found['backfill_s']:.1f} s, a tick in {found['tick_s']:.1f} s)"
    )


MEASURES: dict[str, Callable[[float], None]] = {"tick": _tick, "backfill": _backfill, "memory": _memory}


def main() -> None:
    """Measure what is named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measures", nargs="*", choices=[[], *MEASURES], help="default: all")
    parser.add_argument("--scale", type=float, default=1.0)
    chosen = parser.parse_args()
    for name in chosen.measures or MEASURES:
        process = multiprocessing.get_context("spawn").Process(target=MEASURES[name], args=(chosen.scale,))
        process.start()
        process.join()
        if process.exitcode:
            raise SystemExit(process.exitcode)


if __name__ == "__main__":
    main()
