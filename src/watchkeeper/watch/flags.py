"""Flags as the pages, the protocol and the command line use them; evaluation reads a board in memory alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec
from sqlalchemy import Connection

from watchkeeper import flags as pure
from watchkeeper.domain.errors import InputError
from watchkeeper.domain.flag import Flag, Json, Override, Segment
from watchkeeper.domain.rollout import Mode
from watchkeeper.domain.times import DAY, format_duration
from watchkeeper.flags import Board, Course, Evaluation, Standing, Step
from watchkeeper.flags.rollout import OVER
from watchkeeper.stores.history import History
from watchkeeper.stores.ledger import Ledger, audit, flags
from watchkeeper.watch import guard, rollout, rollout_look
from watchkeeper.watch.flag_views import FlagLine, FlagPage, PastMove

LONGEST_OVERRIDE_S = 30 * DAY


class Flags:
    """The flags of a ledger. Methods may be called from any thread; `evaluate` touches neither disk nor network."""

    def __init__(self, ledger: Ledger, clock: Callable[[], float], history: History | None = None) -> None:
        """Without a history (a command beside a running server) roll-outs have no intervals."""
        self._history = history
        self._ledger = ledger
        self._clock = clock
        self._board = Board()
        self._version = -1
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []

    # evaluating

    def evaluate(self, key: str, context: dict[str, Json]) -> Evaluation:
        """The flag for one user."""
        return pure.evaluate(self._board, key, context, int(self._clock()))

    def evaluate_all(self, context: dict[str, Json]) -> list[Evaluation]:
        """Every flag for one user, by name."""
        board, now = self._board, int(self._clock())
        return [pure.evaluate(board, key, context, now) for key in board.flags]

    def listen(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Call `changed` (from any thread) after every change; returns what ends that."""
        self._listeners.append(changed)
        return lambda: self._listeners.remove(changed)

    def refresh(self) -> bool:
        """Read the flags anew if any process changed one; True where the board is another one now."""
        with self._lock:
            with self._ledger.read() as tx:
                version = flags.version(tx)
                if version == self._version:
                    return False
                kept, segments = flags.listed(tx), flags.segments(tx)
            courses = {one.flag.name: (one.flag, rollout.state_of(one)) for one in kept if _is_rolled_out(one.flag)}
            self._board = Board(
                flags={one.flag.name: one.flag for one in kept},
                segments={one.name: one for one in segments},
                tripped={one.flag.name: guard.state_of(one).cause for one in kept if guard.state_of(one).is_tripped},
                overrides={one.flag.name: one.override for one in kept if one.override is not None},
                shares={
                    name: state.share(flag.guarded_rollout)
                    for name, (flag, state) in courses.items()
                    if flag.guarded_rollout is not None and state.is_real and state.course is not Course.WAITING
                },
                rolled_back={name for name, (_, state) in courses.items() if state.is_real and state.course in OVER},
            )
            self._version = version
        for changed in list(self._listeners):
            changed()
        return True

    # changing

    def put(self, tx: Connection, chosen: Sequence[Flag], segments: Sequence[Segment], by: str) -> list[str]:
        """Insert or update by name in the caller's transaction; returns what changed. `refresh` after it."""
        now = int(self._clock())
        changed = [f"segment {one.name}" for one in segments if flags.put_segment(tx, one)]
        touched = {flag.name for flag in chosen if flags.put(tx, flag)}
        if changed:  # a segment changes who gets what of every flag
            touched |= {kept.flag.name for kept in flags.listed(tx)}
        for name in sorted(touched):
            flags.log(tx, name, at=now, by=by, what="configured", detail=", ".join(changed))
        return [*changed, *(f"flag {name}" for name in sorted(touched))]

    def override(self, name: str, variant: str, lasting_s: int, by: str, note: str = "") -> FlagLine:
        """Everybody gets `variant` for `lasting_s` seconds, whatever rules and guards say; then that expires."""
        if not 0 < lasting_s <= LONGEST_OVERRIDE_S:
            raise InputError(f"an override lasts more than nothing and at most {format_duration(LONGEST_OVERRIDE_S)}")
        now = int(self._clock())
        with self._ledger.write() as tx:
            flag = flags.get(tx, name).flag
            if variant not in flag.variants:
                raise InputError(f"flag {name}: no variant {variant!r}; there are {', '.join(flag.variants)}")
            flags.set_override(tx, name, Override(variant=variant, until=now + lasting_s, by=by, note=note))
            detail = f"serves {variant} for {format_duration(lasting_s)}{f': {note}' if note else ''}"
            flags.log(tx, name, at=now, by=by, what="override", detail=detail)
            audit.add(tx, by, now, "flag override", f"{name}: {detail}")
        self.refresh()
        return self._line_of(name)

    def clear(self, name: str, by: str) -> FlagLine:
        """End the override."""
        now = int(self._clock())
        with self._ledger.write() as tx:
            flags.get(tx, name)
            flags.set_override(tx, name, None)
            flags.log(tx, name, at=now, by=by, what="override ended")
            audit.add(tx, by, now, "flag override ended", name)
        self.refresh()
        return self._line_of(name)

    def answer(self, name: str, *, is_yes: bool, by: str, is_rollout: bool | None = None) -> FlagLine:
        """Answer the open question of the guard, or of the roll-out (default: of the one that asks, the guard first).

        InputError where it asks none.
        """
        now = int(self._clock())
        with self._ledger.write() as tx:
            kept = flags.get(tx, name)
            before = guard.state_of(kept)
            asks = kept.flag.guard is not None and before.standing in (Standing.ASKED_TO_TRIP, Standing.ASKED_TO_RETURN)
            if is_rollout or (is_rollout is None and not asks and rollout.question(kept.flag, rollout.state_of(kept))):
                self._answer_rollout(tx, kept, is_yes, by, now)
            elif kept.flag.guard is None or not asks:
                raise InputError(f"flag {name}: its guard asks nothing now")
            else:
                state, step = pure.answer(kept.flag.guard, before, is_yes=is_yes, now=now)
                flags.remember(tx, name, msgspec.json.encode(state).decode())
                if step is None:
                    flags.log(tx, name, at=now, by=by, what="declined", detail=f"declined: {before.standing.value}")
                    audit.add(tx, by, now, "flag declined", name)
                else:
                    guard.record_step(tx, kept.flag, before, state, step, by=by, now=now)
        self.refresh()
        return self._line_of(name)

    def _answer_rollout(self, tx: Connection, kept: flags.Kept, is_yes: bool, by: str, now: int) -> None:
        flag, before = kept.flag, rollout.state_of(kept)
        if flag.guarded_rollout is None or not rollout.question(flag, before):
            raise InputError(f"flag {flag.name}: its roll-out asks nothing now")
        state, move = pure.rollout.answer(flag.guarded_rollout, before, is_yes=is_yes, now=now)
        flags.remember_rollout(tx, flag.name, msgspec.json.encode(state).decode())
        rollout.record_move(tx, flag, state, move, by=by, now=now)

    def steer(self, name: str, act: Literal["pause", "resume", "abort"], by: str) -> FlagLine:
        """A person pauses, resumes (what is over begins anew) or aborts a roll-out; InputError where it cannot."""
        now = int(self._clock())
        with self._ledger.write() as tx:
            kept = flags.get(tx, name)
            plan, before = kept.flag.guarded_rollout, rollout.state_of(kept)
            if plan is None:
                raise InputError(f"flag {name} has no guarded_rollout: give it one in its configuration")
            match act:
                case "pause":
                    state, move = pure.rollout.pause(before)
                case "resume":
                    state, move = pure.rollout.resume(plan, before, now)
                case "abort":
                    state, move = pure.rollout.abort(before, now)
            if move is None:
                raise InputError(f"flag {name}: its roll-out is {before.course.value}; there is nothing to {act}")
            flags.remember_rollout(tx, name, msgspec.json.encode(state).decode())
            rollout.record_move(tx, kept.flag, state, move, by=by, now=now)
        self.refresh()
        return self._line_of(name)

    def trip(self, name: str, by: str, note: str) -> FlagLine:
        """A person trips the guard by hand; it returns as after any trip."""
        now = int(self._clock())
        with self._ledger.write() as tx:
            kept = flags.get(tx, name)
            if kept.flag.guard is None:
                raise InputError(f"flag {name} has no guard: override it instead")
            before = guard.state_of(kept)
            state = pure.trip(kept.flag.guard, before, note or f"{by} tripped it", now)
            flags.remember(tx, name, msgspec.json.encode(state).decode())
            guard.record_step(tx, kept.flag, before, state, Step.TRIPPED, by=by, now=now)
        self.refresh()
        return self._line_of(name)

    # looking

    def lines(self) -> tuple[FlagLine, ...]:
        """Every flag as it stands."""
        now = int(self._clock())
        with self._ledger.read() as tx:
            return tuple(_line(kept, now) for kept in flags.listed(tx))

    def _line_of(self, name: str) -> FlagLine:
        with self._ledger.read() as tx:
            return _line(flags.get(tx, name), int(self._clock()))

    def page(self, name: str) -> FlagPage:
        """One flag whole; NotFoundError."""
        with self._ledger.read() as tx:
            kept = flags.get(tx, name)
            changes = tuple(flags.changes(tx, name))
            now = int(self._clock())
            shown = rollout_look.look(tx, kept, self._history, now)
        return FlagPage(line=_line(kept, now), changes=changes, rollout=shown)

    def rehearsal(self, name: str, days: int = 90) -> tuple[PastMove, ...]:
        """What the roll-out would have done by itself over the last days. InputError, NotFoundError."""
        with self._ledger.read() as tx:
            kept = flags.get(tx, name)
            if kept.flag.guarded_rollout is None:
                raise InputError(f"flag {name} has no guarded_rollout: give it one in its configuration")
            return rollout_look.rehearsal(tx, kept, self._history, int(self._clock()), days)


