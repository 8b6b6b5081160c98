"""States of many metrics held as one: for each metric alone a state would be mostly padding, and putting them together
and taking them apart would cost a tick more than judging does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from watchkeeper.detect import SeriesSettings, State


class Part(NamedTuple):
    """`size` series of step `step_s` (seconds), from place `first` on, of a state that others share.

    `whole` is None where they have no history yet.
    """

    whole: State | None
    first: int
    size: int
    step_s: int

    @staticmethod
    def of(state: State) -> Part:
        """All of a state, of series of one step."""
        return Part(state, 0, len(state.step), int(state.step[0]) if len(state.step) else 0)

    def piece(self, first: int, size: int) -> Part:
        """Some of its series."""
        return Part(self.whole, self.first + first, size, self.step_s)


def joined(parts: Sequence[Part], *, consume: bool = False) -> State:
    """The parts as one state that nobody shares, one after the other.

    To `consume` spares a copy where they are all of a state: the state itself is given away.
    """
    runs = _runs(parts)
    if len(runs) == 1 and runs[0].whole is not None and runs[0].size == len(runs[0].whole.step):
        return runs[0].whole if consume else runs[0].whole.copy()
    states = parted(runs)
    return states[0] if len(states) == 1 else State.join(states)


def parted(parts: Sequence[Part]) -> list[State]:
    """Each part as a state of its own. No two may have series in common."""
    states: list[State | None] = [None] * len(parts)
    of_whole: dict[int, list[int]] = {}
    for number, part in enumerate(parts):
        if part.whole is None or not part.size:
            states[number] = State.empty(SeriesSettings.uniform(part.size, step=part.step_s or 60))
        else:
            of_whole.setdefault(id(part.whole), []).append(number)
    for numbers in of_whole.values():
        numbers.sort(key=lambda number: parts[number].first)
        counts, is_wanted, at = list[int](), list[bool](), 0
        for number in numbers:
            part = parts[number]
            if part.first > at:
                counts.append(part.first - at)
                is_wanted.append(False)
            counts.append(part.size)
            is_wanted.append(True)
            at = part.first + part.size
        whole = parts[numbers[0]].whole
        assert whole is not None
        cut = (state for state, wanted in zip(whole.split(counts), is_wanted, strict=True) if wanted)
        for number, state in zip(numbers, cut, strict=True):
            states[number] = state
    return [state for state in states if state is not None]


def _runs(parts: Sequence[Part]) -> list[Part]:
    """The same with neighbours put together that stand side by side in one state."""
    runs: list[Part] = []
    for part in parts:
        last = runs[-1] if runs else None
        if (
            last is not None
            and last.whole is part.whole
            and last.step_s == part.step_s
            and (part.whole is None or last.first + last.size == part.first)
        ):
            runs[-1] = last._replace(size=last.size + part.size)
        else:
            runs.append(part)
    return runs
