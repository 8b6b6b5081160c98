"""One incident, one emission: evidence is news only where it exceeds what was told, which fades.

A detector of a benchmark, and a person, is told of an incident once. An emission raises the reference above itself;
the reference falls by one (a factor ten of probability) in 80 steps.
"""

from __future__ import annotations

from watchkeeper.detect import layout as at
from watchkeeper.detect.lanes import abreast

FADE_STEPS = 80.0
MARGIN = 1.0
TAME_FADE_STEPS, TAME_MARGIN = 24.0, 0.3
"""The tame channel is calibrated and forgets sooner."""
NEVER = -1e6


@abreast
def fade(slim, desk, lanes):
    """Time goes on."""
    for j in range(lanes):
        steps = desk[at.PASSED + j]
        slim[at.REFERENCE + j] = max(slim[at.REFERENCE + j] - steps / FADE_STEPS, NEVER)
        slim[at.TAME_REFERENCE + j] = max(slim[at.TAME_REFERENCE + j] - steps / TAME_FADE_STEPS, NEVER)


@abreast
def told(reference, evidence, margin):
    """The reference after evidence that is told if it exceeds what was told before."""
    return evidence + margin if evidence > reference else reference
