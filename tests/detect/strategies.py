"""Shared Hypothesis strategies: untidy series as the kernel meets them."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from watchkeeper.detect import Points, SeriesSettings, ValueKind

STEPS = st.sampled_from([60, 300, 1800, 3600, 86400])


@st.composite
def histories(draw: st.DrawFn, max_points: int = 400) -> tuple[Points, SeriesSettings]:
    """One to three series of one step with seasons, noise, spikes, shifts, gaps, repeats, NaN, infinities and marks."""
    step = draw(STEPS)
    kind = draw(st.sampled_from(list(ValueKind)))
    columns = []
    starts = [0]
    for _ in range(draw(st.integers(1, 3))):
        size = draw(st.integers(0, max_points))
        rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        columns.append(untidy(rng, size, step))
        starts.append(starts[-1] + size)
    time, value, mark = (np.concatenate([c[k] for c in columns]) for k in range(3))
    offset = draw(st.sampled_from([None, 3600, -5 * 3600]))
    points = Points(
        np.array(starts), time, value, local=None if offset is None else time + offset, mark=mark.astype(np.uint8)
    )
    return points, SeriesSettings.uniform(len(starts) - 1, step=step, kind=kind)


def untidy(rng: np.random.Generator, size: int, step: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(time, value, mark) of one untidy series."""
    jumps = rng.choice([0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 5, 40], size)
    time = 1_700_000_000 + np.cumsum(jumps) * step + rng.integers(0, 2, size) * (step // 3)
    time = np.maximum.accumulate(time) if size else time.astype(np.int64)
    level = rng.choice([0.0, 0.3, 20.0, 1e6])
    value = level * (1 + 0.3 * np.sin(2 * np.pi * time / 86400)) + rng.normal(size=size) * level * 0.05
    if rng.random() < 0.2:
        value = np.full(size, level)
    if size:
        value[rng.random(size) < 0.02] *= 30
        value[rng.integers(size) :] += rng.choice([0.0, 0.0, level])
        for hole in (np.nan, np.inf, -np.inf):
            value[rng.random(size) < 0.02] = hole
    mark = rng.choice([0] * 30 + [1, 2, 4, 8], size)
    return time.astype(np.int64), value, mark


def hourly(value: np.ndarray, start: int = 1_699_920_000) -> Points:
    """One series of these values, an hour apart, from a Tuesday's midnight UTC."""
    value = np.asarray(value, float)
    return Points(np.array([0, len(value)]), start + 3600 * np.arange(len(value)), value)


def noisy_days(
    rng: np.random.Generator, size: int, level: float = 100.0, swing: float = 30.0, noise: float = 3.0
) -> np.ndarray:
    """An hourly gauge with a daily wave and Gaussian noise."""
    return level + swing * np.sin(2 * np.pi * np.arange(size) / 24) + rng.normal(size=size) * noise
