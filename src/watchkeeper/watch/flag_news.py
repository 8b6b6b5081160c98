"""News of guarded roll-outs reach people: what a roll-out did without an incident, in order, once a channel.

A roll-back is an incident and is told as one. Success is recorded after it happened, so that a crash repeats one
message at most. What is older than `stale_s` is the past and is not sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from watchkeeper.domain.config import Channel
from watchkeeper.domain.errors import ChannelError
from watchkeeper.domain.flag import Flag, FlagChange
from watchkeeper.domain.metric import Metric
from watchkeeper.domain.route import Route
from watchkeeper.domain.team import Team, standing_for
from watchkeeper.flags import Move
from watchkeeper.notify import channels as ways
from watchkeeper.notify.parcel import Parcel
from watchkeeper.stores.ledger import Ledger, channel_states, flags, metrics, settings
from watchkeeper.stores.ledger.channel_states import ChannelState
from watchkeeper.watch import tell
from watchkeeper.watch.links import Links

_SECTION = "flag news"
"""Where the ledger keeps, of each channel, which change of a flag was told last."""
NEWS = frozenset(
    move.value for move in Move if move not in (Move.ROLLED_BACK, Move.ASKED_TO_ROLL_BACK, Move.WITHDREW, Move.DECLINED)
)


class FlagNews:
    """Sends what is news. `link` is where the pages are, empty where nowhere."""

    def __init__(self, ledger: Ledger, links: Links, link: str) -> None:
        self._ledger = ledger
        self._links = links
        self._link = link.rstrip("/")

    def send(
        self,
        channels: Sequence[Channel],
        routes: Sequence[Route],
        teams: Sequence[Team],
        troubles: list[str],
        *,
        now: int,
        stale_s: int,
        is_ours: Callable[[str], bool] = lambda channel: True,
    ) -> int:
        """Send each channel what it has not been told; returns how many messages, what failed is in `troubles`.

        A channel that `is_ours` no more is left to another server.
        """
        sent = 0
        for channel in channels:
            if channel.is_machine:
                continue
            try:
                sent += self._send_one(channel, routes, teams, troubles, now, stale_s, is_ours)
            except ChannelError as error:
                tell.fail(self._ledger, channel.name, error, now)
                troubles.append(str(error))
        return sent

    def _send_one(
        self,
        channel: Channel,
        routes: Sequence[Route],
        teams: Sequence[Team],
        troubles: list[str],
        now: int,
        stale_s: int,
        is_ours: Callable[[str], bool],
    ) -> int:
        with self._ledger.read() as tx:
            told = json.loads(settings.get(tx, _SECTION) or "{}").get(channel.name, 0)
            queue = flags.changes_after(tx, told)
            if not queue or now < channel_states.get(tx, channel.name).due_at:
                return 0
            kept = {one.flag.name: one.flag for one in flags.listed(tx)}
            known = {metric.name: metric for metric in metrics.metrics(tx)}
        last, sent = told, 0
        for change in queue:
            flag = kept.get(change.flag)  # None: it was removed since, and nobody is told of it
            is_news = change.what in NEWS and now - change.at <= stale_s
            opens = None
            if flag is not None and flag.guarded_rollout is not None and is_news:
                opens = _opens(flag, known, channel, routes, teams, now)
            if opens is not None and opens > now:
                break  # outside its hours: this one and those after it wait
            if opens is not None and not is_ours(channel.name):
                break
            last = change.id
            if opens is not None and flag is not None:
                try:
                    ways.send(channel, self._parcel(flag, change, channel), now)
                except ChannelError as error:
                    if not tell.is_of_message(error):
                        raise
                    tell.fail(self._ledger, channel.name, error, now)
                    troubles.append(str(error))
                else:
                    self._remember(channel.name, last, ChannelState(channel=channel.name, delivered_at=now))
                    sent += 1
        if last != told:
            self._remember(channel.name, last)
        return sent

    def _parcel(self, flag: Flag, change: FlagChange, channel: Channel) -> Parcel:
        lines = [change.detail]
        if flag.owner:
            lines.append(f"Owner: {flag.owner}")
        if self._link:
            lines.append(f"Look and decide: {self._link}/flags/{flag.name}")
        if change.what == Move.ASKED_TO_WIDEN.value:
            found = self._links.of_rollout(flag.name, channel.name)
            lines += [f"- {name}: {at}" for name, at in found]
        return Parcel(title=flag.label, body="\n".join(lines), key=f"watchkeeper-flag-{change.id}-{channel.name}")

    def _remember(self, channel: str, change_id: int, state: ChannelState | None = None) -> None:
        with self._ledger.write() as tx:
            told = json.loads(settings.get(tx, _SECTION) or "{}")
            settings.put(tx, _SECTION, json.dumps(told | {channel: change_id}))
            if state is not None:
                channel_states.put(tx, state)


def _opens(
    flag: Flag,
    known: dict[str, Metric],
    channel: Channel,
    routes: Sequence[Route],
    teams: Sequence[Team],
    now: int,
) -> int | None:
    """When the channel may hear of the flag: routes that fit its first key metric and owner decide, if any."""
    assert flag.guarded_rollout is not None
    metric = known.get(flag.guarded_rollout.metrics[0].metrics[0])
    if metric is None:
        return now
    owners = standing_for(flag.owner or metric.owner, teams)
    fitting = [one for one in routes if one.fits(metric, owners, 1)]
    if not fitting:
        return now
    return min((one.opens_at(now) for one in fitting if channel.name in one.channels), default=None)
