"""Whom and what an alert concerns, as the ledger has it: read without judging anything."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection

from watchkeeper.domain.alert import Alert
from watchkeeper.domain.feedback import Feedback
from watchkeeper.domain.handling import UNHANDLED, Care, care_of
from watchkeeper.domain.metric import Metric
from watchkeeper.stores.ledger import feedback, handlings, metrics, series
from watchkeeper.watch.weighing import latest_on_alerts


class Concern(msgspec.Struct, frozen=True, kw_only=True):
    """The metric that speaks for an alert, how the alert is handled, and the answer on it that is in force.

    `spoken_of` has for every member its series, its metric and that metric's tags.
    """

    metric: Metric
    spoken_of: tuple[tuple[int, str, tuple[str, ...]], ...]
    care: Care = UNHANDLED
    answer: Feedback | None = None

    @property
    def owner(self) -> str:
        """Whom it was given to, or else its metric's owner; empty where there is neither."""
        return self.care.owner or self.metric.owner


def concern_of(tx: Connection, alert: Alert) -> Concern:
    """What the ledger says of an alert."""
    ids = [member.series for member in alert.members]
    metric_of = {one.id: one.metric for one in series.by_id(tx, ids)}
    known = {one.name: one for one in metrics.named(tx, set(metric_of.values()))}
    held = [(one, known[metric_of[one]]) for one in ids]
    return Concern(
        metric=known[metric_of[alert.peak.series]],
        spoken_of=tuple((number, metric.name, metric.tags) for number, metric in held),
        care=care_of(handlings.of_alerts(tx, [alert.id]).get(alert.id, ())),
        answer=latest_on_alerts(feedback.log(tx, series=ids)).get(alert.id),
    )
