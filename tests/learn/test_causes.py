"""Which dimension values explain a change."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.causes import case, share_found
from hypothesis import given, settings
from hypothesis import strategies as st

from watchkeeper.learn import find_causes

DIMENSIONS = ("country", "device")
VALUES = [(country, device) for country in ("DE", "FR", "US") for device in ("app", "web")]
USUAL = np.array([100.0, 200.0, 300.0, 400.0, 500.0, 600.0])


def where(actual: np.ndarray) -> list[tuple[tuple[str, str], ...]]:
    return [one.where for one in find_causes(DIMENSIONS, VALUES, actual, USUAL)]


@pytest.mark.parametrize("how", ["value", "pair", "two"])
def test_at_least_nine_of_ten_planted_causes_are_named_exactly(how: str):
    assert share_found(how, 60, seed=1) >= 0.9


def test_one_country_that_fell_is_all_of_the_drop():
    (found,) = find_causes(DIMENSIONS, VALUES, USUAL * [0.4, 0.4, 1, 1, 1, 1], USUAL)
    assert found.where == (("country", "DE"),)
    assert found.share == pytest.approx(1.0)
    assert found.factor == pytest.approx(0.4)


def test_a_pair_is_named_where_its_parents_are_fine():
    assert where(USUAL * [1, 1, 1, 0.3, 1, 1]) == [(("country", "FR"), ("device", "web"))]


def test_what_fell_everywhere_alike_has_no_place():
    assert where(USUAL * 0.5) == [()]


def test_nothing_stands_out_where_nothing_changed():
    assert where(USUAL) == []


def test_a_series_without_numbers_is_left_out():
    actual = USUAL * [0.4, 0.4, 1, 1, 1, np.nan]
    assert where(actual) == [(("country", "DE"),)]
    assert find_causes(DIMENSIONS, VALUES[:2], actual[:2], USUAL[:2]) == ()


@settings(deadline=None)  # A busy machine is no failure.
@given(st.integers(0, 2**32 - 1), st.sampled_from(["value", "pair", "two"]))
def test_shares_are_shares_and_the_order_of_series_does_not_matter(seed: int, how: str):
    rng = np.random.default_rng(seed)
    dimensions, values, actual, expected, _ = case(rng, how)
    found = find_causes(dimensions, values, actual, expected)
    assert all(0.05 <= one.share <= 1.0 for one in found)
    assert [one.share for one in found] == sorted((one.share for one in found), reverse=True)
    order = rng.permutation(len(values))
    again = find_causes(dimensions, [values[k] for k in order], actual[order], expected[order])
    assert [one.where for one in again] == [one.where for one in found]