def _line(kept: flags.Kept, now: int) -> FlagLine:
    flag, state = kept.flag, guard.state_of(kept)
    override = kept.override if kept.override is not None and now < kept.override.until else None
    if not flag.is_enabled:
        serving, sentence = "", "Disabled: the code's own default applies."
    elif override is not None:
        serving = override.variant
        sentence = f"{override.by} gives everybody {serving} for {format_duration(override.until - now)} more."
    elif state.is_tripped:
        serving, sentence = flag.fallback, f"Tripped to {flag.fallback}, because of {state.cause}."
        if state.standing is Standing.ASKED_TO_RETURN:
            sentence += " Nothing trips it any more; it waits for a person to say yes."
    elif flag.guarded_rollout is not None and (moved := rollout.standing(flag, rollout.state_of(kept))):
        serving, sentence = moved
    elif flag.rules or flag.rollout:
        serving, sentence = "", "Served by its rules and shares."
    else:
        serving, sentence = flag.default, f"Everybody gets {flag.default}."
    if state.standing is Standing.ASKED_TO_TRIP:
        sentence += f" Its guard asks whether to serve {flag.fallback}: {state.cause}."
    if state.would_have:
        sentence += f" Its guard only observes; it would have served {flag.fallback}: {state.cause}."
    return FlagLine(flag=flag, state=state, override=override, serving=serving, sentence=sentence)


def _is_rolled_out(flag: Flag) -> bool:
    return flag.guarded_rollout is not None and flag.guarded_rollout.mode is not Mode.OBSERVE
