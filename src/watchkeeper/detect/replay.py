"""The one door: history in, state and judgements out."""

from __future__ import annotations

import os
import zlib
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from watchkeeper.detect import layout
from watchkeeper.detect.block import replay_block, scratch_of
from watchkeeper.detect.kernel import LARGEST_VALUE
from watchkeeper.detect.lanes import LANES
from watchkeeper.detect.points import Judged, Mark, Phase, Points, SeriesSettings
from watchkeeper.detect.state import State
from watchkeeper.domain.errors import InputError

POINTS_PER_THREAD = 200_000
"""Below this many points a second thread costs more than it gives."""
_STAND_IN = 0.0
"""Nothing of a withheld row is told or learned, but that it came; and zero sets no unit where there is none yet."""


def replay(
    points: Points,
    series: SeriesSettings,
    state: State | None = None,
    *,
    consume: bool = False,
    bands: bool = True,
) -> tuple[State, Judged]:
    """Judge the points in order and return the state after them; with `state`, continue from there.

    Strictly causal (a point's judgement depends on it and on earlier points only) and exact: replaying a history in
    any split into batches gives the same state and the same judgements to the bit, on any number of threads. The
    given state is left as it was, unless `consume` allows it to be updated in place (a tick of very many series, where
    the copy would cost more than the work). A grid step without a row, and a row whose value is NaN, infinite or
    `Mark.VOID`, are the same thing: missing. A row that is `Mark.WITHHELD` ends a silence, because it came; else it is
    told of like a missing one and teaches nothing, whatever its value. A second point at the same time is a second
    observation of that step: judged and learned, without time going on.

    Without `bands` the ends of the band are worked out only where a value may lie outside of it, and are NaN elsewhere:
    what `decide` makes of it is the same, for less work.

    Raises InputError where the settings or the state belong to another number of series or to other steps.
    """
    if len(series.step) != points.series:
        raise InputError(f"replay: points of {points.series} series but settings of {len(series.step)}")
    if state is None:
        state = State.empty(series)
    elif not np.array_equal(state.step, series.step):
        raise InputError("replay: the state was made for other series or other steps; replay the history instead")
    elif not consume:
        state = state.copy()
    n = len(points.time)
    judged = Judged(
        expected=np.empty(n),
        lower=np.empty(n),
        upper=np.empty(n),
        score=np.empty(n),
        phase=np.empty(n, np.uint8),
        silence=np.empty(n),
    )
    value, mark, withheld = _withheld(points, state)
    nothing_local, nothing_mark, nothing_cases = np.empty(0, np.int64), np.empty(0, np.uint8), np.empty(0)
    arguments: tuple[Any, ...] = (
        state.series,
        points.start,
        points.time,
        nothing_local if points.local is None else points.local,
        value,
        nothing_mark if mark is None else mark,
        nothing_cases if points.cases is None else points.cases,
        series.step,
        series.kind,
        state.times,
        state.slim,
        state.profile,
        state.presence,
        state.profile_base,
        state.presence_base,
        bands,
        judged.expected,
        judged.lower,
        judged.upper,
        judged.score,
        judged.phase,
        judged.silence,
    )
    blocks = len(state.series)
    threads = min(os.cpu_count() or 1, max(1, n // POINTS_PER_THREAD), max(blocks, 1))
    if threads == 1:
        _replay_blocks(0, blocks, *arguments)
        return state, _untold(judged, withheld)
    sizes = np.where(state.series >= 0, np.diff(points.start)[state.series], 0).sum(1)
    cuts = np.searchsorted(np.cumsum(sizes), np.linspace(0, n, threads + 1)[1:-1])
    bounds = [0, *cuts.tolist(), blocks]
    with ThreadPoolExecutor(threads) as pool:
        waiting = [pool.submit(_replay_blocks, a, b, *arguments) for a, b in pairwise(bounds)]
        for done in waiting:
            done.result()
    return state, _untold(judged, withheld)


def _withheld(points: Points, state: State) -> tuple[NDArray[np.float64], NDArray[np.uint8] | None, NDArray[np.int64]]:
    """Values and marks as the kernel takes them, and which rows are withheld.

    To the kernel these are values to be left alone; before a series' first value they are missing, as nothing is known
    that could be left alone.
    """
    value, mark = points.value, points.mark
    if mark is None or not (mark & np.uint8(Mark.WITHHELD)).any():
        return value, mark, np.empty(0, np.int64)
    is_void = (mark & np.uint8(Mark.VOID)) != 0
    is_withheld = (mark & np.uint8(Mark.WITHHELD)) != 0
    is_value = ~is_void & ~is_withheld & (np.abs(value) <= LARGEST_VALUE)
    has_begun = np.zeros(points.series, np.bool_)
    is_there = state.series >= 0
    has_begun[state.series[is_there]] = ~np.isnan(state.times[:, layout.LAST : layout.LAST + LANES][is_there])
    before = np.concatenate([[0], np.cumsum(is_value)])
    owner = np.repeat(np.arange(points.series), np.diff(points.start))
    is_after = has_begun[owner] | (before[:-1] > before[points.start[:-1]][owner])
    stands_in = is_withheld & ~is_void & is_after
    value = np.where(is_withheld, np.where(stands_in, _STAND_IN, np.nan), value)
    mark = np.where(stands_in, np.uint8(Mark.EXCLUDED | Mark.WITHHELD), mark)
    return value, mark, np.flatnonzero(stands_in)


def _untold(judged: Judged, withheld: NDArray[np.int64]) -> Judged:
    """The same with nothing said of what is withheld."""
    judged.score[withheld] = judged.silence[withheld] = np.nan
    judged.phase[withheld] = Phase.MISSING
    return judged


def _sources() -> int:
    """A number that changes with the code of the kernel.

    Numba's cache asks only whether the file of the compiled function changed, not those of the functions it calls; the
    number is part of the compiled function, and so of its key.
    """
    number = 0
    for file in sorted(Path(__file__).parent.glob("*.py")):
        number = zlib.crc32(file.read_bytes(), number)
    return number


def _compiled(sources: int) -> Any:
    """The loop over blocks, compiled for this state of the code."""

    @njit(cache=True, nogil=True, error_model="numpy")
    def replay_blocks(  # type: ignore[no-untyped-def]  # Numba types it
        begin, end, series, start, time, local, value, mark, cases, step, kind, times, slim, profile, present,
        profile_base, presence_base, has_bands, expected, lower, upper, score, phase, silence,
    ):  # fmt: skip
        """Replay the blocks `begin` to `end`."""
        if sources < 0:  # never: it only makes the number part of this function
            return
        desk, scratch = np.zeros(layout.DESK * LANES, np.float32), scratch_of()
        for b in range(begin, end):
            replay_block(
                series[b], start, time, local, value, mark, cases, kind, step[series[b, 0]], times[b], slim[b],
                profile[profile_base[b] : profile_base[b + 1]], present[presence_base[b] : presence_base[b + 1]], desk,
                scratch, has_bands, expected, lower, upper, score, phase, silence,
            )  # fmt: skip

    return replay_blocks


_replay_blocks = _compiled(_sources())
