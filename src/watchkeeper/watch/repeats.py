"""Alerts that are open are said again to channels that forget what they hear nothing more of (Alertmanager)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from watchkeeper.domain.config import Channel
from watchkeeper.domain.errors import ChannelError
from watchkeeper.notify import channels as ways
from watchkeeper.stores.ledger import Ledger, alerts, channel_states, deliveries, feedback
from watchkeeper.watch import tell
from watchkeeper.watch.policy import FINE
from watchkeeper.watch.weighing import latest_on_alerts

EVERY_S = 60
"""Alertmanager's documentation asks for every 30 s to 3 minutes."""
AT_ONCE = 500
"""So many alerts go into one request."""


class Repeats:
    """Says what is open again. What it remembers is only when it did so: after a start it does so at once."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._said_at: dict[str, int] = {}

    def send(
        self, channels: Sequence[Channel], troubles: list[str], *, now: int, is_ours: Callable[[str], bool]
    ) -> None:
        """To each of the channels, at most every EVERY_S: the open alerts that it was told of and nobody called fine.

        What failed is in `troubles`; that channel is left alone as it is for alerts.
        """
        for channel in channels:
            if ways.takes_repeats(channel) and now >= self._said_at.get(channel.name, now - EVERY_S) + EVERY_S:
                self._said_at[channel.name] = now
                try:
                    due = self._due(channel, now)
                    for first in range(0, len(due), AT_ONCE):
                        if is_ours(channel.name):
                            ways.repeat(channel, due[first : first + AT_ONCE], now)
                except ChannelError as error:
                    tell.fail(self._ledger, channel.name, error, now)
                    troubles.append(str(error))

    def _due(self, channel: Channel, now: int) -> list[str]:
        with self._ledger.read() as tx:
            if now < channel_states.get(tx, channel.name).due_at:
                return []
            open_ones = {one.id: one for one in alerts.open_ones(tx)}
            memos = deliveries.memos(tx, channel.name, open_ones)
            members = {one.series for number in memos for one in open_ones[number].members}
            said = latest_on_alerts(feedback.log(tx, series=members)) if members else {}
        return [memo for number, memo in memos.items() if number not in said or said[number].answer not in FINE]
