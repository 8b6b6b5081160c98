"""The labelled series that peers are compared on, and how `score.py` counts them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmarks.peers.common import Floats, Ints

EVERY = {"cloud": 1, "nab": 3}
"""Of each file every so many-th series by name."""


@dataclass(frozen=True)
class Labelled:
    """A series: its file, its name, its points and labels by time, its usual step in seconds."""

    data: str
    name: str
    times: Ints
    values: Floats
    label: NDArray[np.bool_]
    step: int


def read(bench: Path) -> list[Labelled]:
    """The sample, shortest first within each file, the files by turns: a slow peer sees some of both."""
    files = [sorted(_read(bench / f"{data}.parquet", data), key=lambda one: len(one.times)) for data in EVERY]
    turn = [(place / len(file), k, one) for k, file in enumerate(files) for place, one in enumerate(file)]
    return [one for _, _, one in sorted(turn, key=lambda entry: entry[:2])]


def _read(path: Path, data: str) -> list[Labelled]:
    table = pq.read_table(path)
    names = sorted(pc.unique(table["series"]).to_pylist())
    result = []
    for name in names[:: EVERY[data]]:
        rows = table.filter(pc.equal(table["series"], name))
        times = rows["ts"].to_numpy().astype("datetime64[s]").astype(np.int64)
        order = np.argsort(times, kind="stable")
        times = times[order]
        gaps = np.diff(times)
        values = rows["value"].to_numpy(zero_copy_only=False).astype(np.float64)[order]
        step = int(np.median(gaps[gaps > 0]))
        result.append(Labelled(data, name, times, values, rows["label"].to_numpy()[order] > 0, step))
    return result


def save(series: list[Labelled], path: Path) -> None:
    """Write the points, without the labels, for the workers."""
    np.savez(
        path,
        start=np.cumsum([0, *(len(one.times) for one in series)]),
        time=np.concatenate([one.times for one in series]),
        value=np.concatenate([one.values for one in series]),
        step=np.array([one.step for one in series]),
    )


def judge(
    protocol: ModuleType, series: list[Labelled], scores: list[Floats], alerts: list[NDArray[np.bool_]]
) -> dict[str, Any]:
    """`score.py`'s events: at the own alerts and at the best threshold."""
    cases: list[dict[str, Any]] = []
    for one, score, alert in zip(series, scores, alerts, strict=True):
        start = int(protocol.WARM_UP * len(one.times))
        cases.append(
            {
                "name": one.name,
                "ts": one.times.astype("datetime64[s]"),
                "score": np.nan_to_num(score, nan=-np.inf, posinf=np.inf),
                "alert": alert,
                "windows": [window for window in protocol.runs(one.label) if window[1] >= start],
                "start": start,
            }
        )
    best = protocol.best_event_report(cases) if any(np.isfinite(case["score"]).any() for case in cases) else None
    return {"own": protocol.event_report(cases, alerts), "best": best}
