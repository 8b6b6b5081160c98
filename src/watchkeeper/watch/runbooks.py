"""The runbooks of an alert: of its metric, its system's input, its system, its source and its kind, in this order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from watchkeeper.domain.alert import Alert, Status
from watchkeeper.domain.handling import Deed, Handling, taken_back
from watchkeeper.domain.metric import Metric
from watchkeeper.domain.runbook import KINDS, blocks, items, kind_of
from watchkeeper.stores.history import History
from watchkeeper.stores.ledger import Ledger, alerts, handlings, metrics, runbooks, series, systems
from watchkeeper.watch.runbook import fill, named, with_values
from watchkeeper.watch.runbook_views import AlertRunbook, Check, Lesson, Part, Piece
from watchkeeper.watch.system_look import values_of
from watchkeeper.watch.views import AlertPage

MOST_LESSONS = 10
MOST_INCIDENTS = 30
"""So many earlier incidents are looked through for lessons: some were taken back, or stand in the runbook by now."""


class Runbooks:
    """Reads the ledger, and the history for live values; without one (a command beside a server) slots stay empty."""

    def __init__(self, ledger: Ledger, history: History | None = None) -> None:
        self._ledger = ledger
        self._history = history

    def added(self, page: AlertPage) -> AlertPage:
        """An alert's page with what to do about it."""
        return msgspec.structs.replace(page, runbook=self.of_alert(page.line.alert.id))

    def of_alert(self, alert_id: int) -> AlertRunbook:
        """What to do about an alert, and what of it is done; NotFoundError."""
        with self._ledger.read() as tx:
            alert = alerts.get(tx, alert_id)
            log = handlings.of_alerts(tx, [alert_id]).get(alert_id, [])
            metric = _metric_of(tx, alert)
            found = list(_texts(tx, alert, metric))
            values = self._values(tx, [text for _, text, _ in found])
            lessons = _lessons(tx, alert, [text for _, text, _ in found])
        undone = taken_back(log)
        ticked = {line.text: line for line in log if line.deed is Deed.TICK and line.id not in undone}
        parts = tuple(
            Part(title=title, pieces=tuple(_pieces(text, values, ticked)), page=page) for title, text, page in found
        )
        checks = [check for part in parts for piece in part.pieces for check in piece.checks]
        has_note = any(one.is_own for one in lessons)
        return AlertRunbook(
            parts=parts,
            done=sum(check.ticked is not None for check in checks),
            asked=len(checks),
            lessons=lessons,
            asks=alert.status is Status.RESOLVED and not has_note,
        )

    def said_of(self, alert: Alert) -> tuple[tuple[str, str], ...]:
        """What a message says is to be done: of each runbook of the page whose it is, and its text with live values."""
        with self._ledger.read() as tx:
            found = list(_texts(tx, alert, _metric_of(tx, alert)))
            values = self._values(tx, [text for _, text, _ in found])
        return tuple((title, with_values(text, values)) for title, text, _ in found)

    def _values(self, tx: Connection, texts: Sequence[str]) -> dict[str, str]:
        """What the metrics in their slots are now."""
        wanted = metrics.named(tx, {name for text in texts for name in named(text)})
        return values_of(tx, wanted, self._history)


def items_of(tx: Connection, alert: Alert) -> tuple[str, ...]:
    """Every item of the checklists of an alert, as it is written."""
    return tuple(item for _, text, _ in _texts(tx, alert, _metric_of(tx, alert)) for item in items(text))


def _metric_of(tx: Connection, alert: Alert) -> Metric:
    (one,) = series.by_id(tx, [alert.peak.series])
    return metrics.record(tx, one.metric)


def _texts(tx: Connection, alert: Alert, metric: Metric) -> Iterator[tuple[str, str, str]]:
    """Title, text and page of each runbook that there is; the same text twice is one."""
    seen = set()
    for title, text, page in _all_texts(tx, alert, metric):
        if text.strip() and text not in seen:
            seen.add(text)
            yield title, text, page


def _all_texts(tx: Connection, alert: Alert, metric: Metric) -> Iterator[tuple[str, str, str]]:
    kept = next((one for one in systems.listed(tx) if metric.name.startswith(f"{one.system.name}.")), None)
    if kept is None:
        yield f"Metric {metric.label}", metric.runbook, f"/metrics/{metric.name}"
    else:
        system = kept.system
        page = f"/systems/{system.name}"
        part = metric.family.partition("/")[2]
        if part in system.inputs:
            yield f"Input {part} of {system.label}", system.inputs[part].runbook, page
        yield f"System {system.label}", system.runbook, page
    source = next((one for one in metrics.sources(tx) if one.name == metric.source), None)
    if source is not None:
        yield f"Source {source.name}", source.runbook, ""
    kind = kind_of(alert.peak, metric)
    for one in runbooks.listed(tx):
        if one.name == kind:
            yield KINDS[kind], one.text, ""


def _pieces(text: str, values: Mapping[str, str], ticked: Mapping[str, Handling]) -> Iterator[Piece]:
    for block in blocks(text):
        if block.items:
            yield Piece(
                checks=tuple(Check(key=one, text=fill(one, values), ticked=ticked.get(one)) for one in block.items)
            )
        else:
            yield Piece(text=fill(block.text, values))


def _lessons(tx: Connection, alert: Alert, texts: Sequence[str]) -> tuple[Lesson, ...]:
    """What was noted after this incident and earlier ones of its series, the newest first; what the runbook says
    by now is left out.
    """
    ids = [member.series for member in alert.members]
    alike = {*handlings.taught(tx, ids, MOST_INCIDENTS), alert.id}
    found = []
    for log in handlings.of_alerts(tx, alike).values():
        undone = taken_back(log)
        found += [one for one in log if one.deed is Deed.LEARN and one.id not in undone]
    said = " ".join(" ".join(texts).split())
    kept = [one for one in found if one.alert == alert.id or " ".join(one.text.split()) not in said]
    kept.sort(key=lambda one: -one.id)
    return tuple(Lesson(said=one, is_own=one.alert == alert.id) for one in kept[:MOST_LESSONS])
