"""The year replayed in time order, a week at a time, as if it were happening; slower where the ML feature fails."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from watchkeeper.demo import late
from watchkeeper.demo.warehouse import config_text
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.flag import FlagChange
from watchkeeper.domain.times import DAY, HOUR, WEEK, parse_instant
from watchkeeper.watch.service import Progressed, Watchkeeper
from watchkeeper.watch.views import AlertLine

ZONE = "America/New_York"
ADDRESS = "http://127.0.0.1:8321"
FEATURE_STORE = "late.duckdb"
START, END = parse_instant("2013-01-01", ZONE), parse_instant("2014-01-01", ZONE)


class Replayed(NamedTuple):
    """What the year brought: counts, the ten biggest alerts, and what the guard of the ML feature did, in order."""

    done: Progressed
    biggest: tuple[AlertLine, ...]
    flips: tuple[FlagChange, ...]


def moments() -> list[tuple[int, int]]:
    """When the service runs, and up to when what happened is read by then.

    It runs weekly; daily about the outage, hourly as it begins, every six hours until the flag is back. In calm months
    the ML feature's numbers are read a stretch at a time, as the flights are, and judged week by week.
    """
    first, last = late.OUTAGE
    begins, ends = first - 2 * DAY, last + 5 * DAY
    found = {*range(START + WEEK, END, WEEK), late.TRAINED_AT, late.REFERENCE_ENDS, END, *range(begins, ends + 1, DAY)}
    found |= {*range(first, first + 9 * HOUR, HOUR), *range(last, last + 3 * DAY, 6 * HOUR)}
    stretches = [late.TRAINED_AT, late.REFERENCE_ENDS, begins, END]
    return [
        (now, now if begins <= now <= ends else next(end for end in stretches if end >= now)) for now in sorted(found)
    ]


def replay_year(home: Path) -> Replayed:
    """Apply the demo's configurations, run the service over 2013, and return what it did.

    The ML feature goes live on 1 June: its store grows from moment to moment, and the flag says who answers.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    opened = sent = points = 0
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )
    clock = [START]
    with Watchkeeper.open(home, link=ADDRESS, clock=lambda: clock[0]) as service:
        service.apply(parse_config(config_text(), "flights.yaml"), "demo")
        with bar:
            reading = bar.add_task("reading the warehouse", total=None)
            troubles: list[str] = []
            points = service.collect(END, troubles, lambda step: bar.update(reading, description=step))
            bar.update(reading, description="read the warehouse", total=1, completed=1)
            chosen = moments()
            task = bar.add_task("replaying 2013", total=len(chosen))
            read_until = 0
            for now, happened in chosen:
                if now > late.TRAINED_AT and happened > read_until:
                    read_until = happened
                    answers = str(service.flags.evaluate(late.FLAG, {}).value)
                    late.stream(home / FEATURE_STORE, happened, answers)
                    points += service.collect(happened, troubles)
                clock[0] = now
                done = service.run_until(now, stale_s=WEEK + DAY)
                if now == late.TRAINED_AT:
                    service.apply(parse_config(late.config_text(), "late.yaml"), "demo")
                points, opened, sent = points + done.points, opened + done.opened, sent + done.sent
                troubles += done.troubles
                bar.advance(task)
        biggest = service.inbox(show="all", order="severity").lines[:10]
        flips = [one for one in service.flags.page(late.FLAG).changes if one.what in ("tripped", "returned")]
    done = Progressed(points=points, opened=opened, sent=sent, troubles=tuple(troubles))
    return Replayed(done, biggest, tuple(sorted(flips, key=lambda one: one.at)))
