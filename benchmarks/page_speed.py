"""How fast the inbox and alert pages answer with ten thousand alerts in the ledger: `python -m benchmarks.page_speed`.

Builds sixty hourly series of a year, ten thousand alerts on them, a fifth of them answered, in a directory of its own,
and asks for pages through the whole application (routing, guard, template, compression), one by one. Prints the
median and the slowest tenth in milliseconds of processor time, which other work on the machine does not blur.
"""

from __future__ import annotations

import math
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from litestar.testing import TestClient

from watchkeeper.domain.alert import Alert, Change, Member, Status
from watchkeeper.domain.feedback import Answer, Feedback
from watchkeeper.domain.metric import Kind, Metric, Source
from watchkeeper.domain.times import HOUR, parse_instant
from watchkeeper.server import create_app
from watchkeeper.stores.history import History
from watchkeeper.stores.ledger import Ledger, alerts, feedback, metrics, series, transitions, watermarks
from watchkeeper.watch.incidents import severity
from watchkeeper.watch.service import Watchkeeper

ALERTS, METRICS, COUNTRIES = 10_000, 6, 10
START = parse_instant("2025-01-01")
HOURS = 365 * 24
BAR_MS = 100.0


def build(home: Path, *, told: int = ALERTS, named: int = METRICS, countries: int = COUNTRIES) -> None:
    """The home: history, `named` metrics of `countries` series, `told` alerts with their transitions, answers."""
    rng = np.random.default_rng(3)
    chance = random.Random(3)
    hour = np.arange(HOURS)
    usual = 400 * (1.3 + np.sin(2 * math.pi * (hour % 24 - 6) / 24)) * np.where(hour // 24 % 7 >= 5, 0.6, 1.0)
    with Ledger.open(f"sqlite:///{home / 'ledger.db'}") as ledger, History.open(home / "history.duckdb") as history:
        ids: list[int] = []
        with ledger.write() as tx:
            metrics.put_source(tx, Source(name="shop", url="sqlite:///none.db"))
            for number in range(named):
                metric = Metric(
                    name=f"orders-{number}",
                    source="shop",
                    query="-",
                    step="1h",
                    kind=Kind.COUNT,
                    unit="orders",
                    dimensions=("country",),
                    owner=f"team {number % 3}",
                    tags=("web",) if number % 2 else ("app",),
                )
                metrics.put_metric(tx, metric)
                values = [(f"C{place}",) for place in range(countries)]
                ids += [one.id for one in series.intern(tx, metric.name, values)]
                watermarks.advance(tx, metric.name, START + HOURS * HOUR)
        for one in ids:
            value = rng.poisson(usual).astype(np.float64)
            history.append(np.full(HOURS, one, np.int32), START + hour * HOUR, value, known_at=START)
        history.compact()
        with ledger.write() as tx:
            for _ in range(told):
                alert = alerts.insert(tx, made_up(ids, chance))
                at = alert.start + HOUR
                transitions.add(tx, alert.id, Change.OPENED, at=at, recorded_at=at)
                transitions.add(tx, alert.id, Change.RESOLVED, at=alert.end, recorded_at=alert.end)
                if chance.random() < 0.2:
                    said = chance.choice((Answer.REAL, Answer.FALSE_ALARM))
                    spoken_of = tuple(member.series for member in alert.members)
                    line = Feedback(
                        id=0,
                        by="Ada",
                        given_at=alert.end,
                        answer=said,
                        series=spoken_of,
                        start=alert.start,
                        end=alert.end,
                        alert=alert.id,
                    )
                    feedback.add(tx, line)
                    transitions.add(tx, alert.id, Change.ANSWERED, at=alert.end, recorded_at=alert.end)


def made_up(ids: list[int], chance: random.Random) -> Alert:
    """An alert of one to four series, somewhere in the year."""
    begin = START + chance.randrange(60 * 24, HOURS - 48) * HOUR
    members = tuple(
        Member(
            series=one,
            start=begin,
            end=begin + chance.randrange(1, 8) * HOUR,
            is_open=False,
            peak_time=begin,
            peak_score=chance.random() * 3,
            value=chance.random() * 200,
            expected=400.0,
            lower=350.0,
            upper=450.0,
        )
        for one in sorted(chance.sample(ids, min(len(ids), chance.choice((1, 1, 1, 2, 4)))))
    )
    end = max(member.end for member in members)
    return Alert(
        id=0,
        family="shop",
        status=Status.RESOLVED,
        start=begin,
        end=end,
        severity=severity(members),
        members=members,
    )


def measured(ask: Callable[[str], int], paths: list[str]) -> tuple[float, float, int]:
    """Median and ninth decile in milliseconds, and the largest page in bytes, over the paths."""
    times, sizes = [], []
    for path in paths:
        begun = time.process_time()
        sizes.append(ask(path))
        times.append(1000 * (time.process_time() - begun))
    return statistics.median(times), statistics.quantiles(times, n=10)[-1], max(sizes)


def main(asked: int = 40) -> int:
    """Build, measure, print; 1 where a bar is missed."""
    chance = random.Random(5)
    pages = {
        "inbox": ["/"] * asked,
        "inbox, all, newest": ["/?show=all&order=newest"] * asked,
        "inbox, filtered": [f"/?show=all&owner=team+{chance.randrange(3)}&severity=3" for _ in range(asked)],
        "inbox, searched": [f"/?show=all&text=C{chance.randrange(10)}" for _ in range(asked)],
        "alert": [f"/alerts/{chance.randrange(1, ALERTS + 1)}" for _ in range(asked)],
    }
    missed = 0
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        build(home)
        with Watchkeeper.open(home, clock=lambda: START + HOURS * HOUR) as service:
            app = create_app(service, secret=b"s" * 32, cache_dir=home / "cache")
            key = service.sign_in.redeem(service.sign_in.make_link("").rpartition("=")[2], "Ada")
            cookie = {app.state.desk.door.session_cookie: str(key)}
            with TestClient(app, base_url="http://127.0.0.1", cookies=cookie) as browser:

                def ask(path: str) -> int:
                    answer = browser.get(path)
                    assert answer.status_code == 200, answer.text
                    return len(answer.content)

                begun = time.process_time()
                ask("/")
                print(
                    f"first page, judging {METRICS * COUNTRIES} series of a year: {time.process_time() - begun:.1f} s"
                )
                ask("/alerts/1")
                print(f"{'page':<22}{'median ms':>10}{'decile ms':>10}{'bytes':>10}")
                for name, paths in pages.items():
                    median, decile, size = measured(ask, paths)
                    missed += median > BAR_MS
                    print(f"{name:<22}{median:>10.0f}{decile:>10.0f}{size:>10,}")
    print(f"bar: {BAR_MS:g} ms median; {'missed' if missed else 'met'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
