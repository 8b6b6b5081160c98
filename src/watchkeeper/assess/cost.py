"""Cost: training measured here and extrapolated, one model for each entity or one for all, dictionaries, latency."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from watchkeeper.assess.frame import Frame
from watchkeeper.assess.learners import LEARNERS, fit
from watchkeeper.assess.record import Assessment
from watchkeeper.assess.report import Part, Plot, Table, Verdict, number

if TYPE_CHECKING:
    import pyarrow as pa

BUCKETS = 1 << 18
SKETCH_BYTES = 12_288
"""A HyperLogLog of 2^14 registers of 6 bits counts distinct values within 0.8 % (Flajolet et al. 2007)."""
ENTRY_BYTES = 80
"""What one entry of a Python dictionary takes beside its text: hash, two pointers, the integer, spare places."""


@dataclass(frozen=True)
class Training:
    """Seconds measured at two sizes, and foreseen for all rows, and for a model of each entity."""

    sizes: tuple[int, int]
    seconds: tuple[float, float]
    all_rows: float
    each_entity: float | None


def measure_training(frame: Frame, small: Frame, learner: str, clock: Callable[[], float], seed: int = 0) -> Training:
    """Fit on a quarter and on all of the small frame; the time grows as a power of the rows, at least linearly."""
    sizes = (max(len(small) // 4, 20), len(small))
    taken = []
    for size in sizes:
        rows = small.take(np.arange(size))
        begun = clock()
        fit(learner, rows, seed)
        taken.append(max(clock() - begun, 1e-6))
    power = max(math.log(taken[1] / taken[0]) / math.log(sizes[1] / sizes[0]), 0.0) if sizes[1] > sizes[0] else 1.0
    whole = taken[1] * (frame.total / sizes[1]) ** max(power, 1.0)
    each = None
    if frame.entity is not None:
        counts = np.bincount(frame.entity[frame.entity >= 0])
        counts = counts[counts > 0]
        middle = int(np.clip(np.median(counts), 20, len(small)))
        begun = clock()
        fit(learner, small.take(np.arange(middle)), seed)
        each = max(clock() - begun, 1e-6) * len(counts)
    return Training(sizes, (taken[0], taken[1]), whole, each)


def latency_ms(small: Frame, learner: str, clock: Callable[[], float], times: int = 20) -> tuple[float, float]:
    """Milliseconds to tell one row: in the middle, and the slowest of those tried."""
    told = fit(learner, small.take(np.arange(min(len(small), 4000))))[0]
    taken = []
    for place in range(times):
        one = small.take(np.array([place % len(small)]))
        begun = clock()
        told(one)
        taken.append(1000 * (clock() - begun))
    return float(np.median(taken)), float(np.max(taken))


def dictionaries(rows: pa.Table) -> list[tuple[str, int, int]]:
    """(column, different values, bytes of an exact dictionary) of each text column, the largest first."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = []
    for column in rows.column_names:
        values = rows[column]
        if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
            continue
        distinct = pc.unique(values.drop_null())
        text = pc.sum(pc.binary_length(distinct)).as_py() or 0
        found.append((column, len(distinct), int(text) + len(distinct) * (49 + ENTRY_BYTES)))
    return sorted(found, key=lambda one: -one[2])


def cost_part(
    record: Assessment,
    rows: pa.Table,
    frame: Frame,
    small: Frame,
    learner: str,
    *,
    is_drifting: bool,
    clock: Callable[[], float] = time.perf_counter,
) -> Part:
    """What it takes to train, to keep and to serve, on this machine with one core."""
    training = measure_training(frame, small, learner, clock)
    middle, slowest = latency_ms(small, learner, clock)
    tables = dictionaries(rows)
    name = LEARNERS[learner]
    reasons = [
        f"{name.capitalize()}: {_span(training.seconds[1])} for {training.sizes[1]:,} rows here, about "
        f"{_span(training.all_rows)} for all {frame.total:,}.",
        f"Telling one row takes {number(middle)} ms in the middle, {number(slowest)} ms at most of those tried.",
    ]
    facts: dict[str, Any] = {"train_all_s": training.all_rows, "latency_ms": middle}
    if training.each_entity is not None:
        facts["train_each_s"] = training.each_entity
        much = training.each_entity > 20 * training.all_rows or training.each_entity > 3600
        reasons.append(
            f"A model for each {record.entity} would take {_span(training.each_entity)}"
            + (": train one pooled model." if much else ": affordable, if their histories are long enough.")
        )
    largest = sum(size for _, _, size in tables)
    if tables:
        reasons.append(
            f"Exact dictionaries of {len(tables)} text columns take {_bytes(largest)}; hashed into {BUCKETS:,} buckets "
            f"{_bytes(8 * BUCKETS)} in all, and counting distinct values by sketches {_bytes(SKETCH_BYTES)} a column."
        )
        if largest > 100 * 2**20:
            reasons.append("Hash them: the exact ones do not fit beside a service.")
    upkeep = (
        "Train it again every month at least, for it ages."
        if is_drifting
        else "It does not seem to age fast: train it every quarter."
    )
    reasons.append(upkeep)
    rest = (_bytes(8 * BUCKETS), _bytes(SKETCH_BYTES))
    lines = tuple((column, f"{count:,}", _bytes(size), *rest) for column, count, size in tables[:10])
    verdict: Verdict = "good" if training.all_rows < 3600 and middle < 100 and largest < 2**30 else "care"
    return Part(
        key="cost",
        title="Cost",
        verdict=verdict,
        headline=f"About {_span(training.all_rows)} of one core to train on all rows, {number(middle)} ms to tell one.",
        reasons=tuple(reasons),
        uncertainty="Measured on the machine that made this report, on one core, once: right within a factor of two.",
        tables=(
            Table(
                "Dictionaries of text columns",
                ("column", "different values", "exact", "hashed", "sketched (count only)"),
                lines,
            ),
        )
        if tables
        else (),
        plot=Plot(
            kind="bars",
            title="Seconds of training",
            rows=tuple(
                {"name": label, "value": value}
                for label, value in (
                    (f"{training.sizes[0]:,} rows, measured", training.seconds[0]),
                    (f"{training.sizes[1]:,} rows, measured", training.seconds[1]),
                    (f"all {frame.total:,} rows", training.all_rows),
                )
            ),
            x="seconds",
        ),
        facts=facts,
    )  # fmt: skip


def _span(taken: float) -> str:
    if taken < 1:
        return f"{1000 * taken:,.0f} ms"
    if taken < 120:
        return f"{taken:,.1f} s"
    if taken < 7200:
        return f"{taken / 60:,.0f} min"
    return f"{taken / 3600:,.0f} h"


def _bytes(size: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024 or unit == "GB":
            return f"{size:,.0f} {unit}"
        size /= 1024
    raise AssertionError
