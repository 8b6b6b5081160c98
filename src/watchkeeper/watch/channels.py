"""The channels as people see them: how each fares, and a test on demand. It needs the ledger alone."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from watchkeeper.domain.alert import Change
from watchkeeper.domain.config import Channel, ChannelKind
from watchkeeper.domain.errors import ChannelError
from watchkeeper.domain.times import format_duration, format_instant
from watchkeeper.notify import channels as ways
from watchkeeper.notify.parcel import Parcel
from watchkeeper.stores.ledger import Ledger, alerts, audit, channel_states, deliveries, metrics
from watchkeeper.stores.ledger.channel_states import ChannelState
from watchkeeper.stores.ledger.deliveries import Outcome
from watchkeeper.watch import tell

SHOWN_AFTER = 3
"""So many failures in a row are worth a banner; one that lasts until a person mends it is so at once."""


class ChannelLine(msgspec.Struct, frozen=True, kw_only=True):
    """A channel in a list: `is_failing` where people should know, `pending` changes not decided on yet.

    `way` is its kind, or of an Apprise address its scheme; empty where nobody asked.
    """

    name: str
    kind: str
    is_failing: bool
    sentence: str
    pending: int
    delivered_at: int | None
    way: str = ""


class ToldLine(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one change of an alert, at the time `at` of its data, at one target (a channel, `flag:NAME`), when
    (`decided_at`, both seconds UTC) and why.
    """

    transition: int
    alert: int
    change: Change
    at: int
    target: str
    outcome: Outcome
    reason: str
    decided_at: int


class Channels:
    """The channels of a ledger. Methods may be called from any thread."""

    def __init__(self, ledger: Ledger, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._clock = clock

    def lines(self) -> tuple[ChannelLine, ...]:
        """Every channel as it fares, by name."""
        now = int(self._clock())
        with self._ledger.read() as tx:
            return tuple(
                _line(one, channel_states.get(tx, one.name), deliveries.pending(tx, one.name), now)
                for one in metrics.channels(tx)
            )

    def failing(self) -> tuple[str, ...]:
        """What is wrong with channels, in a sentence each; empty where all work."""
        now = int(self._clock())
        with self._ledger.read() as tx:
            states = [(one, channel_states.get(tx, one.name)) for one in metrics.channels(tx)]
        return tuple(_sentence(state, now) for one, state in states if _is_failing(state))

    def deliveries(
        self,
        limit: int,
        *,
        before: tuple[int, str] | None = None,
        target: str = "",
        outcome: Outcome | None = None,
        alert: int | None = None,
    ) -> list[ToldLine]:
        """What became of each change of an alert at each channel and flag, the newest change first, and why.

        `before` is the (transition, target) of the last one seen. NotFoundError where there is no such alert.
        """
        with self._ledger.read() as tx:
            if alert is not None:
                alerts.get(tx, alert)
            found = deliveries.newest(tx, limit, before=before, target=target, outcome=outcome, alert=alert)
        return [
            ToldLine(
                transition=one.delivery.transition,
                alert=one.alert,
                change=one.change,
                at=one.at,
                target=one.delivery.target,
                outcome=one.delivery.outcome,
                reason=one.delivery.reason,
                decided_at=one.delivery.delivered_at,
            )
            for one in found
        ]

    def told(self, limit: int = 50) -> tuple[str, ...]:
        """The newest messages that went to file channels, newest first."""
        with self._ledger.read() as tx:
            found = metrics.channels(tx)
        entries = [entry for channel in found for entry in ways.messages_of(channel)]
        return tuple(entries[::-1][:limit])

    def test(self, name: str, by: str) -> ChannelLine:
        """Send a test message. NotFoundError; ChannelError says why it did not arrive. A success ends a back-off."""
        now = int(self._clock())
        with self._ledger.read() as tx:
            channel = metrics.channel(tx, name)
        body = f"This is a test by {by}. If you read it, channel {name} works; there is nothing else to do."
        try:
            ways.send(channel, Parcel(title="Watchkeeper: a test", body=body), now)
        except ChannelError as error:
            tell.fail(self._ledger, name, error, now)
            raise
        with self._ledger.write() as tx:
            state = ChannelState(channel=name, delivered_at=now)
            channel_states.put(tx, state)
            audit.add(tx, by, now, "channel test", name)
            return _line(channel, state, deliveries.pending(tx, name), now)


def _line(channel: Channel, state: ChannelState, pending: int, now: int) -> ChannelLine:
    return ChannelLine(
        name=channel.name,
        kind=channel.kind.value,
        is_failing=_is_failing(state),
        sentence=_sentence(state, now),
        pending=pending,
        delivered_at=state.delivered_at,
        way=_way(channel),
    )


def _way(channel: Channel) -> str:
    """Of its address nothing but the scheme is shown."""
    scheme, colon, _ = channel.url.partition("://")
    if channel.kind is not ChannelKind.APPRISE:
        return str(channel.kind.value)
    return scheme if colon and "$" not in scheme else "by reference"


def _is_failing(state: ChannelState) -> bool:
    return state.is_dead or state.failures >= SHOWN_AFTER


def _sentence(state: ChannelState, now: int) -> str:
    if state.failing_since is None:
        return "Nothing was sent yet." if state.delivered_at is None else "It works."
    since = format_duration(max(1, now - state.failing_since))
    again = f"; tried again from {format_instant(state.due_at)} on" if state.due_at > now else ""
    return f"Failing for {since}: {state.error}{again}."
