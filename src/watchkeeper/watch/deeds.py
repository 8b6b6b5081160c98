"""What people do with alerts besides answering: each deed is a line of a log, a transition of its alert, an audit line.

It needs the ledger alone, so that commands work beside a running server. Nothing here teaches the detector anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from watchkeeper.domain.alert import Change, Status
from watchkeeper.domain.errors import InputError
from watchkeeper.domain.handling import Care, Deed, Handling, Mute, care_of, taken_back
from watchkeeper.domain.times import DAY, format_instant
from watchkeeper.stores.ledger import Ledger, alerts, audit, handlings, metrics, mutes, series, transitions
from watchkeeper.watch.runbooks import items_of

LONGEST_SNOOZE_S = 30 * DAY
LONGEST_TEXT = 2000
_CHANGE = {
    Deed.ACKNOWLEDGE: Change.ACKNOWLEDGED,
    Deed.ASSIGN: Change.ASSIGNED,
    Deed.SNOOZE: Change.SNOOZED,
    Deed.COMMENT: Change.COMMENTED,
    Deed.TICK: Change.TICKED,
    Deed.LEARN: Change.LEARNT,
}


class Deeds:
    """The deeds on the alerts of a ledger. Methods may be called from any thread; several alerts are one transaction.

    Each method returns the lines that it added to the log, in the order of `alert_ids`. They raise NotFoundError where
    an alert is not known, and then nothing is written.
    """

    def __init__(self, ledger: Ledger, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._clock = clock

    def of_alert(self, alert_id: int) -> list[Handling]:
        """What was done with an alert, the oldest line first; undone lines and their undos too."""
        with self._ledger.read() as tx:
            alerts.get(tx, alert_id)
            return handlings.of_alerts(tx, [alert_id]).get(alert_id, [])

    def acknowledge(self, alert_ids: Sequence[int], by: str, text: str = "") -> list[Handling]:
        """`by` has seen the alerts and takes care of them."""
        return self._do(alert_ids, by, Deed.ACKNOWLEDGE, text=text)

    def assign(self, alert_ids: Sequence[int], owner: str, by: str, text: str = "") -> list[Handling]:
        """The alerts are `owner`'s to look at, whatever their metric says; an empty owner gives them back to it."""
        return self._do(alert_ids, by, Deed.ASSIGN, owner=_line("owner", owner), text=text)

    def snooze(self, alert_ids: Sequence[int], until: int, by: str, text: str = "") -> list[Handling]:
        """Nobody hears of the alerts before `until` (seconds UTC); who is still open then is told again."""
        now = int(self._clock())
        if not now < until <= now + LONGEST_SNOOZE_S:
            raise InputError(
                f"snooze: until {format_instant(until)} is not within the next {LONGEST_SNOOZE_S // DAY} days;"
                " give a later time, or an earlier one"
            )
        return self._do(alert_ids, by, Deed.SNOOZE, until=until, text=text)

    def comment(self, alert_ids: Sequence[int], text: str, by: str) -> list[Handling]:
        """Say something to whoever reads the alerts later."""
        if not text.strip():
            raise InputError("comment: it is empty; say something")
        return self._do(alert_ids, by, Deed.COMMENT, text=text)

    def tick(self, alert_id: int, item: str, by: str) -> Handling:
        """An item of the alert's checklists is done; InputError where no runbook of it has that item."""
        with self._ledger.read() as tx:
            known = items_of(tx, alerts.get(tx, alert_id))
        if item not in known:
            among = "; ".join(known) or "none"
            raise InputError(f"tick: alert {alert_id} has no such item on a checklist; there are: {among}")
        return self._do([alert_id], by, Deed.TICK, text=item)[0]

    def learn(self, alert_id: int, text: str, by: str) -> Handling:
        """Say what the runbook should have said; later alerts of the same series show it until the runbook has it."""
        if not text.strip():
            raise InputError("learn: it is empty; say what the runbook should have said")
        return self._do([alert_id], by, Deed.LEARN, text=text)[0]

    def undo(self, handling_id: int, by: str) -> Handling:
        """Take a deed back (or an undo, which brings its deed back). InputError where that was done already."""
        with self._ledger.write() as tx:
            line = handlings.get(tx, handling_id)
            log = handlings.of_alerts(tx, [line.alert])[line.alert]
            if handling_id in taken_back(log):
                raise InputError(f"handling {handling_id} has been taken back already")
            now = int(self._clock())
            kept = handlings.add(tx, Handling(id=0, alert=line.alert, by=by, at=now, undoes=handling_id))
            what = line.deed.value if line.deed is not None else "an undo"
            self._record(tx, kept, Change.UNDONE, f"{by} took back: {what}")
        return kept

    def care_of(self, alert_id: int) -> Care:
        """How an alert is handled; NotFoundError."""
        with self._ledger.read() as tx:
            alerts.get(tx, alert_id)
            return care_of(handlings.of_alerts(tx, [alert_id]).get(alert_id, ()))

    def wake(self, now: int) -> int:
        """Alerts whose snooze is over, and which are still open, get a transition that is told; returns how many."""
        woken = 0
        with self._ledger.write() as tx:
            open_ones = {one.id for one in alerts.open_ones(tx)}
            for alert_id, log in handlings.of_alerts(tx, open_ones).items():
                snoozed = care_of(log).snoozed
                if snoozed is None or now < snoozed.until:
                    continue
                since = [one for one in transitions.of_alert(tx, alert_id) if one.change is Change.WOKEN]
                if not any(one.at >= snoozed.until for one in since):
                    detail = f"snoozed by {snoozed.by} until now"
                    transitions.add(tx, alert_id, Change.WOKEN, at=now, recorded_at=now, detail=detail)
                    woken += 1
        return woken

    # mutes

    def mute(
        self,
        start: int,
        end: int,
        by: str,
        *,
        metric: str = "",
        series_id: int | None = None,
        tag: str = "",
        repeat: str = "",
        zone: str = "UTC",
        note: str = "",
    ) -> Mute:
        """Tell nobody in `[start, end)` of what is named (see `domain.handling.Mute`); NotFoundError, InputError."""
        now = int(self._clock())
        if sum((bool(metric), series_id is not None, bool(tag))) > 1:
            raise InputError("mute: name a metric, or a series, or a tag, not several of them")
        if not repeat and end <= now:
            raise InputError(f"mute: it would be over at {format_instant(end)}, which is past; give a later end")
        drawn = Mute(
            id=0,
            by=by,
            made_at=now,
            start=start,
            end=end,
            metric=metric,
            series=series_id,
            tag=tag,
            repeat=repeat,
            zone=zone,
            note=_line("note", note),
        )
        with self._ledger.write() as tx:
            self._check_scope(tx, drawn)
            kept = mutes.add(tx, drawn)
            window = f"{format_instant(start)} to {format_instant(end)}{f', {repeat}' if repeat else ''}"
            audit.add(tx, by, now, "mute", f"#{kept.id} {kept.scope}: {window}")
        return kept

    def unmute(self, mute_id: int, by: str) -> Mute:
        """End a mute now. NotFoundError; InputError where it was ended before."""
        now = int(self._clock())
        with self._ledger.write() as tx:
            if not mutes.end(tx, mute_id, at=now, by=by):
                raise InputError(f"mute {mute_id} was ended already")
            audit.add(tx, by, now, "unmute", f"#{mute_id}")
            return mutes.get(tx, mute_id)

    def mutes(self, *, over_too: bool = False) -> list[Mute]:
        """The mutes that are in force or still to come (`over_too`: every one), the newest first."""
        now = int(self._clock())
        with self._ledger.read() as tx:
            return [one for one in mutes.listed(tx) if over_too or not one.is_over(now)]

    def _check_scope(self, tx: Connection, mute: Mute) -> None:
        if mute.metric:
            metrics.metric(tx, mute.metric)
        if mute.series is not None and not series.by_id(tx, [mute.series]):
            raise InputError(f"mute: no series {mute.series}; a metric's page has the numbers of its series")
        if mute.tag and not any(mute.tag in one.tags for one in metrics.metrics(tx)):
            known = sorted({tag for one in metrics.metrics(tx) for tag in one.tags})
            raise InputError(f"mute: no metric has the tag {mute.tag!r}; there are {', '.join(known) or 'none'}")

    # writing

    def _do(
        self, alert_ids: Sequence[int], by: str, deed: Deed, *, owner: str = "", until: int = 0, text: str = ""
    ) -> list[Handling]:
        now, said = int(self._clock()), _line(deed.value, text)
        added = []
        with self._ledger.write() as tx:
            for alert_id in dict.fromkeys(alert_ids):
                alert = alerts.get(tx, alert_id)
                if deed is Deed.SNOOZE and alert.status is Status.RESOLVED:
                    raise InputError(f"snooze: alert {alert_id} is over; there is nothing to be told of")
                line = Handling(id=0, alert=alert_id, by=by, at=now, deed=deed, owner=owner, until=until, text=said)
                kept = handlings.add(tx, line)
                self._record(tx, kept, _CHANGE[deed], _words(kept))
                added.append(kept)
        return added

    def _record(self, tx: Connection, kept: Handling, change: Change, detail: str) -> None:
        transitions.add(tx, kept.alert, change, at=kept.at, recorded_at=kept.at, detail=detail)
        audit.add(tx, kept.by, kept.at, change.value, f"alert {kept.alert}: {detail}")


def _words(line: Handling) -> str:
    """A deed in words, for the alert's history."""
    if line.deed is Deed.ASSIGN:
        did = f"{line.by} gave it to {line.owner}" if line.owner else f"{line.by} gave it back to its metric's owner"
    elif line.deed is Deed.SNOOZE:
        did = f"{line.by}, until {format_instant(line.until)}"
    else:
        did = line.by
    return f"{did}: {line.text}" if line.text else did


def _line(field: str, text: str) -> str:
    said = text.strip()
    if len(said) > LONGEST_TEXT:
        raise InputError(f"{field}: {len(said):,} letters are too many; shorten it to {LONGEST_TEXT:,}")
    return said
