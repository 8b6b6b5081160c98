"""Privacy, segments and the right metric: what was planted is found and named, what is honest is left alone."""

from __future__ import annotations

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from benchmarks.assess_planted import judged

from tests.assess.planted import KINDS, planted
from tests.assess.tables import VISITS, visits
from watchkeeper.assess.frame import make_frame
from watchkeeper.assess.heuristics import run_trials
from watchkeeper.assess.metric_choice import metric_part
from watchkeeper.assess.metrics import row_loss
from watchkeeper.assess.opportunity import entities_of, opportunity_part
from watchkeeper.assess.personal import personal_columns
from watchkeeper.assess.privacy import group_sizes, privacy_part
from watchkeeper.assess.record import Assessment, Costs
from watchkeeper.assess.report import Part
from watchkeeper.assess.segments import segments_part


def told(key: str, record: Assessment, table: pa.Table) -> Part:
    frame = make_frame(record, table)
    trials = run_trials(frame, record.metric or "cost", record.costs)
    match key:
        case "privacy":
            return privacy_part(record, table, frame, trials)
        case "segments":
            return segments_part(record, frame, frame, trials)
        case "metric":
            return metric_part(record, frame, trials)
        case _:
            return opportunity_part(record, frame, frame, trials)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_planted_is_named_and_nothing_else(kind: str) -> None:
    assert judged(planted(kind, 1000)) == (True, False)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["ada@example.org", "b.c@example.com", "d@example.net"], "e-mail address"),
        (["DE89370400440532013000", "GB82WEST12345698765432", "FR1420041010050500013M02606"], "IBAN"),
        (["4111 1111 1111 1111", "5500005555555559", "340000000000009"], "payment card"),
        (["86095742719", "47036892816", "65929970489"], "tax number (DE)"),
        (["078-05-1120", "219-09-9999", "123-45-6789"], "social security number (US)"),
        (["192.168.0.1", "10.0.0.7", "2001:db8::1"], "IP address"),
        (["+49 30 901820", "+1 212 555 0199", "0044 20 7946 0018"], "telephone number"),
        (["52.5200, 13.4050", "48.8566, 2.3522", "51.5072, -0.1276"], "place on Earth"),
        (
            [f"she said that number {one} is not right at all" for one in range(30)],
            "free text, which may hold anything",
        ),
    ],
)
def test_personal_data_is_recognised_by_its_values(values: list[str], kind: str) -> None:
    assert [one.kind for one in personal_columns(pa.table({"x": values}))] == [kind]


@pytest.mark.parametrize(
    "values",
    [["4111 1111 1111 1112", "5500005555555558", "340000000000001"], ["DE89370400440532013001"] * 3, ["red"] * 9],
)
def test_values_with_a_wrong_checksum_are_no_personal_data(values: list[str]) -> None:
    assert personal_columns(pa.table({"x": values})) == []


def test_names_of_columns_tell_too_and_special_categories_are_marked() -> None:
    table = pa.table({"firstName": ["x"], "diagnosis": ["y"], "amount": [1.0]})
    found = {one.column: (one.kind, one.is_special) for one in personal_columns(table)}
    assert found == {"firstName": ("name", False), "diagnosis": ("health", True)}


def test_the_smallest_group_of_quasi_identifiers_is_counted() -> None:
    table = pa.table({"zip": ["1", "1", "2", "2", "2"], "age": [30, 30, 30, 30, 41]})
    assert list(group_sizes(table, ("zip", "age"))) == [2, 2, 2, 2, 1]


def test_a_special_category_without_a_lawful_basis_stops() -> None:
    table = visits(300).append_column("diagnosis", [["a", "b"] * 150])
    found = told("privacy", VISITS, table)
    assert found.verdict == "stop"
    assert "diagnosis looks like health" in found.headline
    answered = msgspec.structs.replace(VISITS, lawful_basis="consent", purpose="x", retention="1 year", owner="a")
    assert told("privacy", answered, table).verdict != "stop"


def test_groups_that_are_treated_differently_are_told() -> None:
    rng = np.random.default_rng(0)
    table = visits(1200)
    amount = table["amount"].to_numpy()
    gender = np.where(rng.random(1200) < np.where(amount > 0.3, 0.9, 0.1), "w", "m")
    table = table.append_column("gender", [gender])
    found = told("privacy", msgspec.structs.replace(VISITS, protected=("gender",)), table)
    assert any("less than four fifths" in line for line in found.reasons)
    assert found.facts["inferred"] == ["gender"]


