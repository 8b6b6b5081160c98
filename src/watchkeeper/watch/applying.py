"""A configuration becomes what is watched: what it names is inserted or updated, in one transaction."""

from __future__ import annotations

from sqlalchemy import Connection

from watchkeeper.domain.config import Config
from watchkeeper.domain.route import check_channels
from watchkeeper.stores.ledger import audit, channel_states, metrics, routes, runbooks, teams
from watchkeeper.stores.ledger.channel_states import ChannelState
from watchkeeper.watch import retention
from watchkeeper.watch.flags import Flags
from watchkeeper.watch.systems import Systems


def apply(tx: Connection, config: Config, by: str, now: int, systems: Systems, flags: Flags) -> None:
    """Store what the configuration names; what it does not name stays. InputError, ConfigError: nothing is stored."""
    changed = [f"source {one.name}" for one in config.sources if metrics.put_source(tx, one)]
    changed += [f"metric {name}" for name in metrics.put_metrics(tx, config.metrics)]
    for channel in config.channels:
        if metrics.put_channel(tx, channel):
            changed.append(f"channel {channel.name}")
            channel_states.put(tx, ChannelState(channel=channel.name))  # whatever failed may be mended
    changed += [f"team {one.name}" for one in config.teams if teams.put(tx, one)]
    check_channels(config.routes, {one.name for one in metrics.channels(tx)})
    changed += [f"route {one.name}" for one in config.routes if routes.put(tx, one)]
    changed += [f"runbook {one.name}" for one in config.runbooks if runbooks.put(tx, one)]
    changed += systems.put(tx, config.systems)
    changed += flags.put(tx, config.flags, config.segments, by)
    systems.check(tx, config.systems)
    if config.retention is not None and retention.put(tx, config.retention):
        changed.append("retention")
    if changed:
        audit.add(tx, by, now, "apply", ", ".join(changed))
