"""Feasibility before there is data: from rows, columns, base rate and effect sizes alone.

Two classes: with effects d_i of independent columns the best separation is Δ = √Σd². A linear rule learned from n rows
and p columns keeps Δ_n = Δ / √(T_M · T_Σ), T_M = 1 + p(1/n₁ + 1/n₀)/Δ², T_Σ = n / (n − p) (Raudys and Young, J.
Multivariate Analysis 2004), and its AUC is Φ(Δ_n/√2). A number: R² = Σr², and of new rows
1 − (1 − R²)·(n − 1)/(n − p − 1)·(n − 2)/(n − p − 2)·(n + 1)/n (Stein 1960).
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from watchkeeper.assess.one_column import auc_error
from watchkeeper.assess.record import Assessment, Expect
from watchkeeper.assess.report import Part, Plot, Table, Verdict, number, percent

MORE = (1, 2, 4, 10)
TRUST = 0.25
"""How sure effects stated by people are taken to be: off by a quarter of themselves (one standard deviation)."""


def expected_level(expect: Expect, rows: float) -> float:
    """The AUC (two classes) or R² (a number) that a linear model of so many rows has on new rows; NaN: too few rows."""
    p = expect.columns
    if expect.kind == "number":
        best = sum(effect**2 for effect in expect.effects)
        if rows <= p + 3:
            return math.nan
        shrunk = (1 - best) * (rows - 1) / (rows - p - 1) * (rows - 2) / (rows - p - 2) * (rows + 1) / rows
        return max(1 - shrunk, 0.0)
    delta2 = sum(effect**2 for effect in expect.effects)
    positive, negative = rows * expect.base_rate, rows * (1 - expect.base_rate)
    if rows <= p + 1 or min(positive, negative) < 2:
        return math.nan
    if delta2 == 0:
        return 0.5
    kept = delta2 / ((1 + p * (1 / positive + 1 / negative) / delta2) * rows / (rows - p))
    return NormalDist().cdf(math.sqrt(kept / 2))


def uncertainty(expect: Expect, rows: float) -> float:
    """The standard error of the level: from what the stated effects may be off by, and from the rows it is told on."""
    up = _scaled(expect, 1 + TRUST)
    down = _scaled(expect, 1 - TRUST)
    stated = abs(expected_level(up, rows) - expected_level(down, rows)) / 2
    level = expected_level(expect, rows)
    told = 0.3 * rows
    if expect.kind == "number":
        measured = math.sqrt(4 * level * (1 - level) ** 2 / max(told, 1))
    else:
        measured = auc_error(level, max(int(told * expect.base_rate), 1), max(int(told * (1 - expect.base_rate)), 1))
    return math.hypot(stated / math.sqrt(max(len(expect.effects), 1)), measured)


def rows_for(expect: Expect, level: float, most: float = 1e9) -> float | None:
    """The fewest rows at which the expected level is reached; None: not at any number."""
    at = np.geomspace(expect.columns + 4, most, 600)
    reached = [float(rows) for rows in at if expected_level(expect, float(rows)) >= level]
    return reached[0] if reached else None


def rows_without_overfit(expect: Expect) -> float:
    """The rows at which a model shrinks by at most a tenth (Riley et al., Statistics in Medicine 2019, criterion 1)."""
    if expect.kind == "number":
        r2 = sum(effect**2 for effect in expect.effects)
    else:
        share = expect.base_rate * (1 - expect.base_rate)
        delta2 = sum(effect**2 for effect in expect.effects)
        r2 = delta2 * share / (1 + delta2 * share)
    if not 0 < r2 < 0.9:
        return math.inf if r2 <= 0 else float(expect.columns + 4)
    return expect.columns / ((0.9 - 1) * math.log(1 - r2 / 0.9))


def prior_part(record: Assessment) -> Part:
    """The feasibility part of a report without data."""
    expect = record.expect
    assert expect is not None
    metric = "R²" if expect.kind == "number" else "roc_auc"
    levels = [expected_level(expect, expect.rows * more) for more in MORE]
    errors = [
        uncertainty(expect, expect.rows * more) if levels[i] == levels[i] else math.nan for i, more in enumerate(MORE)
    ]
    best = expected_level(expect, 1e12)
    needed = record.level
    chances = [
        None if needed is None or level != level else 1 - NormalDist(level, max(error, 1e-6)).cdf(needed)
        for level, error in zip(levels, errors, strict=True)
    ]
    verdict, headline = _verdict(expect, metric, levels[0], chances[0], needed, best)
    smooth = rows_without_overfit(expect)
    reasons = [
        f"With endless rows these columns reach a {metric} of {number(best)}.",
        f"{expect.columns} columns want about {smooth:,.0f} rows before a model stops learning its own noise."
        if math.isfinite(smooth)
        else "No effects are stated, so nothing can be learned; state what each column is thought to tell.",
    ]
    if needed is not None:
        enough = rows_for(expect, needed)
        reasons.append(
            f"{number(needed)} is expected from {enough:,.0f} rows on."
            if enough
            else f"{number(needed)} is out of reach of these columns, whatever the rows."
        )
    rows = tuple(
        (
            f"{expect.rows * more:,} (× {more})",
            number(level),
            "–" if error != error else f"{number(level - 1.645 * error)} to {number(min(level + 1.645 * error, 1.0))}",
            "–" if chance is None else percent(chance, 0),
        )
        for more, level, error, chance in zip(MORE, levels, errors, chances, strict=True)
    )
    return Part(
        key="feasibility",
        title="Feasibility, before there is data",
        verdict=verdict,
        headline=headline,
        reasons=tuple(reasons),
        uncertainty=(
            f"Effects are taken to be off by a quarter each, columns as independent and a model as linear. Once "
            f"{max(200, expect.columns * 10):,} rows are there, measure instead."
        ),
        tables=(Table("What is expected", ("rows", metric, "90 %", "chance of the level"), rows),),
        plot=_plot(expect, metric, needed),
        facts={
            "metric": metric,
            "expected": [None if level != level else level for level in levels],
            "chance": chances,
            "best": best,
        },
    )


def _verdict(
    expect: Expect, metric: str, level: float, chance: float | None, needed: float | None, best: float
) -> tuple[Verdict, str]:
    if level != level:
        return "stop", f"{expect.rows:,} rows are too few for {expect.columns} columns at this base rate."
    if needed is None or chance is None:
        return "unknown", f"A {metric} of about {number(level)} is expected; name the level that is needed."
    said = f"{metric} {number(needed)} has a chance of {percent(chance, 0)} with {expect.rows:,} rows"
    if chance >= 0.8:
        return "good", f"{said}."
    if best < needed:
        return "stop", f"{said}; these columns do not reach it with any number of rows."
    return "care", f"{said}; about {rows_for(expect, needed) or math.nan:,.0f} rows make it even."


def _scaled(expect: Expect, factor: float) -> Expect:
    limit = 1.0
    if expect.kind == "number":
        limit = math.sqrt(0.99 / max(sum(effect**2 for effect in expect.effects), 1e-12))
    return Expect(
        rows=expect.rows,
        columns=expect.columns,
        base_rate=expect.base_rate,
        effects=tuple(effect * min(factor, limit if expect.kind == "number" else factor) for effect in expect.effects),
        kind=expect.kind,
    )


def _plot(expect: Expect, metric: str, needed: float | None) -> Plot:
    rows = []
    for size in np.geomspace(expect.columns + 4, expect.rows * 20, 40):
        level = expected_level(expect, float(size))
        if level == level:
            half = 1.645 * uncertainty(expect, float(size))
            rows.append(
                {
                    "series": "expected",
                    "x": float(size),
                    "value": level,
                    "lower": max(level - half, 0.0),
                    "upper": min(level + half, 1.0),
                    "seen": False,
                }
            )
    return Plot(
        kind="curve",
        title=f"{metric} expected against rows, with 90 % bands",
        rows=tuple(rows),
        x="rows",
        y=metric,
        rule=needed,
        log_x=True,
    )
