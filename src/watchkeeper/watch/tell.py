"""Stored transitions reach people: each channel consumes them in order, and success is recorded after it happened.

A crash between sending and recording repeats one message at most; nothing is lost, because what has no recorded
delivery is still to be told.
"""

from __future__ import annotations

from collections.abc import Callable

from watchkeeper.domain.alert import Change, Transition
from watchkeeper.domain.config import Channel
from watchkeeper.domain.errors import ChannelError
from watchkeeper.domain.times import DAY
from watchkeeper.notify import channels
from watchkeeper.stores.ledger import Ledger, deliveries, transitions

BATCH = 500
STALE_S = DAY
"""What became known longer ago than this is the past (a backfill, a long downtime) and is not sent."""


def reason_to_hold(transition: Transition, *, is_explained: bool) -> str | None:
    """Why a transition is not sent, in words a person is shown; None where it is."""
    if transition.change is Change.UPDATED:
        return "grouped: the alert was told when it opened"
    if transition.change in (Change.ANSWERED, Change.UNDONE):
        return "an answer: the person was shown what it changed"
    if transition.change is Change.RESOLVED:
        return "resolved by itself: shown in the inbox"
    if is_explained:
        return "explained by an event"
    if transition.recorded_at - transition.at > STALE_S:
        return "about the past: found while catching up"
    return None


def tell(
    ledger: Ledger,
    channel: Channel,
    write: Callable[[Transition], tuple[str, str]],
    is_explained: Callable[[Transition], bool],
    *,
    now: int,
) -> int:
    """Send what the channel has not been told; `write` gives title and body. Returns how many messages were sent.

    Raises ChannelError at the first passing failure: what follows stays queued, in order. A permanent one is
    recorded as failed, so that one bad message does not block those behind it.
    """
    sent = 0
    while True:
        with ledger.read() as tx:
            queue = transitions.undelivered(tx, channel.name, BATCH)
        for transition in queue:
            reason = reason_to_hold(transition, is_explained=is_explained(transition))
            outcome = "held" if reason else "sent"
            if reason is None:
                try:
                    channels.send(channel, *write(transition))
                    sent += 1
                except ChannelError as error:
                    if not error.permanent:
                        raise
                    outcome, reason = "failed", str(error)
            with ledger.write() as tx:
                deliveries.record(
                    tx, transition.id, channel.name, delivered_at=now, outcome=outcome, reason=reason or ""
                )
        if len(queue) < BATCH:
            return sent
