"""What is older than it is kept goes: once a day by the schedule, or when asked; a dry run says what would go.

Points go by whole months, so that metrics are judged anew from what is left once a month at most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from threading import RLock

import msgspec
from sqlalchemy import Connection

from watchkeeper.domain.feedback import Answer
from watchkeeper.domain.retention import Retention
from watchkeeper.domain.times import DAY
from watchkeeper.learn import in_force
from watchkeeper.stores.history import History
from watchkeeper.stores.ledger import Ledger, aged, alerts, audit, feedback, metrics, series, settings
from watchkeeper.watch.leases import Leases

SECTION = "retention"
"""Where the ledger keeps the settings."""
CLEARED = "cleared"
"""Where the ledger keeps when points of a metric last went: whoever judges it, on whatever server, judges it anew."""
WATCH = "watchkeeper"
LEAD_S = 182 * DAY
"""So much before what an answer or an open alert speaks of is kept too: the detector's level rests on it."""
LABELS = (Answer.REAL, Answer.FALSE_ALARM, Answer.MISSED)


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """What goes, or went: rows of points, alerts, lines of the audit log and of the log of flags.

    `held_series` and `held_alerts` are old too, but stay: an answer in force or an open alert rests on them.
    """

    retention: Retention
    points: int = 0
    alerts: int = 0
    audit: int = 0
    held_series: int = 0
    held_alerts: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing goes."""
        return not (self.points or self.alerts or self.audit)

    @property
    def words(self) -> str:
        """What goes, in a clause."""
        return f"{self.points:,} rows of points, {self.alerts:,} alerts, {self.audit:,} lines of the audit log"


class _Old(msgspec.Struct, frozen=True, kw_only=True):
    """What is found old: points by series, the metrics of these, alerts, and before when the audit log is."""

    points: dict[int, int]
    metrics: list[str]
    alerts: list[int]
    audit_before: int | None
    held_series: int
    held_alerts: int


class Clearing:
    """Lets go of what is old, in ledger and history. Methods may be called from any thread.

    `forget` is told the metrics whose points went, under `writing`: they are judged anew.
    """

    def __init__(
        self,
        ledger: Ledger,
        history: History,
        leases: Leases,
        writing: RLock,
        forget: Callable[[Iterable[str]], None],
        clock: Callable[[], float],
    ) -> None:
        self._ledger = ledger
        self._history = history
        self._leases = leases
        self._writing = writing
        self._forget = forget
        self._clock = clock
        self._cleared_on: int | None = None

    def settings(self) -> Retention:
        """How long things are kept."""
        with self._ledger.read() as tx:
            return kept(tx)

    def look(self) -> Outlook:
        """What would go now; removes nothing."""
        now = int(self._clock())
        with self._ledger.read() as tx:
            retention = kept(tx)
            old = self._old(tx, retention, now)
            lines = 0 if old.audit_before is None else aged.count_lines(tx, old.audit_before)
        rows = self._history.forget(old.points, old.metrics, dry_run=True) if old.points else 0
        return _outlook(retention, old, rows, lines)

    def clear(self, by: str, now: int | None = None, *, is_ours_only: bool = False) -> Outlook:
        """Remove what is old; a line of the audit log says what went.

        Several servers each remove the points of their own families (`is_ours_only`).
        """
        now = int(self._clock()) if now is None else now
        with self._writing:
            with self._ledger.read() as tx:
                retention = kept(tx)
                old = self._old(tx, retention, now, is_ours_only=is_ours_only)
            rows = self._history.forget(old.points, old.metrics) if old.points else 0
            if rows:
                self._forget(old.metrics)
            with self._ledger.write() as tx:
                if rows:
                    went = cleared(tx) | dict.fromkeys(old.metrics, now)
                    settings.put(tx, CLEARED, msgspec.json.encode(went).decode())
                gone, held = _old_alerts(tx, retention, now)
                aged.let_alerts_go(tx, gone)
                lines = 0 if old.audit_before is None else aged.count_lines(tx, old.audit_before)
                if old.audit_before is not None:
                    aged.let_lines_go(tx, old.audit_before)
                found = _outlook(retention, msgspec.structs.replace(old, alerts=gone, held_alerts=held), rows, lines)
                if not found.is_empty:
                    audit.add(tx, by, now, "retention", f"removed {found.words}")
        return found

    def clear_daily(self, now: int) -> Outlook | None:
        """Remove what is old, at the first run of a day (UTC); None at the others."""
        if self._cleared_on == now // DAY:
            return None
        self._cleared_on = now // DAY
        return self.clear(WATCH, now, is_ours_only=True)

    def _old(self, tx: Connection, retention: Retention, now: int, *, is_ours_only: bool = False) -> _Old:
        age, audit_age = retention.age_s("points"), retention.age_s("audit")
        found: dict[int, int] = {}
        owners: list[str] = []
        held_series = 0
        if age is not None:
            known = series.by_metric(tx)
            members = {
                one.name: [each.id for each in known.get(one.name, ())]
                for one in metrics.ever(tx)
                if not is_ours_only or self._leases.is_mine(one.family)
            }
            before = month_start(now - age)
            old = self._history.aged([one for ids in members.values() for one in ids], before)
            needed = needed_since(tx)
            found = {one: min(until, needed.get(one, until)) for one, until in old.items()}
            held_series = sum(found[one] < until for one, until in old.items())
            owners = [name for name, ids in members.items() if any(one in found for one in ids)]
        gone, held = _old_alerts(tx, retention, now)
        return _Old(
            points=found,
            metrics=owners,
            alerts=gone,
            audit_before=None if audit_age is None else now - audit_age,
            held_series=held_series,
            held_alerts=held,
        )


def kept(tx: Connection) -> Retention:
    """How long things are kept: as configured, or as usual."""
    text = settings.get(tx, SECTION)
    return Retention() if text is None else msgspec.json.decode(text, type=Retention)


def cleared(tx: Connection) -> dict[str, int]:
    """When (seconds UTC) old points last went, by metric; one that lost none is left out."""
    return msgspec.json.decode(settings.get(tx, CLEARED) or "{}", type=dict[str, int])


def put(tx: Connection, retention: Retention) -> bool:
    """Keep the settings; False where nothing changed."""
    if settings.get(tx, SECTION) is None and retention == Retention():
        return False
    return settings.put(tx, SECTION, msgspec.json.encode(retention).decode())


def needed_since(tx: Connection) -> dict[int, int]:
    """From when on (seconds UTC) the points of a series are needed by a label in force, an event that repeats or an
    open alert; others teach nothing once their points are gone.
    """
    found: dict[int, int] = {}
    for said in in_force(feedback.log(tx)):
        if said.answer in LABELS or said.repeat:
            for one in said.series:
                found[one] = min(said.start - LEAD_S, found.get(one, said.start))
    for alert in alerts.open_ones(tx):
        for member in alert.members:
            found[member.series] = min(member.start - LEAD_S, found.get(member.series, member.start))
    return found


def month_start(seconds: int) -> int:
    """The first instant of the month (UTC) that holds the instant."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return int(datetime(moment.year, moment.month, 1, tzinfo=UTC).timestamp())


def _old_alerts(tx: Connection, retention: Retention, now: int) -> tuple[list[int], int]:
    age = retention.age_s("alerts")
    return ([], 0) if age is None else aged.alerts(tx, now - age)


def _outlook(retention: Retention, old: _Old, rows: int, lines: int) -> Outlook:
    return Outlook(
        retention=retention,
        points=rows,
        alerts=len(old.alerts),
        audit=lines,
        held_series=old.held_series,
        held_alerts=old.held_alerts,
    )
