"""What columns looked like when the model was trained or accepted: aggregates, read once from where the data lives."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from watchkeeper.domain.errors import SourceError
from watchkeeper.domain.metric import Metric
from watchkeeper.domain.system import Predictions, System, is_named
from watchkeeper.sources.probes import sql

BINS = 10
MOST_CATEGORIES = 30
"""Categories kept apart; the rest is one. More are still known, up to `MOST_KNOWN`."""
MOST_KNOWN = 1000
SCORE_BINS = 20
"""Bins of the score in which it is calibrated."""

Ask = Callable[[Metric, int, int], list[tuple[tuple[str, ...], float]]]
"""Ask a metric's source for a window: (dimension values, value) of each row."""


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """A numeric column: the deciles (BINS - 1 edges), the share below each, widths of the bins in standard deviations."""

    column: str
    edges: tuple[float, ...]
    below: tuple[float, ...]
    widths: tuple[float, ...]


class Categories(msgspec.Struct, frozen=True, kw_only=True):
    """A column of categories: the most frequent with their shares, and all that were seen."""

    column: str
    values: tuple[str, ...]
    shares: tuple[float, ...]
    known: tuple[str, ...]


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """What the catalogue says of a table: `column type` of each."""

    table: str
    columns: tuple[str, ...]


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """One table in the reference window."""

    numbers: tuple[Numbers, ...] = ()
    categories: tuple[Categories, ...] = ()
    columns: Columns | None = None


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """A system's reference: its inputs, its score, its features as trained, and its calibration.

    `calibrated` is the probability of the positive class in each of SCORE_BINS equal bins of the score, never falling;
    empty where outcomes are not known. `print` tells whether the record asks for another one.
    """

    print: str
    inputs: dict[str, Looked] = {}
    score: Looked | None = None
    served: Looked | None = None
    calibrated: tuple[float, ...] = ()
    calibrated_on: int = 0


def prints(system: System) -> str:
    """What of a record decides its reference, as a short text that changes with it."""
    asked = (
        system.reference,
        {name: (one.table, one.time_field, one.features, one.categories) for name, one in system.inputs.items()},
        system.predictions,
        system.outcomes,
        system.training,
        system.min_group_size,
    )
    return hashlib.sha256(msgspec.json.encode(asked)).hexdigest()[:16]


def look(system: System, ask: Ask) -> Reference:
    """Read the reference of a system; `ask` reaches its sources. Raises SourceError."""
    assert system.reference is not None
    window = (system.reference.start_s, system.reference.end_s)
    inputs = {}
    for name, one in system.inputs.items():
        inputs[name] = _look_at(
            ask,
            system.source_of(name),
            one.table,
            one.time_field,
            one.features,
            one.categories,
            window,
            people=(one.person, system.min_group_size),
        )
    score = served = None
    calibrated: tuple[float, ...] = ()
    total = 0
    said = system.predictions
    if said is not None:
        table, time, served_in = said.table, said.time_field, window
        if said.score:
            score = _look_at(ask, system.source, table, time, (said.score,), (), window, is_optional=True)
        if system.training is not None:
            table, time = system.training.table, system.training.time_field
            if system.training.window is not None:
                served_in = (system.training.window.start_s, system.training.window.end_s)
        if said.features or said.categories:
            person = said.person if table == said.table else ""
            served = _look_at(
                ask,
                system.source,
                table,
                time,
                said.features,
                said.categories,
                served_in,
                is_optional=True,
                people=(person, system.min_group_size),
            )
        if said.score and system.outcomes is not None:
            calibrated, total = _calibrate(system, said, ask, window)
    return Reference(
        print=prints(system), inputs=inputs, score=score, served=served, calibrated=calibrated, calibrated_on=total
    )


