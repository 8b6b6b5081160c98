"""What the model says and how right it is: volume, latency, errors, classes, quality with and without outcomes.

Quality before outcomes arrive is confidence-based performance estimation (Bialek, Kuberski, Perrakis, Bifet:
"Estimating Model Performance Under Covariate Shift Without Labels", 2024): with a calibrated probability q of the
positive class, a prediction of it is a true positive with probability q and a false positive with 1 - q; sums of
these are the expected confusion matrix. The score is calibrated on the reference (isotonic, in bins). The estimate
sees a change of the inputs; it cannot see that the same inputs came to mean something else, nor inputs so far from
the reference that the calibration is void there. So it is compared with the truth once outcomes are there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from watchkeeper.domain.metric import Direction, Kind, Metric
from watchkeeper.domain.system import DISTANCES, Outcomes, Predictions, System
from watchkeeper.domain.times import DAY, parse_duration
from watchkeeper.sources.probes import sql
from watchkeeper.sources.probes.drift import drift_query
from watchkeeper.sources.probes.make import metric
from watchkeeper.sources.probes.reference import SCORE_BINS, Reference, score_bin

LEAST_SEGMENT = 20
"""A period of a segment with fewer predictions has no quality: it would be chance."""

_IS_QUIET: dict[str, Any] = {"false_alerts_per_month": 0.001, "smallest_change": 1e6}
"""A metric that is looked at, and tells of itself only by a limit."""
LASTING_DAYS, LEAST_LASTING = 28, 100
"""Over so many days, from so many predictions on, a segment's lasting skill is told."""


def of_predictions(system: System, said: Predictions, reference: Reference | None) -> Iterator[Metric]:
    """The metrics of predictions and their quality; drift and the estimate need the reference."""
    inputs = tuple(f"{system.name}.{name}.freshness" for name in system.inputs)
    upstream: dict[str, Any] = {"depends_on": inputs}
    time = sql.period(said.step, f"t.{said.time_field}")
    base = f"select {time} as time, {sql.size(said.person)} as group_size"
    rows = f"{sql.rows(said.table, said.time_field)} group by 1"
    yield metric(
        system,
        "predictions",
        f"{base}, count(*) as value {rows}",
        title="Predictions",
        kind=Kind.COUNT,
        step=said.step,
        **upstream,
    )
    if said.latency:
        quantile = f"percentile_cont(0.95) within group (order by t.{said.latency})"
        yield metric(
            system,
            "latency",
            f"{base}, {quantile} as value {rows}",
            title="Latency, 95 of 100 are faster",
            unit="s",
            step=said.step,
            direction=Direction.UP,
        )
    for part, column, title in (
        ("errors", said.error, "Failed predictions"),
        ("fallback", said.fallback, "Answered by the fallback"),
    ):
        if column:
            yield metric(
                system,
                part,
                f"{base}, avg(case when t.{column} then 1.0 else 0.0 end) as value, count(*) as cases {rows}",
                title=title,
                kind=Kind.RATE,
                step=said.step,
                direction=Direction.UP,
                smallest_change=0.01,
                **upstream,
            )
    if said.score:
        yield metric(
            system,
            "score",
            f"{base}, avg(t.{said.score}) as value {rows}",
            title="Mean score",
            step=said.step,
            **upstream,
        )
    yield _classes(system, said, upstream)
    if system.trained_at:
        yield _age(system)
    if reference is not None:
        yield from _against_reference(system, said, reference, upstream)
    if system.outcomes is not None:
        yield from _quality(system, said, system.outcomes, reference, upstream)


def _classes(system: System, said: Predictions, upstream: dict[str, Any]) -> Metric:
    """The share of each class; of a score, the share of predictions that are positive."""
    settings: dict[str, Any] = {
        "kind": Kind.RATE,
        "step": said.quality_step,
        "smallest_change": 0.02,
        **upstream,
    }
    time, rows = sql.period(said.quality_step, f"t.{said.time_field}"), sql.rows(said.table, said.time_field)
    if said.score:
        share = f"avg(case when {_positive(said)} then 1.0 else 0.0 end)"
        size = f"{sql.size(said.person)} as group_size, count(*) as cases"
        query = f"select {time} as time, {share} as value, {size} {rows} group by 1"
        return metric(system, "positive", query, title="Share of positive predictions", **settings)
    query = (
        f"with counted as (select {time} as time, cast(t.{said.predicted} as varchar) as class, count(*) as n, "
        f"{sql.size(said.person)} as group_size {rows} group by 1, 2)\n"
        "select time, class, 1.0 * n / sum(n) over (partition by time) as value, group_size, "
        "sum(n) over (partition by time) as cases from counted"
    )
    return metric(system, "classes", query, title="Share of each class", dimensions=("class",), **settings)


