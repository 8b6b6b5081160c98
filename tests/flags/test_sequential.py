"""Intervals hold at every look: who looks each hour is wrong no more often than who looks once."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchkeeper.domain.errors import InputError
from watchkeeper.flags.sequential import PRIOR, TUNED, of_means, of_shares

ALPHA = 0.05
STEPS = np.array([0.01, 0.05, 0.2, 0.5])


def a_rollout(rng: np.random.Generator, rate: float, effect: float, *, traffic: int = 400, hours: int = 600):
    """Users come by the hour, more and more of them to the variant; what they do goes up and down with the day."""
    share = np.repeat(STEPS, hours // len(STEPS))
    usual = rate * (1 + 0.4 * np.sin(np.arange(len(share)) * 2 * np.pi / 24))
    n = rng.poisson(traffic, len(share))
    n1 = rng.binomial(n, share)
    return rng.binomial(n1, usual + effect), n1, rng.binomial(n - n1, usual), n - n1


@pytest.mark.parametrize("rate", [0.005, 0.05, 0.4])
def test_a_variant_that_changes_nothing_is_hardly_ever_called_worse_or_better(rate: float):
    rng, runs = np.random.default_rng(7), 300
    found = [of_shares(*a_rollout(rng, rate, 0.0), alpha=ALPHA, least=100) for _ in range(runs)]
    assert sum((one.upper < 0).any() for one in found) / runs <= ALPHA
    assert sum((one.lower > 0).any() for one in found) / runs <= ALPHA


def test_an_interval_of_95_percent_looked_at_each_hour_is_wrong_far_more_often():
    """What the first test would find if the intervals were the usual ones: the test can fail."""
    rng, runs, wrong = np.random.default_rng(7), 100, 0
    for _ in range(runs):
        x1, n1, x0, n0 = (np.cumsum(one) for one in a_rollout(rng, 0.05, 0.0))
        p1, p0 = x1 / np.maximum(n1, 1), x0 / n0
        half = 1.96 * np.sqrt(p1 * (1 - p1) / np.maximum(n1, 1) + p0 * (1 - p0) / n0)
        wrong += bool((np.abs(p1 - p0) > half)[n1 > 100].any())
    assert wrong / runs > 3 * ALPHA


@pytest.mark.parametrize("effect", [-0.02, 0.02])
def test_the_true_difference_stays_within(effect: float):
    rng, runs = np.random.default_rng(8), 200
    outside = 0
    for _ in range(runs):
        one = of_shares(*a_rollout(rng, 0.1, effect), alpha=ALPHA, least=100)
        outside += bool(((one.lower > effect) | (one.upper < effect)).any())
    assert outside / runs <= ALPHA


def test_a_clear_harm_is_seen_every_time():
    rng = np.random.default_rng(9)
    for _ in range(30):
        assert (of_shares(*a_rollout(rng, 0.1, -0.03), alpha=ALPHA, least=100).upper < 0).any()


def test_means_hold_at_every_look_too():
    rng, runs = np.random.default_rng(10), 500
    wrong = worse = 0
    for _ in range(runs):
        own, other = rng.normal(0, 1, 300), rng.normal(0, 2, 300)
        wrong += bool((of_means(1e6 + own, 1e6 + other, alpha=ALPHA).upper < 0).any())
        worse += bool((of_means(1e6 + own - 1, 1e6 + other, alpha=ALPHA).upper < 0).any())
    assert wrong / runs <= ALPHA
    assert worse == runs


def naive_shares(x1: list[float], n1: list[float], x0: list[float], n0: list[float]) -> tuple[float, float]:
    """The formula of the docstring, a period at a time."""
    total = moved = own = other = 0.0
    for a, n, b, m in zip(x1, n1, x0, n0, strict=True):
        if n and m:
            w = n * m / (n + m)
            total, moved, own, other = total + w, moved + w * (a / n - b / m), own + w * w / n, other + w * w / m
    kept = [row for row in zip(x1, n1, x0, n0, strict=True) if row[1] and row[3]]
    sums = [sum(column) for column in zip(*kept, strict=True)]
    pairs = ((sums[0], sums[1]), (sums[2], sums[3]), (sums[0] + sums[2], sums[1] + sums[3]))
    p1, p0, p = ((x + 0.5) / (n + 1) for x, n in pairs)
    v = max(p1 * (1 - p1), p * (1 - p)) * own + max(p0 * (1 - p0), p * (1 - p)) * other
    rho = TUNED * v / total
    return moved / total, math.sqrt((v + rho) * math.log((v + rho) / (rho * ALPHA**2))) / total


def naive_means(own: list[float], other: list[float]) -> tuple[float, float]:
    found = [a - b for a, b in zip(own, other, strict=True) if not math.isnan(a - b)]
    n, mean = len(found), sum(found) / len(found)
    k = 1 + n * PRIOR
    q = (k / ALPHA**2) ** (1 / n)
    spread = sum((one - mean) ** 2 for one in found) / n
    return mean, math.inf if q >= k else math.sqrt(spread * (q - 1) / (1 - q / k))


counts = st.tuples(st.integers(0, 50), st.integers(0, 50)).map(lambda pair: (min(pair), max(pair)))


@given(st.lists(st.tuples(counts, counts), min_size=1, max_size=30))
@settings(max_examples=100)
def test_it_is_the_formula_and_a_part_of_the_past_gives_a_part_of_the_answer(rows):
    x1, n1, x0, n0 = ([float(row[side][place]) for row in rows] for side in (0, 1) for place in (0, 1))
    found = of_shares(np.array(x1), np.array(n1), np.array(x0), np.array(n0), alpha=ALPHA)
    for place in range(len(rows)):
        end = place + 1
        if any(n and m for n, m in zip(n1[:end], n0[:end], strict=True)):
            estimate, half = naive_shares(x1[:end], n1[:end], x0[:end], n0[:end])
            assert found.estimate[place] == pytest.approx(estimate, abs=1e-12)
            assert found.upper[place] - found.lower[place] == pytest.approx(2 * half)
        else:
            assert math.isnan(found.estimate[place])


@given(st.lists(st.tuples(*[st.floats(-1e3, 1e3) | st.just(math.nan)] * 2), min_size=1, max_size=40))
@settings(max_examples=100)
def test_so_are_means(rows):
    own, other = [row[0] for row in rows], [row[1] for row in rows]
    found = of_means(np.array(own), np.array(other), alpha=ALPHA)
    for place in range(len(rows)):
        if all(math.isnan(a - b) for a, b in rows[: place + 1]):
            assert math.isnan(found.estimate[place])
        else:
            estimate, half = naive_means(own[: place + 1], other[: place + 1])
            assert found.estimate[place] == pytest.approx(estimate, abs=1e-9)
            assert found.upper[place] - found.estimate[place] == pytest.approx(half, rel=1e-5, abs=1e-5)


def test_more_successes_than_trials_are_refused():
    with pytest.raises(InputError, match="as a mean instead"):
        of_shares(np.array([3.0]), np.array([2.0]), np.array([0.0]), np.array([2.0]), alpha=ALPHA)


def test_where_only_one_variant_was_there_nothing_is_known():
    columns = ([math.nan, 1.0], [0.0, 5.0], [4.0, 1.0], [9.0, 5.0])
    found = of_shares(*(np.array(one) for one in columns), alpha=ALPHA)
    assert math.isnan(found.lower[0])
    assert found.estimate[1] == 0.0