def _look_at(
    ask: Ask,
    source: str,
    table: str,
    time: str,
    features: Sequence[str],
    categories: Sequence[str],
    window: tuple[int, int],
    *,
    is_optional: bool = False,
    people: tuple[str, int] = ("", 0),
) -> Looked:
    """A table in the window. `people` says who is in a group, and how large one has to be for its category to be kept."""
    found = _numbers(ask, source, table, time, features, window) if features else ()
    if found is None:
        if is_optional:
            return Looked()
        raise SourceError(
            f"source {source}: {table} has no rows with values in the reference window; choose another `reference`"
        )
    columns = None
    if is_named(table):
        rows = ask(_probe(source, catalogue(table), ("definition",)), *window)
        columns = Columns(table=table, columns=tuple(sorted(values[0] for values, _ in rows)))
    return Looked(
        numbers=found,
        categories=tuple(_categories(ask, source, table, time, column, window, people) for column in categories),
        columns=columns,
    )


def _probe(source: str, query: str, dimensions: tuple[str, ...]) -> Metric:
    return Metric(name="reference", source=source, query=query, step="1d", dimensions=dimensions)


def catalogue(table: str) -> str:
    """The columns of a table by the catalogue, one a row."""
    *schema, name = table.strip().split(".")
    where = f"lower(table_name) = {sql.text(name.lower())}"
    if schema:
        where += f" and lower(table_schema) = {sql.text(schema[-1].lower())}"
    else:  # another schema may have a table of the same name
        where += " and table_schema = current_schema()"
    return (
        f"select date_trunc('day', {sql.START}) as time, column_name || ' ' || data_type as definition, 1 as value "
        f"from information_schema.columns where {where} and {sql.START} < {sql.END}"
    )


def _numbers(
    ask: Ask, source: str, table: str, time: str, features: Sequence[str], window: tuple[int, int]
) -> tuple[Numbers, ...] | None:
    """Deciles, ends and spread first; then the shares below the deciles, which ties may move."""
    statistics: dict[str, Callable[[str], str]] = {
        "least": lambda x: f"min({x})",
        "most": lambda x: f"max({x})",
        "spread": lambda x: f"stddev_samp({x})",
    }
    for bin_ in range(1, BINS):
        share = bin_ / BINS
        statistics[f"q{bin_}"] = lambda x, share=share: f"percentile_cont({share}) within group (order by {x})"  # type: ignore[misc]
    asked = [(feature, name, make(f"t.{feature}")) for feature in features for name, make in statistics.items()]
    seen = ask(_probe(source, _abreast(table, time, asked), ("feature", "statistic")), *window)
    values = {key: value for key, value in seen if math.isfinite(value)}
    if any((feature, "q1") not in values for feature in features):
        return None
    edges = {feature: [values[feature, f"q{bin_}"] for bin_ in range(1, BINS)] for feature in features}
    asked = [
        (
            feature,
            f"{bin_}",
            f"1.0 * {sql.count_if(f't.{feature} < {sql.number(edge)}')} / nullif(count(t.{feature}), 0)",
        )
        for feature in features
        for bin_, edge in enumerate(edges[feature])
    ]
    below = dict(ask(_probe(source, _abreast(table, time, asked), ("feature", "statistic")), *window))
    found = []
    for feature in features:
        spread = values.get((feature, "spread"), 0.0)
        ends = np.array([values[feature, "least"], *edges[feature], values[feature, "most"]])
        widths = np.diff(ends) / spread if spread > 0 else np.zeros(BINS)
        found.append(
            Numbers(
                column=feature,
                edges=tuple(edges[feature]),
                below=tuple(below[feature, f"{bin_}"] for bin_ in range(BINS - 1)),
                widths=tuple(widths.tolist()),
            )
        )
    return tuple(found)


