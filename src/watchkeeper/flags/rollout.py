"""The state machine of a guarded roll-out: widens while the test holds, rolls back once, never flaps. Time comes in.

A step is taken when it has lasted its time and the worse end of every interval, were it true, would cost all users
together no more than the accepted harm: `worse end x share of the next step >= -largest_harm`. So a wide interval is
enough for a small step, and the last one needs a narrow one. It rolls back when the whole interval of a key metric is
worse than the accepted harm; a variant without such harm is rolled back with at most the chance of error, over the
whole roll-out (see `sequential`). What was rolled back, aborted or completed stays so until a person starts it again.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable, Sequence

import msgspec

from watchkeeper.domain.rollout import KeyMetric, Mode, Rollout

ALL = 100.0


class Course(enum.Enum):
    """Where a roll-out is."""

    WAITING = "waiting"  # not begun
    WIDENING = "widening"  # at a step; the next one comes when its time is over and the test holds
    PAUSED = "paused"  # by a person: no wider, but harm still rolls it back
    ASKED_TO_WIDEN = "asks whether to widen"
    ASKED_TO_ROLL_BACK = "asks whether to roll back"
    ROLLED_BACK = "rolled back"
    ABORTED = "aborted"  # by a person
    COMPLETED = "completed"  # everybody has the variant


class Move(enum.Enum):
    """What a roll-out did, for the log and for people."""

    BEGAN = "roll-out began"
    WIDENED = "roll-out widened"
    COMPLETED = "roll-out completed"
    ROLLED_BACK = "roll-out rolled back"
    ASKED_TO_WIDEN = "roll-out asks whether to widen"
    ASKED_TO_ROLL_BACK = "roll-out asks whether to roll back"
    WITHDREW = "roll-out withdrew its question"
    PAUSED = "roll-out paused"
    RESUMED = "roll-out resumed"
    ABORTED = "roll-out aborted"
    DECLINED = "roll-out declined"


RUNNING = (Course.WIDENING, Course.PAUSED, Course.ASKED_TO_WIDEN, Course.ASKED_TO_ROLL_BACK)
"""Where it is still compared."""
OVER = (Course.ROLLED_BACK, Course.ABORTED)
"""Where everybody gets the other variant."""
ASKING = (Course.ASKED_TO_WIDEN, Course.ASKED_TO_ROLL_BACK)


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """A key metric at one moment: variant minus the other, with its interval; NaN while nothing is known."""

    estimate: float = math.nan
    lower: float = math.nan
    upper: float = math.nan


class RolloutState(msgspec.Struct, frozen=True, kw_only=True):
    """What a roll-out remembers; times in seconds UTC, 0 for never.

    What came before `began_at` is no evidence; the present step has lasted since `since`. `variant` and `is_real` tell
    another roll-out from this one: with another variant, or out of mere observing, it begins anew.
    """

    course: Course = Course.WAITING
    step: int = 0
    began_at: int = 0
    since: int = 0
    cause: str = ""
    alerts: tuple[int, ...] = ()
    variant: str = ""
    is_real: bool = False
    accepted: bool = False
    """A person was asked whether to roll back and said no: it is not asked again."""

    def share(self, plan: Rollout) -> float:
        """The share of users that have the variant, in percent."""
        if self.course in (Course.WAITING, *OVER):
            return 0.0
        return ALL if self.course is Course.COMPLETED else plan.steps[min(self.step, len(plan.steps) - 1)]


def is_worse(key: KeyMetric, look: Look) -> bool:
    """Whether the whole interval is worse than the harm that is accepted."""
    return _ends(key, look)[1] < -key.largest_harm


def allows(key: KeyMetric, look: Look, share: float) -> bool:
    """Whether a share (percent) may have the variant: the worse end costs all users together no more than accepted."""
    return _ends(key, look)[0] * share / ALL >= -key.largest_harm


def advance(
    plan: Rollout, state: RolloutState, looks: Sequence[Look], now: int, *, is_held: bool = False
) -> tuple[RolloutState, Move | None]:
    """One tick: the state after it, and what was done, if anything. The same tick again does nothing.

    `looks` are of the plan's key metrics, in their order. `is_held`: a guard or a person holds the flag, so that the
    step does not count as lasting.
    """
    is_real = plan.mode is not Mode.OBSERVE
    if state.course is Course.WAITING or (state.variant, state.is_real) != (plan.variant, is_real):
        return begin(plan, now), Move.BEGAN
    if state.course not in RUNNING:
        return state, None
    worse = [key.label for key, look in zip(plan.metrics, looks, strict=True) if is_worse(key, look)]
    if worse and not state.accepted:
        return _roll_back(plan, state, ", ".join(worse), now)
    if state.course is Course.ASKED_TO_ROLL_BACK:
        return msgspec.structs.replace(state, course=Course.WIDENING, since=now, cause=""), Move.WITHDREW
    if is_held:
        return msgspec.structs.replace(state, since=now), None
    last = len(plan.steps) - 1
    if state.course is Course.PAUSED or state.step >= last:
        return state, None
    share = plan.steps[state.step + 1]
    may = all(allows(key, look, share) for key, look in zip(plan.metrics, looks, strict=True))
    if not may:
        if state.course is Course.ASKED_TO_WIDEN:
            return msgspec.structs.replace(state, course=Course.WIDENING), Move.WITHDREW
        return state, None
    if state.course is Course.ASKED_TO_WIDEN or now - state.since < plan.least_time_s:
        return state, None
    if plan.mode is Mode.ASK:
        return msgspec.structs.replace(state, course=Course.ASKED_TO_WIDEN), Move.ASKED_TO_WIDEN
    return _widen(plan, state, now)


def begin(plan: Rollout, now: int) -> RolloutState:
    """The first step, with no evidence yet; also how a person starts it again."""
    is_all = plan.steps[0] >= ALL
    return RolloutState(
        course=Course.COMPLETED if is_all else Course.WIDENING,
        began_at=now,
        since=now,
        variant=plan.variant,
        is_real=plan.mode is not Mode.OBSERVE,
    )


def answer(plan: Rollout, state: RolloutState, *, is_yes: bool, now: int) -> tuple[RolloutState, Move | None]:
    """A person answers the open question; without one nothing changes.

    A no to widening is asked again after the least time; a no to rolling back accepts the harm and pauses.
    """
    if state.course is Course.ASKED_TO_WIDEN:
        if is_yes:
            return _widen(plan, state, now)
        return msgspec.structs.replace(state, course=Course.WIDENING, since=now), Move.DECLINED
    if state.course is Course.ASKED_TO_ROLL_BACK:
        if is_yes:
            return msgspec.structs.replace(state, course=Course.ROLLED_BACK, since=now), Move.ROLLED_BACK
        return msgspec.structs.replace(state, course=Course.PAUSED, accepted=True), Move.DECLINED
    return state, None


def pause(state: RolloutState) -> tuple[RolloutState, Move | None]:
    """No wider until it is resumed; harm still rolls it back."""
    if state.course not in (Course.WIDENING, Course.ASKED_TO_WIDEN):
        return state, None
    return msgspec.structs.replace(state, course=Course.PAUSED), Move.PAUSED


def resume(plan: Rollout, state: RolloutState, now: int) -> tuple[RolloutState, Move | None]:
    """Go on after a pause; what is over begins anew, at the first step and without its old evidence."""
    if state.course is Course.PAUSED:
        return msgspec.structs.replace(state, course=Course.WIDENING, since=now, accepted=False), Move.RESUMED
    if state.course in OVER:
        return begin(plan, now), Move.BEGAN
    return state, None


def abort(state: RolloutState, now: int) -> tuple[RolloutState, Move | None]:
    """Everybody gets the other variant until a person resumes."""
    if state.course in (Course.WAITING, *OVER):
        return state, None
    return msgspec.structs.replace(state, course=Course.ABORTED, since=now), Move.ABORTED


def rehearse(plan: Rollout, ticks: Iterable[tuple[int, Sequence[Look]]]) -> list[tuple[int, Move, float]]:
    """What it would have done by itself at these (time, looks): time, move, and the share after it in percent."""
    acting = msgspec.structs.replace(plan, mode=Mode.ACT)
    state, done = RolloutState(), []
    for now, looks in ticks:
        state, move = advance(acting, state, looks, now)
        if move is not None:
            done.append((now, move, state.share(acting)))
    return done


def _roll_back(plan: Rollout, state: RolloutState, cause: str, now: int) -> tuple[RolloutState, Move | None]:
    if plan.mode is Mode.ASK:
        if state.course is Course.ASKED_TO_ROLL_BACK:
            return state, None
        asks = msgspec.structs.replace(state, course=Course.ASKED_TO_ROLL_BACK, since=now, cause=cause)
        return asks, Move.ASKED_TO_ROLL_BACK
    return msgspec.structs.replace(state, course=Course.ROLLED_BACK, since=now, cause=cause), Move.ROLLED_BACK


def _widen(plan: Rollout, state: RolloutState, now: int) -> tuple[RolloutState, Move | None]:
    step = state.step + 1
    is_all = plan.steps[step] >= ALL
    course = Course.COMPLETED if is_all else Course.WIDENING
    state = msgspec.structs.replace(state, course=course, step=step, since=now)
    return state, Move.COMPLETED if is_all else Move.WIDENED


def _ends(key: KeyMetric, look: Look) -> tuple[float, float]:
    """The worse and the better end, above 0 being better; NaN compares as neither worse nor allowed."""
    return (look.lower, look.upper) if key.better == "up" else (-look.upper, -look.lower)
