"""The comparison with peers, as far as it needs none of them installed."""

import itertools
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from benchmarks.peers import median_mad, report, sample, z_score
from benchmarks.peers.common import (
    BEYOND,
    DAY,
    FIRST_FIT,
    WEEK,
    by_refits,
    even_grid,
    in_scales,
    misfits,
    rarest,
    refits,
)
from benchmarks.peers.roll import PEERS, Peer

ROOT = Path(__file__).resolve().parents[2]
HOUR = 3600
BEGIN = 1_704_067_200


def points(size=24 * 21):
    hour = np.arange(size)
    values = 100 + 20 * np.sin(2 * np.pi * hour / 24) + np.random.default_rng(0).normal(0, 3, size)
    return BEGIN + HOUR * hour, values


@pytest.mark.parametrize("score", [z_score.score, median_mad.score])
def test_what_comes_later_changes_no_score(score):
    times, values = points()
    values[100] = np.nan
    whole, part = score(times, values, HOUR), score(times[:-50], values[:-50], HOUR)
    np.testing.assert_allclose(whole[:-50], part)
    assert np.isnan(whole[100])


def test_the_z_score_is_that_of_the_fourteen_days_before_the_point():
    times, values = points()
    past = values[-1 - 14 * 24 : -1]
    assert z_score.score(times, values, HOUR)[-1] == pytest.approx(abs(values[-1] - past.mean()) / past.std())


def test_the_modified_z_score_is_that_of_the_day_before_the_point():
    times, values = points()
    past = values[-25:-1]
    mad = np.median(np.abs(past - np.median(past)))
    expected = 0.6745 * abs(values[-1] - np.median(past)) / mad
    assert median_mad.score(times, values, HOUR)[-1] == pytest.approx(expected)


@pytest.mark.parametrize("score", [z_score.score, median_mad.score])
def test_a_change_after_a_flat_past_is_beyond_every_bar_and_no_change_is_none(score):
    times, _ = points(100)
    values = np.full(100, 7.0)
    values[-1] = 8.0
    scores = score(times, values, HOUR)
    assert scores[-1] == BEYOND
    assert scores[-2] == 0.0


@pytest.mark.parametrize("is_daily", [True, False])
def test_refits_cover_each_point_after_the_first_two_days_once_and_look_back_only(is_daily):
    times, _ = points()
    spans = list(refits(times, is_daily=is_daily))
    assert spans[0][0] == FIRST_FIT // HOUR
    assert spans[-1][1] == len(times)
    assert all(before[1] == after[0] for before, after in itertools.pairwise(spans))
    late = [b - a for a, b in spans if times[a] - BEGIN >= WEEK]
    assert max(late) == (DAY if is_daily else WEEK) // HOUR


def test_a_fit_that_fails_leaves_its_points_without_a_score_and_is_counted():
    times, _ = points()
    misfits.clear()

    def judge(a, b):
        if a == 72:
            raise RuntimeError("did not converge")
        return np.ones(b - a)

    scores = by_refits(times, judge, is_daily=True)
    assert np.isnan(scores[72:96]).all()
    assert (scores[96:] == 1).all()
    assert misfits == ["RuntimeError: did not converge"]
    misfits.clear()


def test_the_grid_carries_the_last_value_over_gaps_and_missing_values():
    times = BEGIN + np.array([0, 60, 60, 240, 300])
    slot, grid = even_grid(times, np.array([1.0, 2.0, 3.0, np.nan, 5.0]), 60)
    assert slot.tolist() == [0, 1, 1, 4, 5]
    assert grid.tolist() == [1.0, 3.0, 3.0, 3.0, 3.0, 5.0]


def test_a_deviation_without_scale_is_beyond_and_a_missing_one_stays_missing():
    deviation = np.array([-2.0, 0.0, 1.0, np.nan])
    np.testing.assert_array_equal(in_scales(deviation, np.array([1.0, 0.0, 0.0, 0.0])), [2.0, 0.0, BEYOND, np.nan])


def test_the_rarest_are_ranked_among_the_past_only():
    scores = np.r_[np.nan, np.arange(1000.0)[::-1], 500.5, 2000.0]
    assert np.flatnonzero(rarest(scores)).tolist() == [1002]


def test_a_peer_that_is_not_installed_is_listed_with_the_mend():
    peer = Peer("Nobody", "nobody", "nobody:score", ("no_such_package",), 1.0, "rule", "daily")
    assert peer.missing() == ("no_such_package",)
    absent = {"name": "Nobody", "slug": "nobody", "rule": "rule", "refit": "daily", "problem": "not installed: mend it"}
    found = {"python": "3.11", "seconds_per_peer": 60, "points": 0, "series": {"cloud": 30, "nab": 20}}
    assert "not installed: mend it" in report.section({**found, "peers": [absent]})


def test_every_peer_has_a_name_and_an_adapter_of_its_own():
    for of in (lambda peer: peer.name, lambda peer: peer.slug, lambda peer: peer.adapter):
        assert len({of(peer) for peer in PEERS}) == len(PEERS)
    assert [peer.slug for peer in PEERS if peer.is_ours] == ["ours"]


def test_a_worker_scores_series_by_series_and_says_so(tmp_path):
    series = []
    for place in range(2):
        times, values = points()
        series.append(sample.Labelled("cloud", f"s{place}", times, values, np.zeros(len(times), bool), HOUR))
    sample.save(series, tmp_path / "points.npz")
    command = [sys.executable, "-m", "benchmarks.peers.worker", "z-score", tmp_path / "points.npz", tmp_path, "10"]
    out = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    told = [json.loads(line) for line in re.findall(r"^@(.*)$", out, flags=re.MULTILINE)]
    assert told[0]["is_causal"]
    assert [line["series"] for line in told[1:-1]] == [0, 1]
    assert told[-1] == {"stopped": False, "misfits": []}
    np.testing.assert_allclose(np.load(tmp_path / "1.npy"), z_score.score(times, values, HOUR))
