"""The state machine of a guard: trips at once, returns slowly, never flaps. Time comes in as an argument."""

from __future__ import annotations

import enum

import msgspec

from watchkeeper.domain.flag import Guard, Mode

LASTING = 8
"""A return that holds for so many hold-offs has lasted: the next trip waits the plain hold-off again."""
MOST_DOUBLINGS = 4


class Standing(enum.Enum):
    """Where a guard is."""

    SERVING = "serving"  # the flag is as its rules say
    ASKED_TO_TRIP = "asked to trip"  # mode ask: a person is asked
    TRIPPED = "tripped"  # at the fallback
    ASKED_TO_RETURN = "asked to return"  # at the fallback, everything is fine again, a person is asked


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that trips a guard now: in words, and the alert where it is one."""

    words: str
    alert: int | None = None


class Signals(msgspec.Struct, frozen=True, kw_only=True):
    """What a guard sees in one tick: what trips it, and whether the shadow comparison allows a return."""

    trips: tuple[Reason, ...] = ()
    may_return: bool = True


class GuardState(msgspec.Struct, frozen=True, kw_only=True):
    """What a guard remembers; times in seconds UTC, 0 for never.

    `clear_since`: nothing has tripped it since. `declined`: the trips a person declined, until they are over.
    """

    standing: Standing = Standing.SERVING
    since: int = 0
    cause: str = ""
    alerts: tuple[int, ...] = ()
    clear_since: int = 0
    returned_at: int = 0
    doublings: int = 0
    declined: bool = False
    would_have: bool = False

    @property
    def is_tripped(self) -> bool:
        """Whether the fallback is served."""
        return self.standing in (Standing.TRIPPED, Standing.ASKED_TO_RETURN)


class Step(enum.Enum):
    """What a guard did, for the log and for people."""

    TRIPPED = "tripped"
    WOULD_TRIP = "would have tripped"
    ASKED_TO_TRIP = "asks whether to trip"
    ASKED_TO_RETURN = "asks whether to return"
    RETURNED = "returned"
    WITHDREW = "withdrew its question"


def hold_off(guard: Guard, state: GuardState) -> int:
    """Seconds that nothing may have tripped the guard before it returns."""
    return int(guard.hold_off_s * 2**state.doublings)


def advance(guard: Guard, state: GuardState, signals: Signals, now: int) -> tuple[GuardState, Step | None]:
    """One tick: the state after it, and what was done, if anything. Idempotent: the same signals do nothing twice."""
    if not signals.trips:
        return _calm(guard, state, signals, now)
    cause = "; ".join(dict.fromkeys(reason.words for reason in signals.trips))
    alerts = tuple(sorted({reason.alert for reason in signals.trips if reason.alert is not None}))
    if state.is_tripped:
        known = tuple(sorted({*state.alerts, *alerts}))
        return msgspec.structs.replace(
            state, standing=Standing.TRIPPED, clear_since=0, alerts=known, cause=state.cause or cause
        ), None
    if state.declined or state.would_have or state.standing is Standing.ASKED_TO_TRIP:
        return msgspec.structs.replace(state, clear_since=0), None
    if guard.mode is Mode.OBSERVE:
        state = msgspec.structs.replace(state, would_have=True, cause=cause, alerts=alerts, since=now, clear_since=0)
        return state, Step.WOULD_TRIP
    if guard.mode is Mode.ASK:
        state = msgspec.structs.replace(
            state, standing=Standing.ASKED_TO_TRIP, since=now, cause=cause, alerts=alerts, clear_since=0
        )
        return state, Step.ASKED_TO_TRIP
    return trip(guard, state, cause, now, alerts), Step.TRIPPED


def trip(guard: Guard, state: GuardState, cause: str, now: int, alerts: tuple[int, ...] = ()) -> GuardState:
    """The state at the fallback; a trip soon after a return doubles the next hold-off."""
    is_soon = state.returned_at > 0 and now - state.returned_at < LASTING * guard.hold_off_s
    return msgspec.structs.replace(
        state,
        standing=Standing.TRIPPED,
        since=now,
        cause=cause,
        alerts=alerts,
        clear_since=0,
        doublings=min(state.doublings + 1, MOST_DOUBLINGS) if is_soon else 0,
        declined=False,
        would_have=False,
    )


def come_back(state: GuardState, now: int) -> GuardState:
    """The state after a return."""
    return GuardState(since=now, returned_at=now, doublings=state.doublings)


def answer(guard: Guard, state: GuardState, *, is_yes: bool, now: int) -> tuple[GuardState, Step | None]:
    """A person answers the open question; without one nothing changes."""
    if state.standing is Standing.ASKED_TO_TRIP:
        if is_yes:
            return trip(guard, state, state.cause, now, state.alerts), Step.TRIPPED
        state = msgspec.structs.replace(state, standing=Standing.SERVING, since=now, declined=True)
        return state, None
    if state.standing is Standing.ASKED_TO_RETURN:
        if is_yes:
            return come_back(state, now), Step.RETURNED
        return msgspec.structs.replace(state, standing=Standing.TRIPPED, clear_since=now), None
    return state, None


def _calm(guard: Guard, state: GuardState, signals: Signals, now: int) -> tuple[GuardState, Step | None]:
    if state.standing is Standing.SERVING:
        if state.declined or state.would_have:  # the incident has to stay away before it counts as a new one
            since = state.clear_since or now
            is_over = now - since >= guard.hold_off_s
            return msgspec.structs.replace(
                state,
                clear_since=0 if is_over else since,
                declined=state.declined and not is_over,
                would_have=state.would_have and not is_over,
            ), None
        return state, None
    if state.standing is Standing.ASKED_TO_TRIP:
        return msgspec.structs.replace(state, standing=Standing.SERVING, since=now, cause=""), Step.WITHDREW
    since = state.clear_since or now
    state = msgspec.structs.replace(state, clear_since=since)
    if not signals.may_return:
        return msgspec.structs.replace(state, standing=Standing.TRIPPED, clear_since=now), None
    if now - since < hold_off(guard, state):
        return state, None
    if guard.confirm_return:
        if state.standing is Standing.ASKED_TO_RETURN:
            return state, None
        return msgspec.structs.replace(state, standing=Standing.ASKED_TO_RETURN), Step.ASKED_TO_RETURN
    return come_back(state, now), Step.RETURNED
