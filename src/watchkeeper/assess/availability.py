"""Data availability: how fresh, complete, long and steady the data are, whom they join, and how long until enough."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from watchkeeper.assess.frame import DAY_S, Frame, seconds
from watchkeeper.assess.record import Assessment
from watchkeeper.assess.report import Part, Plot, Table, Verdict, number, percent

if TYPE_CHECKING:
    import pyarrow as pa

STALE = 3.0
"""Data are stale when the newest row is older than this many usual gaps between days with rows, and than two days."""
MONTH_S = 30 * DAY_S
MOVED = 0.1


def availability_part(record: Assessment, rows: pa.Table, frame: Frame, rows_needed: float | None, now: int) -> Part:
    """`rows_needed` is what feasibility says; `now` is when the report is made (0: freshness is not judged)."""
    reasons: list[str] = []
    facts: dict[str, Any] = {}
    gaps = {column: rows[column].null_count / max(rows.num_rows, 1) for column in rows.column_names}
    holes = {column: share for column, share in gaps.items() if share > 0.05}
    worst = sorted(gaps.items(), key=lambda item: -item[1])[:12]
    if holes:
        most = ", ".join(
            f"{column} ({percent(share, 0)})" for column, share in sorted(holes.items(), key=lambda one: -one[1])[:5]
        )
        reasons.append(f"{len(holes)} of {rows.num_columns} columns are missing in more than 5 % of rows: {most}.")
    else:
        reasons.append("Every column is filled in at least 95 % of rows.")
    is_stale = is_unsteady = False
    plot = None
    if record.time is not None:
        times = np.sort(seconds(rows[record.time].drop_null()))
        span = float(times[-1] - times[0])
        days, counts = np.unique(times // DAY_S, return_counts=True)
        whole = days[-1] - days[0] + 1
        reasons.append(f"{span / DAY_S:,.0f} days of history, {len(days):,} of {whole:,} days have rows.")
        if now:
            age = now - float(times[-1])
            usual = float(np.median(np.diff(days))) * DAY_S if len(days) > 1 else DAY_S
            is_stale = age > max(STALE * usual, 2 * DAY_S)
            reasons.append(
                f"The newest row is {age / DAY_S:,.1f} days old"
                + (": ask whether the data still come." if is_stale else ".")
            )
            facts["age_days"] = age / DAY_S
        if len(days) >= 14:
            spread = float(np.std(counts) / np.mean(counts))
            first, last = np.mean(counts[: len(counts) // 2]), np.mean(counts[len(counts) // 2 :])
            missing = 1 - len(days) / whole
            is_unsteady = missing > MOVED or not 0.5 < last / first < 2
            reasons.append(
                f"{number(float(np.mean(counts)))} rows a day, {_many(float(last / first))} in the "
                f"later half as in "
                f"the earlier; days differ by {percent(spread, 0)}, {percent(missing)} of days have no row."
            )
        moved = _moved(rows, record.time)
        if moved:
            is_unsteady = True
            reasons.append(
                "What is filled changed between the earlier and the later half: " + "; ".join(moved[:4]) + "."
            )
        months, monthly = np.unique(times // MONTH_S if span > 90 * DAY_S else times // DAY_S, return_counts=True)
        plot = Plot(
            kind="line",
            title=f"Rows per {'30 days' if span > 90 * DAY_S else 'day'}",
            rows=tuple(
                {"series": "rows", "x": place, "value": int(count)}
                for place, count in zip((months - months[0]).tolist(), monthly, strict=True)
            ),
            x="since the start",
            y="rows",
        )
        facts |= {"history_days": span / DAY_S, "days_with_rows": len(days)}
        reasons += _until(rows_needed, frame.total, span, facts)
    else:
        reasons.append("No time is named, so freshness, history and steadiness cannot be told.")
    if record.entity is not None:
        reasons.append(_joins(record.entity, frame))
    reasons.append(
        f"Answers for the data: {record.owner}."
        if record.owner
        else "Nobody is named who answers for the data (`owner`)."
    )
    verdict: Verdict = "care" if holes or is_stale or is_unsteady or not record.owner else "good"
    if record.time is None:
        verdict = "unknown"
    why = [
        word for word, is_so in (("stale", is_stale), ("unsteady", is_unsteady), ("with holes", bool(holes))) if is_so
    ]
    headline = f"The data are {', '.join(why)}." if why else "The data are there, as far as can be told from them."
    lines = tuple((column, percent(share)) for column, share in worst)
    return Part(
        key="availability",
        title="Data availability",
        verdict=verdict,
        headline=headline,
        reasons=tuple(reasons),
        uncertainty="Told from this extract alone; what was never recorded does not show in it.",
        tables=(Table("Missing values", ("column", "missing"), lines),),
        plot=Plot(
            kind="bars",
            title="Share of rows in which a column is missing, the worst columns",
            rows=tuple({"name": column, "value": share} for column, share in worst),
            x="missing",
            percent=True,
        ),
        plots=() if plot is None else (plot,),
        facts=facts,
    )  # fmt: skip


def _many(ratio: float) -> str:
    return "about as many" if 0.95 < ratio < 1.05 else f"{number(ratio)} times as many"


def _moved(rows: pa.Table, time: str) -> list[str]:
    """Columns whose share of missing values moved by a tenth or more between the halves, in time."""
    order = np.argsort(seconds(rows[time]), kind="stable")
    half = np.zeros(len(order), dtype=bool)
    half[order[: len(order) // 2]] = True
    found = []
    for column in rows.column_names:
        values = rows[column]
        if not values.null_count or column == time:
            continue
        is_missing = values.is_null().to_numpy()
        before, after = float(is_missing[half].mean()), float(is_missing[~half].mean())
        if abs(after - before) >= MOVED:
            found.append(f"{column} was missing in {percent(before, 0)}, then in {percent(after, 0)}")
    return found


def _until(needed: float | None, total: int, span: float, facts: dict[str, Any]) -> list[str]:
    """How long until there are the rows that feasibility asks for, at today's pace."""
    if needed is None or span <= 0:
        return []
    if needed <= total:
        return ["There are as many rows as the level needs."]
    months = (needed - total) / (total / (span / MONTH_S))
    facts["months_until_enough"] = months
    if months > 240 or not math.isfinite(months):
        return [f"At today's pace the {needed:,.0f} rows that the level needs would take over twenty years."]
    return [f"At today's pace the {needed:,.0f} rows that the level needs are there in {months:,.0f} months."]


def _joins(entity: str, frame: Frame) -> str:
    assert frame.entity is not None
    known = frame.entity >= 0
    half = len(frame) // 2
    early, late = np.unique(frame.entity[:half][known[:half]]), np.unique(frame.entity[half:][known[half:]])
    both = float(np.isin(late, early).mean()) if len(late) else 0.0
    seen = "in the first" if frame.time is not None else "in the other"
    return (
        f"{entity} is filled in {percent(float(known.mean()))} of rows; {percent(both, 0)} of those in the second "
        f"half of rows are {seen} too."
    )
