"""One peer in a process of its own: `python -m benchmarks.peers.worker SLUG POINTS.npz FOLDER SECONDS`.

Lines of JSON on the standard output tell what happened, so that what was done counts also if the process is ended:
`{"ready_s", "is_causal"}` first, then `{"series", "seconds", "peak_mb"}` for each series, whose scores are
`FOLDER/NUMBER.npy`; last `{"stopped", "misfits"}`.
"""

from __future__ import annotations

import importlib
import json
import math
import random
import resource
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers import common
from benchmarks.peers.common import Floats, Ints, Score
from benchmarks.peers.roll import PEERS

SOME = 504
"""Points of the warm-up, three weeks of hours."""
REPEATS = 5
"""What is over in less than BRIEF_S is run so often, and the quickest run counts, as in `benchmarks/speed.py`."""
BRIEF_S = 0.05


def main() -> None:
    """Score what the points hold, shortest series first, until the seconds are used up."""
    slug, source, folder, seconds = sys.argv[1:]
    began = time.perf_counter()
    warnings.simplefilter("ignore")
    random.seed(0)
    np.random.seed(0)  # Peers draw from the global state.
    peer = next(one for one in PEERS if one.slug == slug)
    module, function = peer.adapter.split(":")
    adapter = importlib.import_module(f"benchmarks.peers.{module}")
    score: Score = getattr(adapter, function)
    is_causal = _is_causal(score, peer.tolerance)
    common.misfits.clear()
    _tell(ready_s=time.perf_counter() - began, is_causal=is_causal)
    series = _read(Path(source))
    if peer.is_ours:
        _together(adapter, series, Path(folder))
    else:
        _one_by_one(score, series, Path(folder), float(seconds))


def _one_by_one(score: Score, series: list[tuple[Ints, Floats, int]], folder: Path, seconds: float) -> None:
    used, points = 0.0, 0
    stopped = False
    for place, (times, values, step) in enumerate(series):
        if points and used + used / points * len(times) > seconds:
            stopped = True
            break
        scores, took, spent = _timed(score, times, values, step)
        used, points = used + spent, points + len(times)
        np.save(folder / f"{place}.npy", scores)
        _tell(series=place, seconds=took, peak_mb=_peak_mb())
    _tell(stopped=stopped, misfits=common.misfits)


def _timed(score: Score, times: Ints, values: Floats, step: int) -> tuple[Floats, float, float]:
    """The scores, the seconds they took, and the seconds all runs took."""
    spent, took = 0.0, math.inf
    for _ in range(REPEATS):
        began = time.perf_counter()
        try:
            scores = score(times, values, step)
        except Exception as error:  # A peer may raise anything.
            common.misfits.append(f"{type(error).__name__}: {error}")
            return np.full(len(times), np.nan), time.perf_counter() - began, time.perf_counter() - began
        again = time.perf_counter() - began
        spent, took = spent + again, min(took, again)
        if spent == again:
            told = len(common.misfits)
        if spent > BRIEF_S:
            break
    del common.misfits[told:]  # Each failure counts once.
    return scores, took, spent


def _together(adapter: Any, series: list[tuple[Ints, Floats, int]], folder: Path) -> None:
    """Watchkeeper takes a table of all series; the time is shared among them by their points."""
    given = [(times, values) for times, values, _ in series]
    answers, took = _quickest(lambda: adapter.score_many(given))
    peak_mb = _peak_mb()
    _, alone = _quickest(adapter.detector_alone(series))
    total = sum(len(times) for times, _ in given)
    for place, (scores, alerts) in enumerate(answers):
        np.save(folder / f"{place}.npy", scores)
        np.save(folder / f"{place}.alert.npy", alerts)
        _tell(series=place, seconds=took * len(scores) / total, peak_mb=peak_mb)
    _tell(stopped=False, misfits=[], alone_s=alone)


def _quickest(work: Callable[[], Any]) -> tuple[Any, float]:
    """What it returns, and the seconds of the quickest of some runs."""
    took = math.inf
    for _ in range(REPEATS):
        began = time.perf_counter()
        answer = work()
        took = min(took, time.perf_counter() - began)
    return answer, took


def _read(path: Path) -> list[tuple[Ints, Floats, int]]:
    with np.load(path) as held:
        cuts = held["start"][1:-1]
        columns = zip(np.split(held["time"], cuts), np.split(held["value"], cuts), held["step"].tolist(), strict=True)
        return list(columns)


def _is_causal(score: Score, tolerance: float) -> bool:
    """Whether points to come leave the scores as they were; also wakes what is compiled or loaded when first used."""
    hour = np.arange(SOME)
    rng = np.random.default_rng(0)
    values = 100 + 20 * np.sin(2 * np.pi * hour / 24) + rng.normal(0, 3, SOME)
    values[-20] += 60
    times = 1_704_067_200 + 3600 * hour
    whole, part = score(times, values, 3600), score(times[:-30], values[:-30], 3600)
    return bool(np.allclose(whole[:-30], part, rtol=tolerance, equal_nan=True))


def _peak_mb() -> float:
    """Most memory this process held. Linux's ru_maxrss would count the parent's before exec."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024


def _tell(**what: Any) -> None:
    print("@" + json.dumps(what), flush=True)


if __name__ == "__main__":
    main()
