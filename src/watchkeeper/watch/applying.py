"""A configuration becomes what is watched: what it names is inserted or updated, in one transaction."""

from __future__ import annotations

from sqlalchemy import Connection

from watchkeeper.domain.config import Config
from watchkeeper.domain.config_lines import Places
from watchkeeper.stores.ledger import Ledger, audit, channel_states, metrics, routes, runbooks, teams
from watchkeeper.stores.ledger.channel_states import ChannelState
from watchkeeper.watch import plan, removing, retention
from watchkeeper.watch.config_check import check
from watchkeeper.watch.flags import Flags
from watchkeeper.watch.removing import Removal
from watchkeeper.watch.systems import Systems


def apply(
    tx: Connection,
    config: Config,
    by: str,
    now: int,
    systems: Systems,
    flags: Flags,
    places: Places | None = None,
    *,
    is_pruned: bool = False,
) -> None:
    """Store what the configuration names; what it does not name stays, or goes where `is_pruned`.

    ConfigError: nothing is stored.
    """
    gone = check(tx, plan.standing_in(tx), config, places, is_pruned=is_pruned)
    changed = [f"source {one.name}" for one in config.sources if metrics.put_source(tx, one)]
    changed += [f"metric {name}" for name in metrics.put_metrics(tx, config.metrics)]
    for channel in config.channels:
        if metrics.put_channel(tx, channel):
            changed.append(f"channel {channel.name}")
            channel_states.put(tx, ChannelState(channel=channel.name))  # whatever failed may be mended
    changed += [f"team {one.name}" for one in config.teams if teams.put(tx, one)]
    changed += [f"route {one.name}" for one in config.routes if routes.put(tx, one)]
    changed += [f"runbook {one.name}" for one in config.runbooks if runbooks.put(tx, one)]
    changed += systems.put(tx, config.systems)
    changed += flags.put(tx, config.flags, config.segments, by)
    if config.retention is not None and retention.put(tx, config.retention):
        changed.append("retention")
    removing.take_away(tx, gone, by, now)
    if gone:
        audit.add(tx, by, now, "remove", ", ".join(f"{kind} {name}" for kind, name in gone))
    if changed:
        audit.add(tx, by, now, "apply", ", ".join(changed))


def removal(ledger: Ledger, kind: str, name: str) -> Removal:
    """What removing something would mean. InputError for a kind that there is not, NotFoundError."""
    with ledger.read() as tx:
        return removing.look(tx, plan.standing_in(tx), kind, name)


def remove(ledger: Ledger, kind: str, name: str, by: str, now: int) -> Removal:
    """Take it away. NotFoundError; InputError names what refers to it, and nothing is changed."""
    with ledger.write() as tx:
        found = removing.look(tx, plan.standing_in(tx), kind, name)
        removing.check(found)
        removing.take_away(tx, found.gone, by, now)
        audit.add(tx, by, now, "remove", ", ".join(f"{one} {named}" for one, named in found.gone))
    return found