def _age(system: System) -> Metric:
    return metric(
        system,
        "model-age",
        f"select p.time, extract(epoch from p.time + interval '1 day' - cast({sql.text(system.trained_at[:19])} as timestamp)) / 86400.0 "
        f"as value from {sql.periods('1d')}",
        title="Age of the model",
        unit="days",
        step="1d",
        direction=Direction.UP,
        **_IS_QUIET,
        upper_limit=parse_duration(system.retrain_after) / DAY if system.retrain_after else None,
        min_group_size=0,
    )


def _against_reference(
    system: System, said: Predictions, reference: Reference, upstream: dict[str, Any]
) -> Iterator[Metric]:
    if reference.score is not None and reference.score.numbers:
        yield metric(
            system,
            "score-drift",
            drift_query(
                said.table, said.time_field, said.quality_step, reference.score.numbers, (), ("psi",), said.person
            ),
            title="Drift of the score",
            step=said.quality_step,
            dimensions=("feature", "distance"),
            direction=Direction.UP,
            smallest_change=0.05,
            **upstream,
        )
    served = reference.served
    if served is not None and (served.numbers or served.categories):
        is_skew = system.training is not None
        yield metric(
            system,
            "skew" if is_skew else "served-drift",
            drift_query(
                said.table,
                said.time_field,
                said.quality_step,
                served.numbers,
                served.categories,
                DISTANCES[1:2],
                said.person,
            ),
            title="Training against serving" if is_skew else "Drift of served features",
            description="Jensen-Shannon distance of the features as served from those in training.",
            step=said.quality_step,
            dimensions=("feature", "distance"),
            direction=Direction.UP,
            smallest_change=0.05,
            **upstream,
        )


def _quality(
    system: System, said: Predictions, outcomes: Outcomes, reference: Reference | None, upstream: dict[str, Any]
) -> Iterator[Metric]:
    settings: dict[str, Any] = {"step": said.quality_step, "settle": outcomes.arrive_within, **upstream}
    calibrated = reference.calibrated if reference is not None else ()
    truth = _truth(said, outcomes)
    for measure in system.measures:
        is_error = measure == "brier"
        shape: dict[str, Any] = {
            "kind": _kind(measure),
            "direction": Direction.UP if is_error else Direction.DOWN,
            "smallest_change": 0.02,
        }
        limit = {"upper_limit" if is_error else "lower_limit": system.lowest.get(measure)}
        yield metric(
            system,
            measure,
            _measured(said, outcomes, measure, truth, ()),
            title=measure.capitalize(),
            description="Of predictions whose outcome is known.",
            **shape,
            **limit,
            **settings,
        )
        if calibrated:
            yield metric(
                system,
                f"{measure}-estimated",
                _measured(said, None, measure, _chance(said, calibrated), ()),
                title=f"{measure.capitalize()}, estimated before outcomes",
                description="Expected from the calibrated score; blind to a change of what the same inputs mean.",
                **shape,
                **limit,
                **{**settings, "settle": "0s"},
            )
    first = system.measures[0]
    if calibrated:
        estimate = _measured(said, outcomes, first, _chance(said, calibrated), ())
        real = _measured(said, outcomes, first, truth, ())
        yield metric(
            system,
            "estimate-error",
            f"select a.time, a.value - b.value as value, a.group_size from ({estimate}) as a join ({real}) as b on b.time = a.time",
            title=f"Estimated {first} minus true {first}",
            description="The estimate checked against the truth, on the predictions whose outcome is known.",
            smallest_change=0.02,
            **settings,
        )
    for segment in system.segments:
        yield metric(
            system,
            f"{first}-by-{segment.lower()}",
            _measured(said, outcomes, first, truth, (segment,)),
            title=f"{first.capitalize()} by {segment}",
            kind=_kind(first),
            direction=Direction.UP if first == "brier" else Direction.DOWN,
            smallest_change=0.05,
            dimensions=(segment,),
            **settings,
        )

    if said.basic:
        for segment in system.segments:
            yield _lasting_skill(system, said, outcomes, segment, settings)


