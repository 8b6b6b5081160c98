"""`python -m benchmarks.system`: the demo's ML feature through its outage, and how right it was, month by month.

The bars: the outage is one incident, the flag is at its fallback in the tick of the first hour that breaks the promise,
and it returns once. The limits of the guard hold in no other week. Accuracy is nearly as high for "always on time", so
skill is printed beside it: the share of the airline average's Brier score that the model does away with.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from click.testing import CliRunner

from watchkeeper.cli import main as watchkeeper
from watchkeeper.demo import late
from watchkeeper.domain.times import format_instant, parse_instant
from watchkeeper.watch.service import Watchkeeper


class Outage(NamedTuple):
    """Alerts on the feature that touch the outage: those that stand for themselves, and those that another explains.

    `moved` counts the series in them; `first_bad` is the end of the first hour that breaks the feed's promise.
    """

    incidents: int
    explained: int
    moved: int
    first_bad: int
    trips: tuple[int, ...]
    returns: tuple[int, ...]


class Month(NamedTuple):
    """Means of a month's days; `off` is how far the accuracy estimated before outcomes was from the true one."""

    name: str
    accuracy: float
    estimated: float
    off: float
    skill: float


def main() -> None:
    """Play the demo unless a home is given, then print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.system", description=__doc__)
    parser.add_argument("--home", type=Path, help="The home of a demo that was played.")
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home = said.home
        if home is None:
            home = Path(scratch)
            CliRunner().invoke(watchkeeper, ["demo", "--home", str(home), "--no-serve"], catch_exceptions=False)
        with Watchkeeper.open(home) as service:
            seen, listed = outage(service), months(service)
    print(f"outage: {seen.incidents} incident, {seen.explained} explained by it, {seen.moved} series moved")
    print(f"first hour beyond the promise ended {format_instant(seen.first_bad)}")
    print(
        f"tripped {', '.join(map(format_instant, seen.trips))}; returned {', '.join(map(format_instant, seen.returns))}"
    )
    print("\n| month | accuracy | estimated before outcomes | mean error of the estimate, a day | skill |")
    print("| --- | --- | --- | --- | --- |")
    for one in listed:
        print(f"| {one.name} | {one.accuracy:.3f} | {one.estimated:.3f} | {one.off:.3f} | {one.skill:+.3f} |")


def outage(service: Watchkeeper) -> Outage:
    """What was told of the outage, and what the guard did in the whole year."""
    first, last = late.OUTAGE
    lines = [
        line
        for line in service.inbox(show="all", start=first, end=last, order="severity").lines
        if line.alert.family.startswith(late.SYSTEM) and line.alert.start < last and line.alert.end > first
    ]
    own = {line.alert.id for line in lines if line.upstream is None}
    time, age = _values(service, "weather.freshness")
    is_bad = age > 6
    changes = sorted(service.flags.page(late.FLAG).changes, key=lambda one: one.at)
    return Outage(
        incidents=len(own),
        explained=sum(line.upstream in own for line in lines),
        moved=len({member.series for line in lines for member in line.alert.members}),
        first_bad=int(time[np.argmax(is_bad)]) + 3600,
        trips=tuple(one.at for one in changes if one.what == "tripped"),
        returns=tuple(one.at for one in changes if one.what == "returned"),
    )


def months(service: Watchkeeper) -> tuple[Month, ...]:
    """July to December, and September without the days of the outage."""
    values = {name: dict(zip(*_values(service, name), strict=True)) for name in _MEANS}
    days = np.array(sorted(set.intersection(*(set(one) for one in values.values()))))
    is_out = (days >= late.OUTAGE[0]) & (days < late.OUTAGE[1])
    edges = [parse_instant(f"2013-{month:02}-01") for month in range(7, 13)] + [late.END]
    names = ("July", "August", "September", "October", "November", "December")
    found = []
    for name, start, end in zip(names, edges, edges[1:], strict=False):
        chosen = (days >= start) & (days < end)
        if (chosen & is_out).any():
            found.append(_month(f"{name}, outage", days[chosen & is_out], values))
            found.append(_month(f"{name}, other days", days[chosen & ~is_out], values))
        else:
            found.append(_month(name, days[chosen], values))
    return tuple(found)


_MEANS = ("accuracy", "accuracy-estimated", "estimate-error", "skill")


def _month(name: str, days: np.ndarray, values: dict[str, dict[int, float]]) -> Month:
    mean = {key: float(np.mean([values[key][day] for day in days])) for key in _MEANS}
    off = float(np.mean([abs(values["estimate-error"][day]) for day in days]))
    return Month(name, mean["accuracy"], mean["accuracy-estimated"], off, mean["skill"])


def _values(service: Watchkeeper, part: str) -> tuple[np.ndarray, np.ndarray]:
    chart = service.metric_page(f"{late.SYSTEM}.{part}").chart
    is_there = np.array([value is not None for value in chart.value])
    return np.array(chart.time)[is_there], np.array([value for value in chart.value if value is not None])


if __name__ == "__main__":
    main()
