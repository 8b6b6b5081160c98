"""Stored transitions reach people: each channel consumes them in order, and success is recorded after it happened.

A crash between sending and recording repeats one message at most; nothing is lost, because what has no final record
is still to be told. Of several servers the one that holds the channel tells it: it asks before each message whether
it still does. What is told, waits or is dropped is `policy.decide`'s matter; the reason is recorded with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from watchkeeper.domain.alert import Transition
from watchkeeper.domain.config import Channel
from watchkeeper.domain.errors import ChannelError
from watchkeeper.domain.handling import Mute
from watchkeeper.domain.route import Route
from watchkeeper.domain.team import Team
from watchkeeper.domain.times import HOUR
from watchkeeper.notify import channels
from watchkeeper.stores.ledger import Ledger, alerts, channel_states, deliveries, transitions
from watchkeeper.stores.ledger.channel_states import ChannelState
from watchkeeper.watch.briefs import Briefs
from watchkeeper.watch.policy import STALE_S, Case, Decision, Verdict, decide

BATCH = 500
FIRST_WAIT_S, LONGEST_WAIT_S = 30, HOUR
"""A channel that fails is left alone so long, doubled with every failure in a row, up to an hour."""
DEAD_WAIT_S, LONGEST_DEAD_WAIT_S = 900, 6 * HOUR
"""The same where only a person can mend it: it is tried at once after a test or a change of its settings."""


def tell(
    ledger: Ledger,
    channel: Channel,
    briefs: Briefs,
    *,
    now: int,
    stale_s: int = STALE_S,
    mutes: Sequence[Mute] = (),
    routes: Sequence[Route] = (),
    teams: Sequence[Team] = (),
    is_ours: Callable[[], bool] = lambda: True,
) -> int:
    """Send what the channel has not been told; returns how many messages were sent.

    Where the channel `is_ours` no more, what is left is another server's to tell.

    Raises ChannelError at the first failure that is not of the message alone: what follows stays queued, in order, and
    the channel is left alone for a while. A message that is refused for good is recorded as failed, and those behind it
    go on.
    """
    with ledger.read() as tx:
        state = channel_states.get(tx, channel.name)
        before = deliveries.waiting(tx, channel.name)
    if now < state.due_at:
        return 0
    sent = after = 0
    told_now: set[int] = set()
    refused: set[int] = set()
    waiting: set[int] = set()
    while True:
        with ledger.read() as tx:
            queue = transitions.undelivered(tx, channel.name, BATCH, after=after)
            spoken_of = alerts.named(tx, {one.alert for one in queue})
            memos = deliveries.memos(tx, channel.name, spoken_of)
        held: list[tuple[Transition, Decision]] = []
        try:
            for transition in queue:
                alert = spoken_of[transition.alert]
                case = Case(
                    transition=transition,
                    alert=alert,
                    channel=channel,
                    now=now,
                    concern=briefs.concern(alert),
                    line=briefs.line_of(alert.id),
                    told_lately=briefs.told_lately(alert, transition.at, channel.name),
                    was_told=alert.id in memos,
                    is_current=alert.id in told_now,
                    is_refused=alert.id in refused,
                    is_waiting=alert.id in waiting,
                    mutes=tuple(mutes),
                    routes=tuple(routes),
                    teams=tuple(teams),
                    stale_s=stale_s,
                )
                decision = decide(case)
                if decision.verdict is Verdict.WAIT:
                    waiting.add(alert.id)
                if decision.verdict is not Verdict.TELL:
                    if before.get(transition.id) != decision.words or decision.verdict is Verdict.DROP:
                        held.append((transition, decision))
                    continue
                if not is_ours():
                    return sent
                if _send(ledger, channel, briefs, transition, memos.get(alert.id, ""), now, memos):
                    sent += 1
                    told_now.add(alert.id)
                else:
                    refused.add(alert.id)
        finally:
            _record(ledger, channel, held, now)
        if len(queue) < BATCH:
            return sent
        after = queue[-1].id


def _send(
    ledger: Ledger,
    channel: Channel,
    briefs: Briefs,
    transition: Transition,
    memo: str,
    now: int,
    memos: dict[int, str],
) -> bool:
    """Send one message and record it; False where it was refused for good. Raises what is not of the message alone."""
    try:
        memos[transition.alert] = channels.send(channel, briefs.parcel(transition, channel, memo), now)
    except ChannelError as error:
        fail(ledger, channel.name, error, now)
        if not is_of_message(error):
            raise
        with ledger.write() as tx:
            deliveries.record(tx, transition.id, channel.name, delivered_at=now, outcome="failed", reason=str(error))
        return False
    with ledger.write() as tx:
        deliveries.record(tx, transition.id, channel.name, delivered_at=now, memo=memos[transition.alert])
        channel_states.put(tx, ChannelState(channel=channel.name, delivered_at=now))
    return True


def is_of_message(error: ChannelError) -> bool:
    """Whether the message was refused for itself: sending it again would not help, and others may go on."""
    return error.permanent and not error.is_of_channel


def fail(ledger: Ledger, channel: str, error: ChannelError, now: int) -> ChannelState:
    """Remember a failure, and until when the channel is left alone because of it."""
    with ledger.write() as tx:
        state = channel_states.get(tx, channel)
        failures = state.failures + 1
        first, longest = (DEAD_WAIT_S, LONGEST_DEAD_WAIT_S) if error.is_of_channel else (FIRST_WAIT_S, LONGEST_WAIT_S)
        wait = min(longest, first * 2 ** min(failures - 1, 20))
        failed = msgspec.structs.replace(
            state,
            failures=failures,
            failing_since=now if state.failing_since is None else state.failing_since,
            due_at=0 if is_of_message(error) else now + max(wait, error.retry_after_s),
            is_dead=error.is_of_channel,
            error=str(error),
        )
        channel_states.put(tx, failed)
    return failed


def _record(ledger: Ledger, channel: Channel, held: Sequence[tuple[Transition, Decision]], now: int) -> None:
    """What was not told and why, in one transaction."""
    if held:
        with ledger.write() as tx:
            for transition, decision in held:
                deliveries.record(
                    tx,
                    transition.id,
                    channel.name,
                    delivered_at=now,
                    outcome="waiting" if decision.verdict is Verdict.WAIT else "held",
                    reason=decision.words,
                )
