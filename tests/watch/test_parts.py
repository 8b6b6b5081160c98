"""States of many series held as one are taken apart and put together without a bit changed."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from watchkeeper import detect
from watchkeeper.detect import Points, SeriesSettings, State
from watchkeeper.watch.parts import Part, joined, parted

SERIES = 40
STEP_S = 3600


def replayed() -> State:
    """Forty series, each with a past of its own."""
    rng, n = np.random.default_rng(7), 50
    points = Points(
        start=np.arange(SERIES + 1) * n,
        time=np.tile(np.arange(n) * STEP_S, SERIES),
        value=rng.normal(100, 5, SERIES * n),
    )
    settings = SeriesSettings.uniform(SERIES, step=STEP_S)
    return detect.replay(points, settings, State.empty(settings))[0]


WHOLE = replayed()
ALONE = WHOLE.split([1] * SERIES)
NEW = State.empty(SeriesSettings.uniform(1, step=STEP_S))


@st.composite
def some_parts(draw: st.DrawFn) -> list[Part]:
    """Pieces of one state in any order, with gaps, and series without history between them."""
    edges = sorted(draw(st.sets(st.integers(0, SERIES), min_size=2)))
    parts = [Part(WHOLE, a, b - a, STEP_S) for a, b in pairwise(edges) if draw(st.booleans())]
    parts += [Part(None, 0, size, STEP_S) for size in draw(st.lists(st.integers(0, 20), max_size=3))]
    return draw(st.permutations(parts)) or [Part.of(WHOLE)]


def expected(part: Part) -> list[State]:
    return [NEW] * part.size if part.whole is None else ALONE[part.first : part.first + part.size]


@given(some_parts())
def test_parts_are_what_they_were(parts: list[Part]):
    for part, state in zip(parts, parted(parts), strict=True):
        assert state.to_bytes() == State.join(expected(part)).to_bytes()
    assert joined(parts).to_bytes() == State.join([one for part in parts for one in expected(part)]).to_bytes()


@given(some_parts(), st.data())
def test_a_piece_of_a_part_is_a_part(parts: list[Part], data: st.DataObject):
    part = parts[0]
    first = data.draw(st.integers(0, part.size))
    size = data.draw(st.integers(0, part.size - first))
    (state,) = parted([part.piece(first, size)])
    assert state.to_bytes() == State.join(expected(part)[first : first + size]).to_bytes()


def test_nobody_else_has_the_arrays():
    before = WHOLE.to_bytes()
    own = joined([Part.of(WHOLE)])
    own.times[:] = 0
    assert WHOLE.to_bytes() == before
