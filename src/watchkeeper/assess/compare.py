"""Build or rent: our detector or model, a simple rule and rented services side by side, and what follows from it."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import urlsplit

import numpy as np

from watchkeeper.assess.compare_sides import Compared, Side, trial_cost
from watchkeeper.assess.metrics import to_error
from watchkeeper.assess.record import Assessment
from watchkeeper.assess.report import Part, Plot, Table, Verdict, number
from watchkeeper.domain.errors import InputError
from watchkeeper.domain.rent import Outgoing, Rent

AT_MOST = 5000
"""How many rows are sent to a service at most, unless another number is given."""


def compare_part(record: Assessment, compared: Callable[[], Compared]) -> Part:
    """Where the comparison cannot be made (InputError), the part says why."""
    try:
        told = compared()
    except InputError as error:
        return Part(
            key="compare", title="Build or rent", verdict="unknown", headline=f"This cannot be compared: {error}.",
            reasons=("What is rented is judged on labelled rows that it has not seen.",),
            uncertainty="Nothing can be said of it.",
        )  # fmt: skip
    rented = [one for one in told.sides if one.kind == "rent"]
    verdict, headline, reasons = _weighed(record, told, rented)
    reasons += [_sent_words(told, out) for out in told.outs]
    held = [name for name in told.withheld if any(name not in out.columns for out in told.outs)]
    if held:
        reasons.append(f"Withheld as protected or personal: {', '.join(held)}. To send others name them in `columns`.")
    sides = Table("Side by side", ("", *(one.name for one in told.sides)), tuple(_lines(record, told)))
    return Part(
        key="compare",
        title="Build or rent",
        verdict=verdict,
        headline=headline,
        reasons=tuple(reasons),
        uncertainty=f"Measured on {told.how}; differences are paired, intervals 90 %. {told.caveat} "
        "Prices, feedback and leaving are as the record declares them.",
        tables=(sides, _sending(told)),
        plot=_plot(told),
        facts=_facts(told),
    )


def _weighed(record: Assessment, told: Compared, rented: list[Side]) -> tuple[Verdict, str, list[str]]:
    ours = next(one for one in told.sides if one.kind == "build" or len(told.sides) == 1)
    rule = next((one for one in told.sides if one.kind == "rule"), ours)
    failed = [f"{name} did not answer: {one.error}." for name, one in told.answers.items() if one.error]
    if not rented:
        if failed:
            return "unknown", "No rented service answered, so nothing can be set side by side.", failed
        many = "a service" if len(told.outs) == 1 else f"{len(told.outs)} services"
        return "unknown", f"Nothing was sent yet; below is what {many} would be sent, and what it would cost.", []
    reasons = failed + [_against(told, one, other) for one in rented for other in (ours, rule) if other is not one]
    is_rule_enough = ours is not rule and rule.behind(ours)[1] <= 0
    if is_rule_enough:
        reasons.append(f"The rule ({rule.name}) is within noise of {ours.name}.")
    better = [one for one in rented if one.behind(ours)[2] < 0 and one.behind(rule)[2] < 0]
    if better:
        best = min(better, key=lambda one: one.error)
        _, lower, upper = best.behind(ours)
        words = (
            f"{best.name} is surely better than {ours.name}, by {number(-upper)} to {number(-lower)} of {told.metric}"
        )
        return "care", f"{words}{_bill(told, best)}. Rent it if that is worth it.", reasons
    near = [one for one in rented if one.behind(ours)[1] <= 0]
    if is_rule_enough and all(one.behind(rule)[1] <= 0 <= one.behind(rule)[2] for one in near):
        who = f", and so is {near[0].name}{_bill(told, near[0])}" if near else ", and what is rented is worse"
        return "good", f"Ship the rule ({rule.name}): it is within noise of {ours.name}{who}.", reasons
    if near:
        return "good", f"Build: {near[0].name} is within noise of {ours.name}{_bill(told, near[0])}.", reasons
    which = rented[0].name if len(rented) == 1 else "each rented service"
    return "good", f"Build: {ours.name} is surely better than {which}, and nothing leaves the house.", reasons


def _against(told: Compared, one: Side, other: Side) -> str:
    apart, lower, upper = one.behind(other)
    sure = "surely better" if upper < 0 else ("surely worse" if lower > 0 else "within noise")
    edges = sorted((-lower, -upper)) if not told.less_is_better else (lower, upper)
    shift = -apart if not told.less_is_better else apart
    return f"{one.name} against {other.name}: {told.metric} {shift:+.3g} ({edges[0]:+.3g} to {edges[1]:+.3g}), {sure}."


def _bill(told: Compared, side: Side) -> str:
    """What renting it means, to go on a sentence."""
    assert side.rent is not None
    volume = told.volume[side.rent.name]
    out = next(one for one in told.outs if one.rent.name == side.name)
    cost = f" at {_money(volume.cost(side.rent), side.rent)} a month" if volume else ""
    back = {True: "", False: " and takes no feedback", None: ""}[side.rent.feedback]
    return f" (it sees {len(out.columns)} columns of every row{cost}{back})"


def _sent_words(told: Compared, out: Outgoing) -> str:
    rent, calls = out.rent, len(out.parts())
    answer = told.answers.get(rent.name)
    listed = ", ".join(list(out.columns)[:8]) + (" …" if len(out.columns) > 8 else "")
    flagged = [name for name in out.columns if name in told.personal]
    warned = f" Of these {', '.join(flagged)} look personal." if flagged else ""
    priced = _money(trial_cost(rent, calls, out.rows), rent)
    if answer is None:
        return (
            f"{rent.name} would be sent {out.rows:,} rows of {len(out.columns)} columns ({listed}) in "
            f"{_calls(calls)}, for {priced}.{warned}"
        )
    return (
        f"{rent.name} was sent {sum(answer.rows_a_call):,} of {out.rows:,} rows of {len(out.columns)} columns "
        f"({listed}) in {_calls(len(answer.latency_ms))}, {answer.bytes_sent / 1000:,.0f} KB, for {priced}; "
        f"{_calls(answer.retries)} had to be made again.{warned}"
    )


def _calls(count: float) -> str:
    return f"{count:,.0f} call{'' if count == 1 else 's'}"


def _lines(record: Assessment, told: Compared) -> list[tuple[str, ...]]:
    def of(words: str, cell: object) -> tuple[str, ...]:
        return (words, *(cell(one) for one in told.sides))  # type: ignore[operator]

    lines = [of("what it is", lambda one: one.words), of(f"{told.metric} (90 %)", lambda one: _quality(told, one))]
    for key in told.sides[0].more:
        lines.append(of(key, lambda one, key=key: one.more[key]))
    lines += [
        of("one call, middle and 95 %", _latency),
        of("cost a month", lambda one: _monthly(record, told, one)),
        of("leaves the house a month", lambda one: _leaves(told, one)),
        of("takes feedback", _feedback),
        of("leaving it", _leaving),
    ]
    return lines


def _quality(told: Compared, one: Side) -> str:
    edges = sorted(_value(told, float(each)) for each in np.quantile(one.draws, [0.05, 0.95]))
    return f"{number(_value(told, one.error))} ({number(edges[0])} to {number(edges[1])})"


def _value(told: Compared, error: float) -> float:
    return to_error(told.metric, error)


def _latency(one: Side) -> str:
    if not len(one.calls_ms):
        return "–"
    middle, late = np.quantile(one.calls_ms, [0.5, 0.95])
    rows = "1 row" if one.rows_a_call == 1 else f"{one.rows_a_call:,.0f} rows"
    return f"{number(float(middle))} and {number(float(late))} ms ({rows})"


def _monthly(record: Assessment, told: Compared, one: Side) -> str:
    if one.rent is None:
        stated = record.own_cost_a_month
        return "a share of a core of your own" if stated is None else f"{stated:,.2f} {_currency(told)}, as stated"
    volume = told.volume[one.rent.name]
    return "say per_month" if volume is None else _money(volume.cost(one.rent), one.rent)


def _currency(told: Compared) -> str:
    return told.outs[0].rent.price.currency


def _leaves(told: Compared, one: Side) -> str:
    if one.rent is None:
        return "nothing"
    out = next(each for each in told.outs if each.rent.name == one.rent.name)
    volume = told.volume[one.rent.name]
    rows = "every row" if volume is None else f"{volume.sent:,.0f} rows in {_calls(volume.calls)}"
    return f"{rows}, {len(out.columns)} columns each"


def _feedback(one: Side) -> str:
    if one.rent is None:
        return {"build": "yes, and it can be undone", "rule": "by changing the rule", "rent": ""}[one.kind]
    return {True: "yes, as declared", False: "no, as declared", None: "not declared"}[one.rent.feedback]


def _leaving(one: Side) -> str:
    if one.rent is None:
        return "data and model are yours"
    days = "" if one.rent.exit.days is None else f"{one.rent.exit.days:g} days"
    return ": ".join(part for part in (days, one.rent.exit.words) if part) or "not declared"


def _money(amount: float, rent: Rent) -> str:
    digits = 2 if amount >= 1 or amount == 0 else 4
    return f"{amount:,.{digits}f} {rent.price.currency}"


def _sending(told: Compared) -> Table:
    rows = []
    for out in told.outs:
        calls = len(out.parts())
        size = len(json.dumps({name: values[:50] for name, values in out.columns.items()}, default=str))
        whole = size / max(min(50, out.rows), 1) * out.rows
        rows.append(
            (
                out.rent.name,
                urlsplit(out.rent.url).hostname or "",
                f"{out.rows:,}",
                ", ".join(out.columns),
                f"{calls:,}",
                f"about {whole / 1000:,.0f} KB" if out.rent.name not in told.answers else
                f"{told.answers[out.rent.name].bytes_sent / 1000:,.0f} KB",
                _money(trial_cost(out.rent, calls, out.rows), out.rent),
            )
        )  # fmt: skip
    words = "What was sent" if told.answers else "What would be sent"
    return Table(words, ("service", "to", "rows", "columns", "calls", "size", "price"), tuple(rows))


def _plot(told: Compared) -> Plot:
    lines = []
    for one in told.sides:
        edges = sorted(_value(told, float(each)) for each in np.quantile(one.draws, [0.05, 0.95]))
        lines.append({"name": one.name, "value": _value(told, one.error), "lower": edges[0], "upper": edges[1]})
    return Plot(kind="intervals", title=f"{told.metric} of each, 90 % intervals", rows=tuple(lines), x=told.metric)


def _facts(told: Compared) -> dict[str, object]:
    ours = told.sides[0]
    sides = []
    for one in told.sides:
        apart = one.behind(ours)
        volume = told.volume.get(one.name)
        sides.append(
            {
                "name": one.name,
                "kind": one.kind,
                told.metric: _value(told, one.error),
                "behind_ours": {"error": apart[0], "lower": apart[1], "upper": apart[2]},
                "latency_ms": {
                    "median": float(np.median(one.calls_ms)) if len(one.calls_ms) else None,
                    "p95": float(np.quantile(one.calls_ms, 0.95)) if len(one.calls_ms) else None,
                    "rows_a_call": one.rows_a_call,
                },
                "cost_a_month": volume.cost(one.rent) if volume and one.rent else None,
                "rows_sent_a_month": volume.sent if volume else 0,
            }
        )
    sent = [
        {
            "service": out.rent.name,
            "host": urlsplit(out.rent.url).hostname,
            "rows": out.rows,
            "columns": list(out.columns),
            "cells": out.rows * len(out.columns),
            "calls": len(out.parts()),
            "price": trial_cost(out.rent, len(out.parts()), out.rows),
        }
        for out in told.outs
    ]
    failed = {name: one.error for name, one in told.answers.items() if one.error}
    return {"metric": told.metric, "rows": told.rows, "sides": sides, "sent": sent, "failed": failed}
