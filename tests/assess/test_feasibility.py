"""Heuristic first, and feasibility: a rule is shipped where it does as well, a level is reached or out of reach."""

from __future__ import annotations

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from tests.assess.tables import VISITS, visits
from watchkeeper.assess.feasibility import ceiling
from watchkeeper.assess.frame import make_frame
from watchkeeper.assess.heuristics import run_trials
from watchkeeper.assess.metrics import error
from watchkeeper.assess.prior import expected_level, rows_for
from watchkeeper.assess.record import Costs, Expect, parse_assessment
from watchkeeper.assess.report import Part, Report
from watchkeeper.assess.run import assess


def part(report: Report, key: str) -> Part:
    found = report.part(key)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def ruled() -> Report:
    return assess(msgspec.structs.replace(VISITS, level=0.7), visits(truth="rule"))


@pytest.fixture(scope="module")
def noise() -> Report:
    return assess(msgspec.structs.replace(VISITS, level=0.8), visits(900, truth="noise"))


def test_where_one_cut_is_all_there_is_the_rule_is_shipped(ruled: Report) -> None:
    told = part(ruled, "heuristics")
    assert told.facts["ship"] == "rule"
    assert "by whether amount is at most 0." in told.headline


def test_where_two_columns_act_together_a_model_earns_its_keep() -> None:
    trials = run_trials(make_frame(VISITS, visits(truth="both")), "roc_auc", Costs())
    assert trials.to_ship.name == "boosting"
    error = {one.name: one.error for one in trials.trials}
    assert error["boosting"] < error["linear"] - 0.2


def test_where_nothing_tells_the_target_it_says_so(noise: Report) -> None:
    assert part(noise, "heuristics").headline == "Nothing beats a constant: these columns do not tell the target."


def test_a_level_that_is_easy_is_good_and_one_out_of_reach_stops(ruled: Report, noise: Report) -> None:
    easy, never = part(ruled, "feasibility"), part(noise, "feasibility")
    assert easy.verdict == "good"
    assert easy.facts["chance"]["1"] > 0.8
    assert never.verdict == "stop"
    assert never.facts["chance"]["10"] < 0.2


def test_repeated_inputs_give_the_ceiling() -> None:
    rng = np.random.default_rng(1)
    shop = rng.integers(0, 4, 2000)
    table = pa.table({"bought": (rng.random(2000) < 0.5).astype(int), "shop": [f"s{one}" for one in shop]})
    record = parse_assessment("data: x.csv\nrow: visit\ntarget: bought\nmetric: accuracy\n", "x")
    found = ceiling(make_frame(record, table))
    assert found is not None
    assert found.rows == 2000
    assert found.differ == pytest.approx(0.5, abs=0.02)


def test_what_an_entity_did_before_is_its_past_alone() -> None:
    table = pa.table(
        {
            "at": pa.array([30, 10, 20, 20, 40], pa.timestamp("s")),
            "user": ["a", "a", "a", "b", "a"],
            "y": [1.5, 2.5, 4.0, 9.0, 7.0],
        }
    )
    record = parse_assessment("data: x\nrow: r\ntarget: y\ntime: at\nentity: user\nabove: 3\n", "x")
    frame = make_frame(record, table)
    assert frame.time is not None
    assert list(frame.time) == [10, 20, 20, 30, 40]
    assert [None if np.isnan(one) else one for one in frame.recent] == [None, 0.0, None, 1.0, 0.0]
    assert list(frame.count) == [0, 1, 0, 2, 3]


@pytest.mark.parametrize("metric", ["roc_auc", "average_precision", "brier", "log_loss"])
def test_metrics_agree_with_scikit_learn(metric: str) -> None:
    from sklearn import metrics as theirs

    rng = np.random.default_rng(0)
    y, p, w = (rng.random(300) < 0.3).astype(float), np.round(rng.random(300), 2).clip(0.01, 0.99), rng.random(300)
    name = {"roc_auc": "roc_auc_score", "average_precision": "average_precision_score", "brier": "brier_score_loss"}
    expected = getattr(theirs, name.get(metric, metric))(y, p, sample_weight=w)
    value = error(metric, y, p, Costs(), w)
    assert (value if metric in ("brier", "log_loss") else 1 - value) == pytest.approx(expected)


def test_before_there_is_data_the_expected_level_is_what_a_linear_model_reaches() -> None:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.metrics import roc_auc_score

    expect = Expect(rows=120, columns=15, base_rate=0.3, effects=(0.8, 0.5))
    effects = np.r_[expect.effects, np.zeros(13)]
    rng, found = np.random.default_rng(0), []
    for _ in range(40):
        y = np.r_[np.ones(36), np.zeros(84)]
        fitted = LinearDiscriminantAnalysis().fit(rng.normal(size=(120, 15)) + y[:, None] * effects, y)
        new = (rng.random(4000) < 0.3).astype(float)
        told = fitted.decision_function(rng.normal(size=(4000, 15)) + new[:, None] * effects)
        found.append(roc_auc_score(new, told))
    assert expected_level(expect, 120) == pytest.approx(np.mean(found), abs=0.02)
    assert rows_for(expect, 0.9) is None


def test_a_report_before_there_is_data_says_what_the_columns_can_reach() -> None:
    expect = "{rows: 400, columns: 10, base_rate: 0.1, effects: [0.6, 0.6]}"
    text = f"row: a user\ntarget: churn\nlevel: 0.7\nexpect: {expect}\n"
    report = assess(parse_assessment(text, "x"), None)
    assert "roc_auc 0.7 has a chance of" in report.summary
    assert [one.key for one in report.parts] == ["feasibility"]
