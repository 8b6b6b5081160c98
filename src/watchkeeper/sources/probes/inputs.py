"""Is an input there, fresh, whole, and like it was: its probes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from watchkeeper.domain.metric import Direction, Kind, Metric
from watchkeeper.domain.system import Input, System
from watchkeeper.domain.times import parse_step
from watchkeeper.sources.probes import sql
from watchkeeper.sources.probes.drift import category, drift_query
from watchkeeper.sources.probes.make import metric, short
from watchkeeper.sources.probes.reference import Columns, Looked, catalogue

FRESHNESS, ROWS = "freshness", "rows"


def of_input(system: System, name: str, one: Input, looked: Looked | None) -> Iterator[Metric]:
    """The metrics of one input; drift, categories and the schema need the reference."""
    upstream = f"{system.name}.{name}.{FRESHNESS}"
    settings: dict[str, Any] = {
        "source": system.source_of(name),
        "group": system.group(name),
        "owner": one.owner or system.owner,
        "runbook": short(system, one.runbook or system.runbook),
    }
    yield metric(
        system,
        f"{name}.{FRESHNESS}",
        _freshness(one),
        title=f"Age of {name}",
        description="Hours since the newest row arrived, at the end of each period.",
        unit="h",
        step=one.step,
        direction=Direction.UP,
        smallest_change=(one.warn_after_s or one.error_after_s or 0) / 3600,
        upper_limit=one.error_after_s / 3600 if one.error_after_s is not None else None,
        settle="0s" if one.loaded_at_field else "",  # when a row was loaded is known at once
        **{**settings, "min_group_size": 0},
    )
    settings["depends_on"] = (upstream,)
    yield metric(
        system,
        f"{name}.{ROWS}",
        f"select {sql.period(one.step, f't.{one.time_field}')} as time, count(*) as value, {sql.size(one.person)} as group_size "
        f"{sql.rows(one.table, one.time_field)} group by 1",
        title=f"Rows of {name}",
        kind=Kind.COUNT,
        unit="rows",
        step=one.step,
        **settings,
    )
    if one.expected_rows:
        yield metric(
            system,
            f"{name}.completeness",
            f"select p.time, 1.0 * coalesce(f.n, 0) / {sql.number(one.expected_rows)} as value, "
            f"coalesce(f.g, {system.min_group_size}) as group_size "  # nobody is no small group
            f"from {sql.periods(one.step)} left join (select {sql.period(one.step, f't.{one.time_field}')} as time, "
            f"count(*) as n, {sql.size(one.person)} as g {sql.rows(one.table, one.time_field)} group by 1) as f on f.time = p.time",
            title=f"Completeness of {name}",
            description=f"Rows of a period, as a share of the {one.expected_rows:g} that are expected.",
            kind=Kind.RATE,
            step=one.step,
            direction=Direction.DOWN,
            **settings,
        )
    columns = (*one.features, *one.categories)
    if columns:
        yield metric(
            system,
            f"{name}.nulls",
            _shares(one, {column: f"t.{column} is null" for column in columns}),
            title=f"Missing values in {name}",
            kind=Kind.RATE,
            step=one.drift_step,
            dimensions=("feature",),
            direction=Direction.UP,
            smallest_change=max(0.01, _few_rows(one)),
            **settings,
        )
    if one.ranges:
        beyond = {
            column: f"t.{column} < {sql.number(low)} or t.{column} > {sql.number(high)}"
            for column, (low, high) in one.ranges.items()
        }
        yield metric(
            system,
            f"{name}.out-of-range",
            _shares(one, beyond),
            title=f"Values of {name} out of range",
            kind=Kind.RATE,
            step=one.drift_step,
            dimensions=("feature",),
            direction=Direction.UP,
            smallest_change=0.001,
            **settings,
        )
    if looked is not None:
        yield from _against_reference(system, name, one, looked, settings)


def _few_rows(one: Input) -> float:
    """The share that three rows are of a period's: of few rows, one that lacks a value is not worth a person's time."""
    rows = one.expected_rows * parse_step(one.drift_step) / parse_step(one.step)
    return 3 / rows if rows else 0.0


def _against_reference(
    system: System, name: str, one: Input, looked: Looked, settings: dict[str, Any]
) -> Iterator[Metric]:
    if looked.numbers or looked.categories:
        yield metric(
            system,
            f"{name}.drift",
            drift_query(
                one.table, one.time_field, one.drift_step, looked.numbers, looked.categories, one.distances, one.person
            ),
            title=f"Drift of {name}",
            description="Distance of a period's values from the reference; 0 is none.",
            step=one.drift_step,
            dimensions=("feature", "distance"),
            direction=Direction.UP,
            smallest_change=0.05,
            **settings,
        )
    if looked.categories:
        unseen = {
            each.column: f"{category(each.column)} not in ({', '.join(sql.text(value) for value in each.known) or 'null'})"
            for each in looked.categories
        }
        yield metric(
            system,
            f"{name}.new-categories",
            _shares(one, unseen),
            title=f"New categories in {name}",
            description="Share of rows with a value that the reference never had.",
            kind=Kind.RATE,
            step=one.drift_step,
            dimensions=("feature",),
            direction=Direction.UP,
            smallest_change=0.001,
            **settings,
        )
        for each in looked.categories:
            yield metric(
                system,
                f"{name}.shares-of-{each.column.lower()}",
                _parts(one, each.column, each.values),
                title=f"Shares of {each.column} in {name}",
                kind=Kind.RATE,
                step=one.drift_step,
                dimensions=("category",),
                smallest_change=0.02,
                **settings,
            )
    if looked.columns is not None:
        yield metric(
            system,
            f"{name}.schema",
            _schema(looked.columns),
            title=f"Changed columns of {name}",
            description="Columns that are gone, new, or of another type than in the reference.",
            unit="columns",
            step="1d",
            settle="0s",
            direction=Direction.UP,
            upper_limit=0.0,
            **{**settings, "min_group_size": 0, "depends_on": ()},
        )


def _freshness(one: Input) -> str:
    """The newest arrival up to each period's end: a running maximum over the periods, from what was before them."""
    field, span = one.arrived_field, sql.span(one.step)
    return (
        f"with arrived as (select {sql.period(one.step, f't.{field}')} as time, max(t.{field}) as newest {sql.rows(one.table, field)} "
        f"group by 1), earlier as (select max(t.{field}) as newest from {one.table} as t where t.{field} < {sql.START})\n"
        f"select p.time, extract(epoch from p.time + {span} - coalesce(max(a.newest) over (order by p.time), e.newest)) / 3600.0 "
        f"as value from {sql.periods(one.step)} cross join earlier as e left join arrived as a on a.time = p.time"
    )


