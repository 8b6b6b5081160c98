"""Stored transitions reach people: each channel consumes them in order, and success is recorded after it happened.

A crash between sending and recording repeats one message at most; nothing is lost, because what has no recorded
delivery is still to be told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from watchkeeper.domain.alert import Change, Transition
from watchkeeper.domain.config import Channel
from watchkeeper.domain.errors import ChannelError
from watchkeeper.domain.times import DAY
from watchkeeper.notify import channels
from watchkeeper.stores.ledger import Ledger, deliveries, transitions

BATCH = 500
STALE_S = DAY
"""What became known longer ago than this, and is over, is the past (a backfill, a long downtime) and is not sent."""


def reason_to_hold(
    transition: Transition,
    is_explained: Callable[[Transition], bool],
    is_open: Callable[[Transition], bool],
    *,
    stale_s: int = STALE_S,
) -> str | None:
    """Why a transition is not sent, in words a person is shown; None where it is."""
    if transition.change is Change.UPDATED:
        return "grouped: the alert was told when it opened"
    if transition.change in (Change.ANSWERED, Change.UNDONE):
        return "an answer: the person was shown what it changed"
    if transition.change in (Change.ACKNOWLEDGED, Change.ASSIGNED, Change.SNOOZED, Change.COMMENTED):
        return "a person's deed: shown on the alert's page"
    if transition.change is Change.RESOLVED:
        return "resolved by itself: shown in the inbox"
    if transition.recorded_at - transition.at > stale_s and not is_open(transition):
        return "about the past: found while catching up"
    if is_explained(transition):
        return "explained by an event"
    return None


def tell(
    ledger: Ledger,
    channel: Channel,
    write: Callable[[Transition], tuple[str, str]],
    is_explained: Callable[[Transition], bool],
    is_open: Callable[[Transition], bool],
    draw: Callable[[Transition], bytes],
    *,
    now: int,
    stale_s: int = STALE_S,
) -> int:
    """Send what the channel has not been told; `write` gives title and body, `draw` the chart as a PNG (a file
    channel gets none). Returns how many messages were sent.

    Raises ChannelError at the first passing failure: what follows stays queued, in order. A permanent one is
    recorded as failed, so that one bad message does not block those behind it.
    """
    sent = 0
    while True:
        with ledger.read() as tx:
            queue = transitions.undelivered(tx, channel.name, BATCH)
        held: list[tuple[Transition, str]] = []
        for transition in queue:
            reason = reason_to_hold(transition, is_explained, is_open, stale_s=stale_s)
            if reason is not None:
                held.append((transition, reason))
                continue
            outcome: deliveries.Outcome = "sent"
            try:
                picture = draw(transition) if channels.file_of(channel) is None else b""
                channels.send(channel, *write(transition), picture)
                sent += 1
            except ChannelError as error:
                if not error.permanent:
                    _record(ledger, channel, held, "held", now)
                    raise
                outcome, reason = "failed", str(error)
            _record(ledger, channel, [(transition, reason or "")], outcome, now)
        _record(ledger, channel, held, "held", now)
        if len(queue) < BATCH:
            return sent


def _record(
    ledger: Ledger,
    channel: Channel,
    told: Sequence[tuple[Transition, str]],
    outcome: deliveries.Outcome,
    now: int,
) -> None:
    """What became of transitions, in one transaction."""
    if told:
        with ledger.write() as tx:
            for transition, reason in told:
                deliveries.record(tx, transition.id, channel.name, delivered_at=now, outcome=outcome, reason=reason)
