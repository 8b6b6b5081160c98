"""Flags as the pages, the protocol and the command line use them; evaluation reads a board in memory alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import msgspec
from sqlalchemy import Connection

from watchkeeper import flags as pure
from watchkeeper.domain.errors import ConfigError, InputError
from watchkeeper.domain.flag import Flag, Json, Override, Segment
from watchkeeper.domain.times import DAY, format_duration
from watchkeeper.flags import Board, Evaluation, Standing, Step
from watchkeeper.stores.ledger import Ledger, audit, flags, metrics, systems
from watchkeeper.watch import guard
from watchkeeper.watch.flag_views import FlagLine, FlagPage

LONGEST_OVERRIDE_S = 30 * DAY


class Flags:
    """The flags of a ledger. Methods may be called from any thread; `evaluate` touches neither disk nor network."""

    def __init__(self, ledger: Ledger, clock: Callable[[], float]) -> None:
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
            self._board = Board(
                flags={one.flag.name: one.flag for one in kept},
                segments={one.name: one for one in segments},
                tripped={one.flag.name: guard.state_of(one).cause for one in kept if guard.state_of(one).is_tripped},
                overrides={one.flag.name: one.override for one in kept if one.override is not None},
            )
            self._version = version
        for changed in list(self._listeners):
            changed()
        return True

    # changing

    def put(self, tx: Connection, chosen: Sequence[Flag], segments: Sequence[Segment], by: str) -> list[str]:
        """Insert or update by name in the caller's transaction; returns what changed. `refresh` after it.

        Raises ConfigError where a flag names a metric or segment that is not there.
        """
        now = int(self._clock())
        changed = [f"segment {one.name}" for one in segments if flags.put_segment(tx, one)]
        known = {metric.name for metric in metrics.metrics(tx)}
        there = {one.name for one in flags.segments(tx)}
        for flag in chosen:
            _check(flag, known, there, [kept.system.name for kept in systems.listed(tx)])
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
        return self.page(name).line

    def clear(self, name: str, by: str) -> FlagLine:
        """End the override."""
        now = int(self._clock())
        with self._ledger.write() as tx:
            flags.get(tx, name)
            flags.set_override(tx, name, None)
            flags.log(tx, name, at=now, by=by, what="override ended")
            audit.add(tx, by, now, "flag override ended", name)
        self.refresh()
        return self.page(name).line

    def answer(self, name: str, *, is_yes: bool, by: str) -> FlagLine:
        """Answer the guard's open question; InputError where it asks none."""
        now = int(self._clock())
        with self._ledger.write() as tx:
            kept = flags.get(tx, name)
            before = guard.state_of(kept)
            if kept.flag.guard is None or before.standing not in (Standing.ASKED_TO_TRIP, Standing.ASKED_TO_RETURN):
                raise InputError(f"flag {name}: its guard asks nothing now")
            state, step = pure.answer(kept.flag.guard, before, is_yes=is_yes, now=now)
            flags.remember(tx, name, msgspec.json.encode(state).decode())
            if step is None:
                flags.log(tx, name, at=now, by=by, what="declined", detail=f"declined: {before.standing.value}")
                audit.add(tx, by, now, "flag declined", name)
            else:
                guard.record_step(tx, kept.flag, before, state, step, by=by, now=now)
        self.refresh()
        return self.page(name).line

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
        return self.page(name).line

    # looking

    def lines(self) -> tuple[FlagLine, ...]:
        """Every flag as it stands."""
        now = int(self._clock())
        with self._ledger.read() as tx:
            return tuple(_line(kept, now) for kept in flags.listed(tx))

    def page(self, name: str) -> FlagPage:
        """One flag whole; NotFoundError."""
        with self._ledger.read() as tx:
            kept = flags.get(tx, name)
            changes = tuple(flags.changes(tx, name))
        return FlagPage(line=_line(kept, int(self._clock())), changes=changes)


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
    elif flag.rules or flag.rollout:
        serving, sentence = "", "Served by its rules and shares."
    else:
        serving, sentence = flag.default, f"Everybody gets {flag.default}."
    if state.standing is Standing.ASKED_TO_TRIP:
        sentence += f" Its guard asks whether to serve {flag.fallback}: {state.cause}."
    if state.would_have:
        sentence += f" Its guard only observes; it would have served {flag.fallback}: {state.cause}."
    return FlagLine(flag=flag, state=state, override=override, serving=serving, sentence=sentence)


def _check(flag: Flag, known: set[str], segments: set[str], running: Sequence[str]) -> None:
    """A metric of a system may come only with its reference: `SYSTEM.…` is taken on trust."""
    if flag.guard is not None:
        for trip in (*flag.guard.trips, *flag.guard.return_when):
            if trip.metric not in known and not any(trip.metric.startswith(f"{name}.") for name in running):
                raise ConfigError(f"flag {flag.name}: guard: no metric {trip.metric!r}; apply the metric first")
    for number, rule in enumerate(flag.rules, 1):
        named = rule.when.get("segment", [])
        for name in named if isinstance(named, list) else [named]:
            if name not in segments:
                raise ConfigError(f"flag {flag.name}: rules[{number}].when.segment: no segment {name!r}")