def _abreast(table: str, time: str, asked: Sequence[tuple[str, str, str]]) -> str:
    """(feature, statistic, aggregate) as rows, in one pass."""
    computed = ", ".join(f"{aggregate} as v{place}" for place, (_, _, aggregate) in enumerate(asked))
    return (
        f"with found as (select {computed} {sql.rows(table, time)})\n"
        f"select date_trunc('day', {sql.START}) as time, {sql.listed([sql.text(one) for one, _, _ in asked])} as feature, "
        f"{sql.listed([sql.text(one) for _, one, _ in asked])} as statistic, "
        f"{sql.listed([f'cast(v{place} as double precision)' for place in range(len(asked))])} as value from found"
    )


def _categories(
    ask: Ask, source: str, table: str, time: str, column: str, window: tuple[int, int], people: tuple[str, int]
) -> Categories:
    person, least = people
    query = (
        f"select date_trunc('day', {sql.START}) as time, coalesce(cast(t.{column} as varchar), '(none)') as category, "
        f"1.0 * count(*) / sum(count(*)) over () as value, {sql.size(person)} as group_size "
        f"{sql.rows(table, time)} group by 2"
    )
    probe = msgspec.structs.replace(_probe(source, query, ("category",)), min_group_size=least)
    found = sorted(ask(probe, *window), key=lambda row: (-row[1], row[0]))
    kept = found[:MOST_CATEGORIES]
    return Categories(
        column=column,
        values=tuple(values[0] for values, _ in kept),
        shares=tuple(share for _, share in kept),
        known=tuple(values[0] for values, _ in found[:MOST_KNOWN]),
    )


def score_bin(score: str) -> str:
    """Which of SCORE_BINS equal bins a score lies in, from 0."""
    return f"cast(least({SCORE_BINS - 1}, greatest(0, floor({score} * {SCORE_BINS}))) as integer)"


def _calibrate(system: System, said: Predictions, ask: Ask, window: tuple[int, int]) -> tuple[tuple[float, ...], int]:
    """The share of positives in each bin of the score, made to never fall: isotonic regression by pooling violators."""
    assert system.outcomes is not None
    query = (
        f"select date_trunc('day', {sql.START}) as time, cast({score_bin(f't.{said.score}')} as varchar) as bin, k.kind as kind, "
        f"sum(case when k.kind = 'rows' then 1 else cast(o.{system.outcomes.label} as integer) end) as value "
        f"from {said.table} as t join {system.outcomes.table} as o on o.{system.outcomes.key} = t.{said.key} "
        f"cross join (values ('rows'), ('positives')) as k(kind) "
        f"where t.{said.time_field} >= {sql.START} and t.{said.time_field} < {sql.END} "
        f"and o.{system.outcomes.label} is not null and t.{said.score} is not null group by 2, 3"
    )
    counts = dict(ask(_probe(system.source, query, ("bin", "kind")), *window))
    rows = np.array([counts.get((f"{bin_}", "rows"), 0.0) for bin_ in range(SCORE_BINS)])
    if rows.sum() < LEAST_CALIBRATED:
        return (), int(rows.sum())
    positives = np.array([counts.get((f"{bin_}", "positives"), 0.0) for bin_ in range(SCORE_BINS)])
    return tuple(pool(positives, rows)), int(rows.sum())


LEAST_CALIBRATED = 500
"""With fewer outcomes a calibration would be noise."""


def pool(positives: Sequence[float] | np.ndarray, rows: Sequence[float] | np.ndarray) -> list[float]:
    """Shares that never fall, the closest to those given (pool adjacent violators; Ayer et al. 1955).

    A bin without rows takes what its neighbours make of it, by interpolation.
    """
    blocks: list[list[float]] = []
    places = [place for place, count in enumerate(rows) if count > 0]
    for place in places:
        blocks.append([float(positives[place]), float(rows[place]), 1])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] >= blocks[-1][0] / blocks[-1][1]:
            right = blocks.pop()
            blocks[-1] = [a + b for a, b in zip(blocks[-1], right, strict=True)]
    level = [block[0] / block[1] for block in blocks for _ in range(int(block[2]))]
    return [float(value) for value in np.interp(np.arange(len(rows)), places, level)]
