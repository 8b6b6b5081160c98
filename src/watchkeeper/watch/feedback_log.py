"""The log of feedback as JSON Lines: written out, read in again elsewhere, kept beside code.

A line says what `watchkeeper score --feedback` reads. Series are named by metric and dimension values, which do not
change when a title does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from watchkeeper.domain.errors import GuardError
from watchkeeper.domain.feedback import Answer, Feedback
from watchkeeper.domain.metric import Metric, Series
from watchkeeper.domain.times import format_instant
from watchkeeper.learn import read_calendar, read_lines
from watchkeeper.stores.ledger import Ledger, audit, feedback, metrics, series
from watchkeeper.watch import hints
from watchkeeper.watch.judgements import Judgements
from watchkeeper.watch.weighing import lost_by


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did: lines added, lines that were there already, and names of series that are not known here."""

    added: int
    present: int
    unknown: dict[str, int]


def series_name(metric: Metric, one: Series) -> str:
    """`orders`, or `orders{country=DE,device=mobile}`: the name of a series outside this ledger."""
    if not one.values:
        return metric.name
    values = ",".join(f"{name}={value}" for name, value in zip(metric.dimensions, one.values, strict=True))
    return f"{metric.name}{{{values}}}"


def export(ledger: Ledger) -> Iterator[dict[str, Any]]:
    """The whole log, the oldest line first, as objects to be written one a line."""
    with ledger.read() as tx:
        names = {ident: name for name, ident in _names(tx).items()}
        log = feedback.log(tx)
    for line in log:
        shared = {"id": str(line.id), "given_at": format_instant(line.given_at), "by": line.by, "note": line.note}
        if line.answer is None:
            yield {"kind": "undo", "undoes": str(line.undoes), **shared}
            continue
        yield {
            "kind": line.answer.value,
            "series": [names[one] for one in line.series],
            "start": format_instant(line.start),
            **({} if line.answer is Answer.NEW_NORMAL else {"end": format_instant(line.end)}),
            **({"repeat": line.repeat, "zone": line.zone} if line.repeat else {}),
            **({} if line.alert is None else {"alert": line.alert}),
            **({"force": True} if line.is_forced else {}),
            **shared,
        }


def from_calendar(ledger: Ledger, text: str, names: Iterable[str], place: str) -> list[dict[str, Any]]:
    """The lines that make the events of an iCalendar file known events of every series of metrics; NotFoundError."""
    lines = []
    for name in names:
        with ledger.read() as tx:
            metric = metrics.metric(tx, name)
            known = [series_name(metric, one) for one in series.of_metric(tx, name)]
        lines += read_calendar(text, known, metric.timezone, place)
    return lines


def take_in(
    ledger: Ledger, judgements: Judgements, lines: Iterable[str], place: str, by: str, *, now: int, force: bool = False
) -> Imported:
    """Append the lines that are not in the log yet, all or none; who said them and when stays as written.

    Raises InputError naming `place` and the line, and GuardError where an alert that a person confirmed would be lost
    and `force` is not set.
    """
    with ledger.read() as tx:
        log = feedback.log(tx)
        read = read_lines(lines, _names(tx), place=place)
    fresh, present = _fresh(log, read.entries)
    lost = () if force or not fresh else lost_by(ledger, judgements, log, fresh)
    if lost:
        named = ", ".join(f"#{one}" for one in lost)
        raise GuardError(
            f"{place}: alerts that people confirmed would no longer fire ({named}); nothing was taken in. "
            "Only a second yes (--force) accepts that"
        )
    ids: dict[int, int] = {}
    heard = judgements.of_series(tuple({one for line in fresh if hints.is_verdict(line) for one in line.series}))
    found = hints.said_by(fresh, {one.metric.name: one for one in heard.values()})
    with ledger.write() as tx:
        for line, said in zip(fresh, found, strict=True):
            undoes = None if line.undoes is None else ids.get(line.undoes, line.undoes)
            kept = feedback.add(tx, msgspec.structs.replace(line, undoes=undoes))
            ids[line.id] = kept.id
            hints.keep(tx, kept, said)
        if fresh:
            audit.add(tx, by, now, "import feedback", f"{len(fresh)} lines from {place}")
    judgements.forget()
    return Imported(added=len(fresh), present=present, unknown=read.unknown)


def _fresh(log: Sequence[Feedback], entries: Sequence[Feedback]) -> tuple[list[Feedback], int]:
    """The entries that the log does not hold yet, numbered as they would stand behind it, and how many it holds.

    What was said twice stands twice in the log, and an undo may take back one of the two: each line of the log
    answers for one entry that says the same.
    """
    present: dict[tuple[object, ...], list[int]] = {}
    for line in log:
        present.setdefault(_likeness(line, {}), []).append(line.id)
    behind = max((line.id for line in log), default=0)
    ids: dict[int, int] = {}
    fresh: list[Feedback] = []
    for entry in entries:
        if entry.answer is not None and not entry.series:
            continue
        alike = present.get(_likeness(entry, ids))
        if alike:
            ids[entry.id] = alike.pop(0)
            continue
        undoes = None if entry.undoes is None else ids.get(entry.undoes)
        if entry.undoes is not None and undoes is None:
            continue  # it takes back a line about series that are not known here
        number = behind + 1 + len(fresh)
        fresh.append(msgspec.structs.replace(entry, id=number, undoes=undoes, alert=None))
        ids[entry.id] = number
    return fresh, len(ids) - len(fresh)


def _names(tx: Connection) -> dict[str, int]:
    return {
        series_name(metric, one): one.id for metric in metrics.ever(tx) for one in series.of_metric(tx, metric.name)
    }


def _likeness(line: Feedback, ids: dict[int, int]) -> tuple[object, ...]:
    """What a line says, whoever numbered it."""
    undoes = None if line.undoes is None else ids.get(line.undoes, line.undoes)
    return (
        line.answer,
        tuple(sorted(line.series)),
        line.start,
        line.end,
        line.by,
        line.given_at,
        line.note,
        undoes,
        line.repeat,
        line.is_forced,
    )
