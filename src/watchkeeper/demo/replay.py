"""The year replayed in time order, a week at a time, as if it were happening."""

from __future__ import annotations

from pathlib import Path

from watchkeeper.demo.warehouse import config_text
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.times import DAY, WEEK, parse_instant
from watchkeeper.watch.service import Progressed, Watchkeeper
from watchkeeper.watch.views import AlertLine

ZONE = "America/New_York"
ADDRESS = "http://127.0.0.1:8321"


def replay_year(home: Path) -> tuple[Progressed, tuple[AlertLine, ...]]:
    """Apply the demo's configuration, run the service over 2013, and return what it did with the ten biggest alerts."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    start, end = parse_instant("2013-01-01", ZONE), parse_instant("2014-01-01", ZONE)
    weeks = [*range(start + WEEK, end, WEEK), end]
    opened = sent = 0
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )
    with Watchkeeper.open(home, link=ADDRESS) as service:
        service.apply(parse_config(config_text(), "flights.yaml"), "demo")
        with bar:
            reading = bar.add_task("reading the warehouse", total=None)
            troubles: list[str] = []
            points = service.collect(end, troubles, lambda step: bar.update(reading, description=step))
            bar.update(reading, description="read the warehouse", total=1, completed=1)
            task = bar.add_task("replaying 2013", total=len(weeks))
            for week in weeks:
                done = service.run_until(week, stale_s=WEEK + DAY)
                opened, sent = opened + done.opened, sent + done.sent
                troubles += done.troubles
                bar.advance(task)
        biggest = service.inbox(show="all", order="severity").lines[:10]
    return Progressed(points=points, opened=opened, sent=sent, troubles=tuple(troubles)), biggest
