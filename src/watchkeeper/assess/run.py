"""The whole report from a record and rows: every part in its order, and the sentence that sums them up."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from watchkeeper.assess.availability import availability_part
from watchkeeper.assess.compare import AT_MOST, compare_part
from watchkeeper.assess.compare_points import compare_points
from watchkeeper.assess.compare_rows import compare_rows
from watchkeeper.assess.compare_sides import Ask
from watchkeeper.assess.cost import cost_part
from watchkeeper.assess.data import Finding, check_data, target_plot
from watchkeeper.assess.feasibility import feasibility_part, learning_curves
from watchkeeper.assess.frame import Frame, make_frame
from watchkeeper.assess.heuristics import Trials, heuristics_part, run_trials
from watchkeeper.assess.metric_choice import metric_part
from watchkeeper.assess.metrics import chosen_metric
from watchkeeper.assess.opportunity import opportunity_part
from watchkeeper.assess.prior import prior_part
from watchkeeper.assess.privacy import privacy_part
from watchkeeper.assess.record import Assessment
from watchkeeper.assess.report import Part, Report, Verdict
from watchkeeper.assess.risks import risks_part
from watchkeeper.assess.segments import segments_part
from watchkeeper.domain.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

MODEL_ROWS = 20_000
"""Models are tried on at most so many rows, drawn at random; counts, shares and histories are of all rows."""

Progress = Callable[[str, int, int], None]


def assess(
    record: Assessment,
    rows: pa.Table | None,
    *,
    now: int = 0,
    seed: int = 0,
    progress: Progress = lambda stage, done, total: None,
    ask: Ask | None = None,
    at_most: int = AT_MOST,
) -> Report:
    """The report. `rows` is None for a record with `expect`, which has no data yet; `now` (seconds) is when it is made.
    `ask` sends at most `at_most` rows to each service under `rent`; without it nothing is sent.

    Poor data makes a report that says so: only a record that names what cannot be raises (InputError).
    """
    if record.expect is not None:
        part = prior_part(record)
        return _report(record, now, 0, 0, (), [part])
    assert rows is not None
    import sklearn.ensemble  # noqa: F401 - limits hold for what is loaded already
    from threadpoolctl import threadpool_limits

    # Many small fits: threads that wait for one another cost 17 times what they bring on a busy machine.
    with threadpool_limits(limits=1):
        return _assess(record, rows, now, seed, progress, ask, at_most)


def compare(
    record: Assessment,
    rows: pa.Table,
    *,
    now: int = 0,
    seed: int = 0,
    progress: Progress = lambda stage, done, total: None,
    ask: Ask | None = None,
    at_most: int = AT_MOST,
) -> Report:
    """Build or rent alone: the data, and ours, a rule and what is rented side by side. See `assess`."""
    if not record.rent:
        raise InputError("rent: the record names no service; list what could be rented under rent")
    import sklearn.ensemble  # noqa: F401 - as above
    from threadpoolctl import threadpool_limits

    found = check_data(record, rows)
    rows = rows.slice(0, record.max_rows)
    parts = [_data_part(found, rows, record.target)]
    if parts[0].verdict == "stop":
        return _report(record, now, rows.num_rows, 0, (), parts)
    with threadpool_limits(limits=1):
        try:
            frame, metric = _framed(record, rows)
            small = frame.sample(MODEL_ROWS, seed)
            trials = None
            if record.value is None:
                progress("trying candidates", 0, 1)
                trials = run_trials(small, metric, record.costs, seed)
                progress("trying candidates", 1, 1)
            told = _compared(record, rows, frame, small, trials, ask, at_most, seed)
        except InputError as error:
            parts[0] = _data_part([Finding("stop", "target", str(error)), *found], rows, record.target)
            return _report(record, now, rows.num_rows, 0, (), parts)
    return _report(record, now, rows.num_rows, int(told.facts.get("rows", 0)), (), [parts[0], told])


def _compared(
    record: Assessment,
    rows: pa.Table,
    frame: Frame,
    small: Frame,
    trials: Trials | None,
    ask: Ask | None,
    at_most: int,
    seed: int,
) -> Part:
    if record.value is not None:
        return compare_part(record, lambda: compare_points(record, rows, ask, at_most, seed, time.perf_counter))
    assert trials is not None
    return compare_part(
        record, lambda: compare_rows(record, rows, frame, small, trials, ask, at_most, seed, time.perf_counter)
    )


def _framed(record: Assessment, rows: pa.Table) -> tuple[Frame, str]:
    """The rows made ready, and the metric they are judged by; InputError where the target fits neither."""
    frame = make_frame(record, rows)
    return frame, chosen_metric(record, frame.task, float(frame.target.mean()))


def _assess(
    record: Assessment, rows: pa.Table, now: int, seed: int, progress: Progress, ask: Ask | None, at_most: int
) -> Report:
    total = rows.num_rows
    found = check_data(record, rows)
    rows = rows.slice(0, record.max_rows)
    parts = [_data_part(found, rows, record.target)]
    if parts[0].verdict == "stop":
        return _report(record, now, total, 0, (), parts)
    try:
        frame, metric = _framed(record, rows)
    except InputError as error:
        parts[0] = _data_part([Finding("stop", "target", str(error)), *found], rows, record.target)
        return _report(record, now, total, 0, (), parts)
    small = frame.sample(MODEL_ROWS, seed)
    progress("trying candidates", 0, 1)
    trials = run_trials(small, metric, record.costs, seed)
    progress("trying candidates", 1, 1)
    learned = learning_curves(
        small, metric, record.costs, seed, lambda done, count: progress("learning curves", done, count)
    )
    progress("segments and privacy", 0, 2)
    before = [opportunity_part(record, frame, small, trials), metric_part(record, small, trials)]
    after = [segments_part(record, frame, small, trials)]
    progress("segments and privacy", 1, 2)
    after.append(privacy_part(record, rows, small, trials))
    progress("segments and privacy", 2, 2)
    feasible = feasibility_part(record, small, metric, learned, _told(trials, frame), trials.rows)
    parts += [*before, heuristics_part(small, trials), feasible, *after]
    progress("availability and cost", 0, 1)
    parts.append(availability_part(record, rows, frame, feasible.facts.get("rows_needed"), now))
    is_drifting = "it ages" in " ".join(after[0].reasons)
    parts.append(cost_part(record, rows, frame, small, trials.best_model, is_drifting=is_drifting))
    progress("availability and cost", 1, 1)
    if record.rent:
        parts.append(_compared(record, rows, frame, small, trials, ask, at_most, seed))
    parts.append(risks_part(parts))
    return _report(record, now, total, len(small), _notes(small), parts)


def _told(trials: Trials, frame: Frame) -> NDArray[np.float64] | None:
    return trials.told[trials.best_model] if frame.task != "number" else None


def _data_part(found: list[Finding], rows: pa.Table, target: str) -> Part:
    words: dict[str, Verdict] = {"stop": "stop", "warn": "care", "fact": "good"}
    verdict = words[found[0].verdict]
    headline = {
        "stop": f"The data must be mended first: {found[0].about}: {found[0].words}.",
        "care": "The data can be worked with; mind what is warned of.",
        "good": "The data can be worked with.",
    }[verdict]
    return Part(
        key="data",
        title="The data",
        verdict=verdict,
        headline=headline,
        reasons=tuple(f"{each.about}: {each.words}" for each in found),
        uncertainty="Looked at every row that was read; whether values are right, they cannot say themselves.",
        plot=target_plot(rows, target),
        facts={"findings": [{"verdict": one.verdict, "about": one.about, "words": one.words} for one in found]},
    )


def _notes(frame: Frame) -> tuple[str, ...]:
    notes = []
    if len(frame) < frame.total:
        notes.append(
            f"Models were tried on {len(frame):,} of {frame.total:,} rows, drawn at random; counts are of all."
        )
    if frame.left_out:
        listed = "; ".join(f"{column} ({why})" for column, why in frame.left_out.items())
        notes.append(f"Not learned from: {listed}.")
    return tuple(notes)


_ORDER: tuple[Verdict, ...] = ("stop", "care", "unknown", "good")


def _report(record: Assessment, now: int, total: int, used: int, notes: tuple[str, ...], parts: list[Part]) -> Report:
    worst = min(parts, key=lambda part: _ORDER.index(part.verdict))
    keys = ("feasibility", "compare")
    telling = next((part for key in keys for part in parts if part.key == key), worst)
    first = worst if worst.verdict == "stop" else telling
    return Report(
        name=record.name or f"{record.target} of {record.row}",
        verdict=worst.verdict,
        summary=first.headline,
        row=record.row,
        target=record.target,
        rows_total=total,
        rows_used=used,
        notes=notes,
        parts=tuple(parts),
        made_at=now,
    )
