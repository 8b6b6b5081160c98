"""What is configured is taken away again: refused while something refers to it, and nothing accepted is lost by it.

A metric, its source, a system and a flag only leave the lists: points, alerts, answers and logs stay as they are, go
with retention, and count again once a configuration names it again. What was open, or waited to be told, ends with
the reason.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec
from sqlalchemy import Connection

from watchkeeper.domain.alert import Change, Status
from watchkeeper.domain.config import Config
from watchkeeper.domain.config_check import KINDS, maker, names_of, referring
from watchkeeper.domain.errors import InputError, NotFoundError
from watchkeeper.sources.probes import derive
from watchkeeper.stores.ledger import (
    alerts,
    channel_states,
    deliveries,
    flags,
    metrics,
    routes,
    runbooks,
    series,
    systems,
    teams,
    transitions,
)
from watchkeeper.watch.systems import reference_of


class Removal(msgspec.Struct, frozen=True, kw_only=True):
    """What removing a record means: `held_by` names what refers to it and must be changed before.

    `gone` is all that would leave, as kind and name; `effects` are sentences on what else that does.
    """

    kind: str
    name: str
    held_by: tuple[str, ...]
    gone: tuple[tuple[str, str], ...]
    effects: tuple[str, ...]


def look(tx: Connection, there: Config, kind: str, name: str) -> Removal:
    """What removing it would mean. InputError for a kind that there is not, NotFoundError."""
    if kind not in KINDS:
        raise InputError(f"kind {kind!r}: nothing of that kind is configured by name; use one of {', '.join(KINDS)}")
    known = names_of(there, kind)
    if name not in known:
        raise NotFoundError(f"no {kind} {name!r}; there are {', '.join(known[:20]) or 'none'}")
    gone = [(kind, name)]
    if kind == "system":
        gone += [("metric", one.name) for one in there.metrics if maker(one.name, known) == name]
    effects = [said for one in gone for said in _effects(tx, *one)]
    held_by = [f"{one.kind} {one.name} ({one.setting})" for one in referring(there, kind, name)]
    held_by += _makers(tx, there, name) if kind == "metric" else []
    return Removal(
        kind=kind, name=name, held_by=tuple(dict.fromkeys(held_by)), gone=tuple(gone), effects=tuple(effects)
    )


def check(found: Removal) -> None:
    """InputError with the names of what refers to it."""
    if found.held_by:
        some = ", ".join(found.held_by[:8]) + (f" and {len(found.held_by) - 8} more" if len(found.held_by) > 8 else "")
        raise InputError(
            f"{found.kind} {found.name} is needed by {some}: change what is named in brackets there, or remove that "
            "first; nothing was removed"
        )


def take_away(tx: Connection, gone: Collection[tuple[str, str]], by: str, now: int) -> None:
    """Remove all of it, in the caller's transaction, whatever refers to it."""
    removed = {name for kind, name in gone if kind == "metric"}
    for kind, name in gone:
        reason = f"{kind} {name} was removed by {by}"
        match kind:
            case "source":
                metrics.remove(tx, "source", name, at=now)
            case "metric":
                metrics.remove(tx, "metric", name, at=now)
                _end_alerts(tx, name, removed, reason, now)
            case "channel":
                deliveries.end_pending(tx, name, at=now, reason=reason)
                channel_states.remove(tx, name)
                metrics.remove(tx, "channel", name, at=now)
            case "team":
                teams.remove(tx, name)
            case "route":
                routes.remove(tx, name)
            case "segment":
                flags.remove_segment(tx, name)
            case "flag":
                flags.log(tx, name, at=now, by=by, what="removed")
                flags.remove(tx, name, at=now)
            case "system":
                systems.remove(tx, name, at=now)
            case "runbook":
                runbooks.remove(tx, name)


def _effects(tx: Connection, kind: str, name: str) -> list[str]:
    if kind == "metric":
        ids = [one.id for one in series.of_metric(tx, name)]
        count = sum(one.status is Status.OPEN for one in alerts.of_series(tx, ids)) if ids else 0
        ends = f"{count} open {'alert ends' if count == 1 else 'alerts end'}, " if count else ""
        return [
            f"Metric {name}: {ends}it is no more read, judged or told; points, alerts and answers of its "
            f"{len(ids):,} series stay, and count again when it is back."
        ]
    if kind == "channel":
        waiting = deliveries.pending(tx, name)
        said = f"Channel {name}: {waiting:,} changes of alerts that it was not told of yet end untold."
        return [said] if waiting else []
    if kind == "flag":
        return [f"Flag {name}: whoever asks for it gets the default of its own code."]
    return []


def _makers(tx: Connection, there: Config, metric: str) -> list[str]:
    """The system that makes a metric: removed alone, it would be back at once."""
    return [
        f"system {kept.system.name} (which makes it)"
        for kept in systems.listed(tx)
        if metric in {one.name for one in derive(kept.system, reference_of(kept))}
    ]


def _end_alerts(tx: Connection, metric: str, removed: Collection[str], reason: str, now: int) -> None:
    """Open alerts of the metric go on without it, or end; of those that nothing else is in nobody is told any more."""
    mine = {one.id for one in series.of_metric(tx, metric)}
    found = alerts.of_series(tx, mine)
    ids = {member.series for alert in found for member in alert.members}
    away = {one.id for one in series.by_id(tx, ids) if one.metric in removed}
    own = [alert.id for alert in found if all(member.series in away for member in alert.members)]
    for channel in metrics.channels(tx):
        deliveries.end_pending(tx, channel.name, at=now, reason=reason, of=own)
    for alert in found:
        if alert.status is not Status.OPEN:
            continue
        members = tuple(
            msgspec.structs.replace(one, is_open=False) if one.series in mine else one for one in alert.members
        )
        goes_on = any(one.is_open for one in members)
        status = Status.OPEN if goes_on else Status.RESOLVED
        alerts.save(tx, msgspec.structs.replace(alert, members=members, status=status))
        change = Change.UPDATED if goes_on else Change.RESOLVED
        transitions.add(tx, alert.id, change, at=alert.end, recorded_at=now, detail=reason)