def test_what_withholding_a_column_changes_is_told_with_its_interval() -> None:
    rng = np.random.default_rng(0)
    table = visits(1500)
    amount = table["amount"].to_numpy()
    table = table.append_column("gender", [np.where(rng.random(1500) < np.where(amount > 0.3, 0.9, 0.1), "w", "m")])
    found = told("privacy", msgspec.structs.replace(VISITS, protected=("gender",)), table)
    lines = {row[0]: row[1:] for row in next(one for one in found.tables if "withheld" in one.title).rows}
    assert set(lines) == {"gender and what carries it", "gender", "at", "amount", "age", "shop"}
    assert lines["amount"][0] == "carries gender"
    assert lines["amount"][-1] == "surely worse without"
    assert float(lines["amount"][1]) < -0.05
    assert lines["age"][-1] == "no sure difference"
    assert any(line.startswith("Without gender, amount roc_auc goes from") for line in found.reasons)
    assert any("Withholding" in line and "age" in line and "withhold them" in line for line in found.reasons)


def test_a_segment_where_the_model_is_lost_is_named() -> None:
    rng = np.random.default_rng(3)
    table = visits(3000, seed=4)
    south = np.array(table["shop"].to_pylist()) == "south"
    bought = np.where(south, rng.integers(0, 2, 3000), (table["amount"].to_numpy() > 0).astype(int))
    table = table.set_column(table.column_names.index("bought"), "bought", [bought])
    assert told("segments", VISITS, table).facts["worse"][0] == "shop is south"


def test_a_column_known_only_after_stops_the_report() -> None:
    table = visits(600)
    paid = table["bought"].to_numpy() * 9.0 + np.arange(600) % 3
    found = told("segments", VISITS, table.append_column("paid", [paid]))
    assert found.verdict == "stop"
    assert found.facts["leaks"] == ["paid"]


def test_costs_lead_to_the_threshold_and_the_cost_of_a_row() -> None:
    costs = Costs(false_positive=1, false_negative=9, currency="EUR")
    found = told("metric", msgspec.structs.replace(VISITS, metric=None, costs=costs), visits(800))
    assert found.facts["threshold"] == pytest.approx(0.1)
    assert any("a false no at 9 EUR" in line for line in found.reasons)
    assert found.headline == "At these costs the model does not beat always saying yes."


def test_opportunity_counts_who_has_too_little_history() -> None:
    record = msgspec.structs.replace(VISITS, enough_history=10_000, per_month=5000)
    found = told("opportunity", record, visits(800))
    assert found.facts["tail"] == 1.0
    assert found.facts["rows_per_month"] == 5000


def test_who_never_has_enough_is_told_by_the_pace_of_each() -> None:
    """`a` came once a year ago, `b` twice in the last month: only `a` stays below five rows."""
    day = 86_400
    at = [0, 340 * day, 350 * day, *(day * one for one in range(100, 340))]
    table = pa.table(
        {
            "at": pa.array(sorted(at), pa.timestamp("s")),
            "user": ["a"] + ["c"] * 240 + ["b", "b"],
            "bought": [one % 2 for one in range(243)],
        }
    )
    record = Assessment(data="x", row="r", target="bought", time="at", entity="user", metric="roc_auc")
    who = entities_of(record, make_frame(record, table))
    assert who is not None
    assert (who.too_few, who.never) == (pytest.approx(2 / 3), pytest.approx(1 / 3))
    assert who.covered(0.3) == pytest.approx(240 / 243)


def test_gain_scales_with_adoption_and_with_who_comes_first() -> None:
    record = msgspec.structs.replace(VISITS, per_month=1000, people=0.4)
    found = told("opportunity", record, visits(800))
    lines = {row[0]: row for row in found.tables[0].rows}
    assert list(lines) == ["10 %", "25 %", "40 % (expected)", "50 %", "100 %"]
    assert lines["40 % (expected)"][1] == "400"
    assert found.tables[0].columns[-1] == "gain, the busiest first"
    assert any("if they are the busiest" in line for line in found.reasons)


def test_a_record_that_speaks_of_persons_is_taken_at_its_word() -> None:
    found = told(
        "privacy", msgspec.structs.replace(VISITS, entity=None, row="one patient"), visits(300).drop(["age", "user"])
    )
    assert found.verdict == "care"
    assert any("so all of it is theirs" in line for line in found.reasons)
    assert "open" in found.headline


def test_what_is_gained_is_told_as_the_metric_has_it_used() -> None:
    """A model that orders better gains rows, though neither it nor the baseline is ever surer than a half."""
    target = np.r_[np.ones(10), np.zeros(90)]
    good, bad = np.r_[np.full(10, 0.3), np.full(90, 0.1)], np.full(100, 0.1)
    rank = [row_loss("binary", "roc_auc", target, said, Costs()).sum() for said in (good, bad)]
    assert rank == pytest.approx([0.0, 18.0])
    assert row_loss("binary", "accuracy", target, good, Costs()).sum() == 10
    costs = Costs(false_positive=1, false_negative=9, currency="EUR")
    assert row_loss("binary", "cost", target, bad - 0.05, costs).sum() == 90
