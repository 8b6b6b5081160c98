"""What of the ledger is older than it is kept, and letting it go. Answers are never among it.

The log of answers and whatever it speaks of stay, so that the log keeps its meaning: an alert that anybody answered
(undone answers too), or that a guard remembers, or that a channel still waits to be told of, is not old here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, exists, func, select

from watchkeeper.domain.alert import Status
from watchkeeper.stores.ledger.alerts import ALERT, ALERT_MEMBER
from watchkeeper.stores.ledger.audit import AUDIT_ENTRY
from watchkeeper.stores.ledger.deliveries import DELIVERY
from watchkeeper.stores.ledger.feedback import FEEDBACK
from watchkeeper.stores.ledger.flags import FLAG, FLAG_CHANGE
from watchkeeper.stores.ledger.handlings import HANDLING
from watchkeeper.stores.ledger.schema import among
from watchkeeper.stores.ledger.transitions import TRANSITION


def alerts(tx: Connection, before: int) -> tuple[list[int], int]:
    """The alerts whose last change was before that time (seconds UTC) and which may go, and how many more may not."""
    found = list(tx.execute(_unchanged_since(before).order_by(ALERT.c.id)).scalars())
    answered = exists().where(FEEDBACK.c.alert == ALERT.c.id)
    waits = exists().where(
        TRANSITION.c.alert == ALERT.c.id, DELIVERY.c.transition == TRANSITION.c.id, DELIVERY.c.outcome == "waiting"
    )
    held = set(tx.execute(_unchanged_since(before).where(answered | waits)).scalars())
    for state in tx.execute(select(FLAG.c.guard_state).where(FLAG.c.guard_state != "")).scalars():
        held.update(json.loads(state).get("alerts", ()))
    free = [one for one in found if one not in held]
    return free, len(found) - len(free)


def let_alerts_go(tx: Connection, alert_ids: Sequence[int]) -> None:
    """Remove alerts with everything that was said and done of them, but answers."""
    mine = select(TRANSITION.c.id).where(among(tx, TRANSITION.c.alert, alert_ids))
    tx.execute(delete(DELIVERY).where(DELIVERY.c.transition.in_(mine)))
    for column in (TRANSITION.c.alert, HANDLING.c.alert, ALERT_MEMBER.c.alert, ALERT.c.id):
        tx.execute(delete(column.table).where(among(tx, column, alert_ids)))


def count_lines(tx: Connection, before: int) -> int:
    """How many lines of the audit log and of the log of flags were written before that time (seconds UTC)."""
    return sum(
        int(tx.execute(select(func.count()).select_from(table).where(is_old)).scalar_one())
        for table, is_old in ((AUDIT_ENTRY, AUDIT_ENTRY.c.at_s < before), (FLAG_CHANGE, _is_old_flip(before)))
    )


def let_lines_go(tx: Connection, before: int) -> None:
    """Remove these lines."""
    tx.execute(delete(AUDIT_ENTRY).where(AUDIT_ENTRY.c.at_s < before))
    tx.execute(delete(FLAG_CHANGE).where(_is_old_flip(before)))


def _unchanged_since(before: int) -> Select[tuple[int]]:
    is_changed = exists().where(TRANSITION.c.alert == ALERT.c.id, TRANSITION.c.recorded_at >= before)
    return select(ALERT.c.id).where(
        ALERT.c.status == Status.RESOLVED.value, ALERT.c.end_s < before, ALERT.c.start_s < before, ~is_changed
    )


def _is_old_flip(before: int) -> ColumnElement[bool]:
    """Of each flag the newest line stays: it says why the flag serves what it serves."""
    newest = select(func.max(FLAG_CHANGE.c.id)).group_by(FLAG_CHANGE.c.flag)
    return and_(FLAG_CHANGE.c.at_s < before, FLAG_CHANGE.c.id.not_in(newest.scalar_subquery()))