def _shares(one: Input, conditions: dict[str, str]) -> str:
    """The share of rows of a period that fulfil each column's condition; (none) of a null."""
    counted = ", ".join(f"{sql.count_if(condition)} as n{place}" for place, condition in enumerate(conditions.values()))
    return (
        f"with counted as (select {sql.period(one.drift_step, f't.{one.time_field}')} as time, count(*) as total, "
        f"{sql.size(one.person)} as group_size, {counted} {sql.rows(one.table, one.time_field)} group by 1)\n"
        f"select time, {sql.listed([sql.text(column) for column in conditions])} as feature, "
        f"{sql.listed([f'1.0 * coalesce(n{place}, 0) / total' for place in range(len(conditions))])} as value, group_size, total as cases from counted"
    )


def _parts(one: Input, column: str, values: tuple[str, ...]) -> str:
    """The share of each category among the rows of a period; a group is who is in a category, and nobody is no group."""
    has = [f"{category(column)} = {sql.text(value)}" for value in values]
    counted = ", ".join(
        f"{sql.count_if(condition)} as n{place}, {sql.size_if(condition, one.person)} as g{place}"
        for place, condition in enumerate(has)
    )
    sizes = [f"case when n{place} = 0 then group_size else g{place} end" for place in range(len(values))]
    return (
        f"with counted as (select {sql.period(one.drift_step, f't.{one.time_field}')} as time, count(*) as total, "
        f"{sql.size(one.person)} as group_size, {counted} {sql.rows(one.table, one.time_field)} group by 1)\n"
        f"select time, {sql.listed([sql.text(value) for value in values])} as category, "
        f"{sql.listed([f'1.0 * n{place} / total' for place in range(len(values))])} as value, "
        f"{sql.listed(sizes)} as group_size, total as cases from counted"
    )


def _schema(columns: Columns) -> str:
    """How many definitions stand on one side only; a catalogue has no past, so only the newest period gets a value."""
    known = ", ".join(sql.text(one) for one in columns.columns)
    now = catalogue(columns.table)
    return (
        f"with now as ({now})\n"
        f"select date_trunc('day', {sql.END} - interval '1 day') as time, "
        f"(select count(*) from now where definition not in ({known})) "
        f"+ {len(columns.columns)} - (select count(*) from now where definition in ({known})) as value"
    )
