"""One incident, one emission: evidence is news only where it exceeds what was told, which fades.

A detector of a benchmark, and a person, is told of an incident once. An emission raises the reference above itself;
the reference falls by one (a factor ten of probability) in 80 steps.
"""

from __future__ import annotations

from numba import njit

from watchkeeper.detect import layout as at

FADE_STEPS = 80.0
MARGIN = 1.0
TAME_FADE_STEPS, TAME_MARGIN = 24.0, 0.3
"""The tame channel is calibrated and forgets sooner."""
NEVER = -1e6


@njit(nogil=True, error_model="numpy")
def fade(slim, steps):  # type: ignore[no-untyped-def]
    """Time goes on."""
    slim[at.REFERENCE] = max(slim[at.REFERENCE] - steps / FADE_STEPS, NEVER)
    slim[at.TAME_REFERENCE] = max(slim[at.TAME_REFERENCE] - steps / TAME_FADE_STEPS, NEVER)


@njit(nogil=True, error_model="numpy")
def is_news(slim, row, evidence, margin):  # type: ignore[no-untyped-def]
    """Whether the evidence exceeds what was told; if so it is told now."""
    if not evidence > slim[row]:
        return False
    slim[row] = evidence + margin
    return True
