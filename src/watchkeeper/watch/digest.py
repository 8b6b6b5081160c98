"""Each channel gets the week by itself, at the hour that its settings say."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection

from watchkeeper.domain.errors import ChannelError
from watchkeeper.domain.weekly import parse_weekly
from watchkeeper.stores.ledger import Ledger, channel_states, metrics, settings
from watchkeeper.stores.ledger.channel_states import ChannelState
from watchkeeper.watch import tell
from watchkeeper.watch.overview import Overview

_SECTION = "digests"
"""Where the ledger keeps, of each channel, which due digest was sent last."""
WATCH = "watchkeeper"
"""Who sends it, where no person does."""


class Digests:
    """Sends what is due. `link` is where the pages are, empty where nowhere."""

    def __init__(self, ledger: Ledger, overview: Overview, link: str) -> None:
        self._ledger = ledger
        self._overview = overview
        self._link = link.rstrip("/")

    def send_due(self, now: int, is_ours: Callable[[str], bool] = lambda channel: True) -> list[str]:
        """Send what is due at `now` (seconds UTC) and was not sent; returns what failed, in words.

        Of several servers one sends it: that to which the channel `is_ours`.

        A channel's first week begins with its setting, again where it was left out meanwhile: nothing is sent about the
        time before. One that fails is left alone and tried again as it is for alerts; a week that is refused for itself
        is not sent again.
        """
        with self._ledger.read() as tx:
            wanting = [one for one in metrics.channels(tx) if one.digest and not one.is_machine]
            sent: dict[str, int] = json.loads(settings.get(tx, _SECTION) or "{}")
            states = {one.name: channel_states.get(tx, one.name) for one in wanting}
        if gone := sent.keys() - {one.name for one in wanting}:
            self._forget(gone)
        troubles = []
        for channel in wanting:
            due = parse_weekly(channel.digest).last(now)
            if channel.name not in sent:
                self._remember(channel.name, due)
            elif sent[channel.name] < due and now >= states[channel.name].due_at and is_ours(channel.name):
                try:
                    self._overview.send(channel.name, WATCH, due, self._link)
                except ChannelError as error:
                    tell.fail(self._ledger, channel.name, error, now)
                    troubles.append(str(error))
                    if tell.is_of_message(error):
                        self._remember(channel.name, due)
                else:
                    self._remember(channel.name, due, ChannelState(channel=channel.name, delivered_at=now))
        return troubles

    def _forget(self, names: Collection[str]) -> None:
        with self._ledger.write() as tx:
            sent = json.loads(settings.get(tx, _SECTION) or "{}")
            settings.put(tx, _SECTION, json.dumps({name: due for name, due in sent.items() if name not in names}))

    def _remember(self, name: str, due: int, state: ChannelState | None = None) -> None:
        with self._ledger.write() as tx:
            sent = json.loads(settings.get(tx, _SECTION) or "{}")
            settings.put(tx, _SECTION, json.dumps(sent | {name: due}))
            if state is not None:
                channel_states.put(tx, state)
