"""Learning curves are foreseen: laws that are known, curves that were measured, and curves that cannot be trusted."""

from __future__ import annotations

import numpy as np
import pytest

from watchkeeper.assess.curves import Curve, extrapolate, ill_behaved, rows_needed

SIZES = np.geomspace(20, 2000, 9)


def power_law(asymptote: float, amplitude: float, exponent: float, noise: float = 0.002) -> Curve:
    return Curve(SIZES, asymptote + amplitude * SIZES**-exponent, np.full(len(SIZES), noise))


@pytest.mark.parametrize(("asymptote", "amplitude", "exponent"), [(0.1, 1.0, 0.5), (0.0, 0.8, 0.3), (0.25, 3.0, 1.0)])
def test_a_power_law_is_continued(asymptote: float, amplitude: float, exponent: float) -> None:
    told = extrapolate(power_law(asymptote, amplitude, exponent), [20_000.0])
    truth = asymptote + amplitude * 20_000.0**-exponent
    assert told.expected[0] == pytest.approx(truth, abs=0.01)
    assert told.lower[0] <= truth <= told.upper[0]


def test_bands_grow_with_the_distance_and_with_noise() -> None:
    told = extrapolate(power_law(0.1, 1.0, 0.5), [2000.0, 20_000.0, 200_000.0])
    assert (np.diff(told.scale) > 0).all()
    assert extrapolate(power_law(0.1, 1.0, 0.5, 0.02), [20_000.0]).scale[0] > told.scale[1]


def test_the_chance_of_a_level_grows_with_rows_and_falls_with_its_height() -> None:
    told = extrapolate(power_law(0.1, 1.0, 0.5), [2000.0, 20_000.0, 2e6])
    assert (np.diff(told.chance(0.105)) > 0).all()
    assert told.chance(0.09)[1] < told.chance(0.11)[1] < told.chance(0.13)[1]


def test_rows_needed_are_those_of_the_law_and_none_below_the_asymptote() -> None:
    curve = power_law(0.1, 1.0, 0.5, 0.0005)
    assert rows_needed(curve, 0.11) == pytest.approx(10_000, rel=0.35)
    assert rows_needed(curve, 0.05) is None


def test_curves_that_rise_or_fall_late_are_ill_behaved() -> None:
    small = np.full(len(SIZES), 0.002)
    assert ill_behaved(power_law(0.1, 1.0, 0.5)) is None
    bump = Curve(SIZES, np.r_[0.4, 0.3, 0.2, 0.2, 0.25, 0.3, 0.33, 0.35, 0.36], small)
    assert "rises again" in str(ill_behaved(bump))
    cliff = Curve(SIZES, np.r_[0.4, 0.4, 0.4, 0.4, 0.4, 0.39, 0.3, 0.2, 0.1], small)
    assert "faster late than early" in str(ill_behaved(cliff))
    assert "only 2 sizes" in str(ill_behaved(Curve(SIZES[:2], np.r_[0.4, 0.3], small[:2])))