def _lasting_skill(
    system: System, said: Predictions, outcomes: Outcomes, segment: str, settings: dict[str, Any]
) -> Metric:
    """The skill of four weeks, each day anew: sums over days, so that a small segment has a value too.

    It is for people to read, and no alarm: what it sees today it would still see in four weeks.
    """
    truth, days = _truth(said, outcomes), LASTING_DAYS
    query = (
        f"with daily as (select date_trunc('day', t.{said.time_field}) as time, "
        f"coalesce(cast(t.{segment} as varchar), '(none)') as {segment}, count(*) as n, {sql.size(said.person)} as people, "
        f"count(*) * {_brier(truth, f't.{said.score}')} as model, count(*) * {_brier(truth, f't.{said.basic}')} as basic "
        f"from {said.table} as t join {outcomes.table} as o on o.{outcomes.key} = t.{said.key} "
        f"where t.{said.time_field} >= {sql.START} - interval '{days - 1} days' and t.{said.time_field} < {sql.END} "
        f"and o.{outcomes.label} is not null group by 1, 2)\n"
        f"select p.time, d.{segment}, 1 - sum(d.model) / nullif(sum(d.basic), 0) as value, max(d.people) as group_size "
        f"from {sql.periods('1d')} join daily as d on d.time <= p.time and d.time > p.time - interval '{days} days' "
        f"group by 1, 2 having sum(d.n) >= {LEAST_LASTING}"
    )
    return metric(
        system,
        f"lasting-skill-by-{segment.lower()}",
        query,
        title=f"Skill over {days} days by {segment}",
        description="Share of the basic version's Brier score that the model does away with; 0 or less is no better.",
        direction=Direction.DOWN,
        dimensions=(segment,),
        **{**settings, "step": "1d", **_IS_QUIET},
    )


def _positive(said: Predictions) -> str:
    return f"t.{said.score} >= {sql.number(said.threshold)}"


def _truth(said: Predictions, outcomes: Outcomes) -> str:
    """Whether the positive class came true, 0 or 1; of a predicted class, whether it was right."""
    if said.predicted:
        return f"cast(cast(o.{outcomes.label} as varchar) = cast(t.{said.predicted} as varchar) as integer)"
    return f"cast(o.{outcomes.label} as integer)"


def _chance(said: Predictions, calibrated: Sequence[float]) -> str:
    """The calibrated probability of the positive class."""
    assert len(calibrated) == SCORE_BINS
    cases = " ".join(f"when {place} then {sql.number(share)}" for place, share in enumerate(calibrated))
    return f"case {score_bin(f't.{said.score}')} {cases} end"


def _measured(said: Predictions, outcomes: Outcomes | None, measure: str, truth: str, segments: tuple[str, ...]) -> str:
    """A measure of each period; `truth` is 0, 1, or a probability. Rows first, so that it is worked out once for each."""
    join = f" join {outcomes.table} as o on o.{outcomes.key} = t.{said.key}" if outcomes is not None else ""
    known = f" and o.{outcomes.label} is not null" if outcomes is not None else ""
    guess, score = (f"cast({_positive(said)} as integer)", f"t.{said.score}") if said.score else ("1", "1")
    columns = [f"{sql.period(said.quality_step, f't.{said.time_field}')} as time"]
    columns += [f"coalesce(cast(t.{name} as varchar), '(none)') as {name}" for name in segments]
    columns += [f"{truth} as truth", f"{guess} as guess", f"{score} as score"]
    columns += [f"t.{said.basic} as basic"] if said.basic else []
    columns += [f"t.{said.person} as person"] if said.person else []
    names = "".join(f", {name}" for name in segments)
    group = ", ".join(f"{place}" for place in range(1, 2 + len(segments)))
    basic = f", {_brier('t.truth', 't.basic')} as basic" if said.basic else ""
    cases = f", {_CASES[measure]} as cases" if measure in _CASES else ""
    return (
        f"select time{names}, {_FORMULA[measure]} as value, group_size{cases} from (select time{names}, "
        f"{sql.size('person' if said.person else '')} as group_size, count(*) as n, sum(guess * truth) as tp, "
        f"sum(guess * (1 - truth)) as fp, sum((1 - guess) * truth) as fn, sum((1 - guess) * (1 - truth)) as tn, "
        f"{_brier('t.truth', 't.score')} as brier{basic} from (select {', '.join(columns)} from {said.table} as t{join} "
        f"where t.{said.time_field} >= {sql.START} and t.{said.time_field} < {sql.END}{known}) as t "
        f"group by {group}) as counted where n >= {LEAST_SEGMENT if segments else 1}"
    )


def _brier(truth: str, score: str) -> str:
    """The mean squared distance of a probability from what came true."""
    return f"avg(({truth}) * (1 - {score}) * (1 - {score}) + (1 - ({truth})) * {score} * {score})"


def _kind(measure: str) -> Kind:
    """Shares lie between 0 and 1; brier is a distance, and skill falls below 0."""
    return Kind.GAUGE if measure in ("brier", "skill") else Kind.RATE


_FORMULA = {
    "accuracy": "1.0 * (tp + tn) / n",
    "precision": "1.0 * tp / nullif(tp + fp, 0)",
    "recall": "1.0 * tp / nullif(tp + fn, 0)",
    "f1": "2.0 * tp / nullif(2 * tp + fp + fn, 0)",
    "brier": "brier",
    "skill": "1 - brier / nullif(basic, 0)",
}
_CASES = {"accuracy": "n", "precision": "tp + fp", "recall": "tp + fn"}
"""What a measure that is a share is a share of; f1 is a mean of two."""
