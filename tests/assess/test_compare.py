"""Build or rent: the same labelled history through ours, a rule and a rented service that is asked over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from benchmarks.rented_server import INSTANCES, KEY, SERIES, RentedServer, running
from click.testing import CliRunner, Result

from tests.assess.tables import visits
from watchkeeper.assess.compare_points import event_counts, labelled_history
from watchkeeper.assess.record import Assessment, parse_assessment
from watchkeeper.assess.report import Part
from watchkeeper.cli import main
from watchkeeper.domain.errors import ConfigError, SourceError
from watchkeeper.domain.rent import Outgoing, Rent
from watchkeeper.sources.rented.client import ask

ROWS = """
data: in.parquet
row: one visit
target: bought
time: at
entity: user
metric: roc_auc
rent:
  - name: Tables AI
    shape: instances
    url: URL
    headers: {Authorization: "Bearer ${RENT_KEY}"}
    price: {amount: 2, per: 1000, of: calls, a_month: 90}
    feedback: false
    exit: {words: train elsewhere, days: 10}
"""
POINTS = """
data: points.parquet
row: one hour
target: was_anomaly
time: at
value: orders
rent:
  - name: Series AI
    shape: series
    url: URL
    headers: {Ocp-Apim-Subscription-Key: "${RENT_KEY}"}
    settings: {sensitivity: 90}
    rows_a_call: 1000
    live_rows_a_call: 500
    price: {amount: 1, per: 1000, of: rows}
"""
START = 1_750_003_200


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[RentedServer]:
    monkeypatch.setenv("RENT_KEY", KEY)
    with running() as found:
        yield found


def orders(n: int = 2400, *, falls: int = 10) -> pa.Table:
    """Hourly orders with a daily season, and drops that people labelled."""
    rng = np.random.default_rng(1)
    time = START + 3600 * np.arange(n)
    value = 100 + 40 * np.sin(2 * np.pi * time / 86_400) + rng.normal(size=n) * 4
    label = np.zeros(n, dtype=int)
    for first in rng.choice(np.arange(500, n - 8), falls, replace=False):
        value[first : first + 6] *= 0.3
        label[first : first + 6] = 1
    return pa.table({"at": pa.array(time, pa.timestamp("s", tz="UTC")), "orders": value, "was_anomaly": label})


def run(folder: Path, record: str, url: str, *options: str, verb: str = "compare") -> Result:
    (folder / "a.yaml").write_text(record.replace("URL", url))
    return CliRunner().invoke(main, [verb, str(folder / "a.yaml"), *options])


def part_of(result: Result) -> Part:
    assert result.exit_code == 0, result.output
    parts = json.loads(result.stdout)["parts"]
    return msgspec.convert(next(one for one in parts if one["key"] == "compare"), Part)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pq.write_table(visits(900), tmp_path / "in.parquet")
    pq.write_table(orders(), tmp_path / "points.parquet")
    return tmp_path


def test_rows_are_told_by_a_model_a_rule_and_the_service_side_by_side(folder: Path, server: RentedServer) -> None:
    found = part_of(run(folder, ROWS, server.url(INSTANCES), "--json"))
    assert [one["kind"] for one in found.facts["sides"]] == ["build", "rule", "rent"]
    table = {row[0]: row[1:] for row in found.tables[0].rows}
    assert table["cost a month"][2].startswith("90.")
    assert table["leaves the house a month"][:2] == ("nothing", "nothing")
    assert table["takes feedback"][2] == "no, as declared"
    assert table["leaving it"][2] == "10 days: train elsewhere"
    assert found.facts["sides"][2]["latency_ms"]["p95"] > 0
    assert found.plot is not None
    sent = [row for body in server.bodies for row in body["instances"]]
    assert len(sent) == found.facts["sent"][0]["rows"] == 270
    # The target, the entity and what looks personal stay in the house.
    assert set(sent[0]) == {"at", "amount", "shop"}
    assert "Withheld as protected or personal: age" in " ".join(found.reasons)


def test_points_are_judged_by_the_detector_a_rule_and_the_service(folder: Path, server: RentedServer) -> None:
    found = part_of(run(folder, POINTS, server.url(SERIES), "--json", "--at-most", "1800"))
    assert [len(body["series"]) for body in server.bodies] == [900, 900]
    assert server.bodies[0]["granularity"] == "hourly"
    assert server.bodies[0]["sensitivity"] == 90
    ours, rule, rented = found.facts["sides"]
    assert ours["name"] == "our detector"
    assert ours["f1"] > rule["f1"]
    assert rented["f1"] > 0.9
    # In operation each new point is a call that carries 500 points: 730.5 × 500 points at 1 a thousand.
    assert rented["cost_a_month"] == pytest.approx(730.5 * 500 / 1000)
    assert "knows what came later" in found.uncertainty


def test_a_dry_run_and_a_plain_report_send_nothing_and_say_what_would_be_sent(
    folder: Path, server: RentedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RENT_KEY")
    for verb, options in (("compare", ("--dry-run", "--at-most", "250")), ("assess", ())):
        found = part_of(run(folder, ROWS, server.url(INSTANCES), "--json", *options, verb=verb))
        assert found.verdict == "unknown"
        assert found.tables[-1].title == "What would be sent"
        assert "would be sent" in found.reasons[0]
        assert found.facts["sent"][0]["cells"] == (750 if verb == "compare" else 810)
    assert server.calls == 0


def test_a_report_that_may_send_holds_the_comparison(folder: Path, server: RentedServer) -> None:
    result = run(folder, ROWS, server.url(INSTANCES), "--send", "--out", str(folder / "a.html"), verb="assess")
    assert result.exit_code == 0, result.output
    assert "Tables AI against" in result.stdout
    html = (folder / "a.html").read_text()
    assert "Side by side" in html
    assert KEY not in html


def test_busy_answers_are_tried_again_and_counted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RENT_KEY", KEY)
    with running(busy=2) as server:
        found = part_of(run(folder, ROWS, server.url(INSTANCES), "--json"))
    assert "2 calls had to be made again" in " ".join(found.reasons)
    assert found.facts["failed"] == {}


def test_a_service_that_refuses_is_named_without_its_key(
    folder: Path, server: RentedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RENT_KEY", "wrong-secret")
    result = run(folder, ROWS, server.url(INSTANCES))
    assert result.exit_code == 0
    assert "Tables AI did not answer: call 1 of 3: answered 401" in result.stdout
    assert "mend the key in headers" in result.stdout
    assert "wrong-secret" not in result.output
    assert server.calls == 1


def test_a_secret_that_is_not_set_sends_nothing(
    folder: Path, server: RentedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RENT_KEY")
    result = run(folder, ROWS, server.url(INSTANCES))
    assert result.exit_code == 5
    assert "Tables AI" in result.stderr
    assert "${RENT_KEY}, which is not set" in result.stderr
    assert server.calls == 0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"Bearer ${RENT_KEY}"', "abc123", "rent Tables AI: Authorization: name the secret"),
        ("URL", "https://x.example/?api_key=abc123", "url: api_key: name the secret"),
        ("URL", "https://user:abc123@x.example/", "url: name the secret"),
        ("feedback: false", "settings: {api_token: abc123}", "settings: api_token: name the secret"),
        ("URL", "x.example", "url: give the address"),
        ("shape: instances", "shape: series", "shape: series does not fit the rows; name the column"),
        ("per: 1000", "per: 0", "price.per are at least 1"),
        ("feedback: false", "timeout: 2h", "timeout: 2h is not between 1s and 10m"),
        ("feedback: false", "retries: 99", "retries are 0 to 10"),
    ],
)
def test_a_record_that_cannot_be_is_refused_and_no_secret_repeated(old: str, new: str, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_assessment(ROWS.replace(old, new).replace("URL", "https://x.example/"), "a.yaml")
    assert words in str(refused.value)
    assert "abc123" not in str(refused.value)


def test_a_record_without_services_or_without_data_is_told_so(folder: Path) -> None:
    bare = ROWS[: ROWS.index("rent:")]
    assert "names no service" in run(folder, bare, "").stderr
    expect = "row: r\ntarget: t\nexpect: {rows: 9, columns: 1}\n"
    assert "before there is data" in run(folder, expect, "").stderr


def test_columns_that_are_not_there_or_are_the_target_are_refused(folder: Path) -> None:
    for column, words in (("age2", "there is no column age2"), ("bought", "bought is the target")):
        record = ROWS.replace("feedback: false", f"columns: [{column}]")
        assert words in part_of(run(folder, record, "https://x.example/", "--json", "--dry-run")).headline


def test_a_history_without_a_labelled_anomaly_cannot_be_compared(tmp_path: Path) -> None:
    table = orders(600, falls=0)
    label = [1] + [0] * 599
    table = table.set_column(2, "was_anomaly", [label])
    pq.write_table(table, tmp_path / "points.parquet")
    found = part_of(run(tmp_path, POINTS, "https://x.example/", "--json", "--dry-run"))
    assert found.headline.startswith("This cannot be compared: target: none of the 510 points")


RENT = Rent(name="S", shape="instances", url="https://x.example/p", retries=2)


def outgoing(rent: Rent = RENT, classes: tuple[str, ...] = ("0", "1")) -> Outgoing:
    return Outgoing(rent, {"x": [1.0, 2.0]}, np.array([0, 2]), np.array([0]), classes)


def answers(*said: Any) -> tuple[httpx.Client, list[float]]:
    """A client that gets these answers one after another: a status, a body, or an error to raise."""
    left = list(said)

    def answer(request: httpx.Request) -> httpx.Response:
        one = left.pop(0)
        if isinstance(one, Exception):
            raise one
        if isinstance(one, int):
            return httpx.Response(one, headers={"Retry-After": "7"}, text="busy")
        return httpx.Response(200, json=one)

    return httpx.Client(transport=httpx.MockTransport(answer)), []


YES = {"predictions": [{"classes": ["no", "yes"], "scores": [0.2, 0.8]}, {"value": 0.4}]}


def test_timeouts_and_lost_connections_are_tried_again_after_growing_waits() -> None:
    client, waits = answers(httpx.ReadTimeout("slow"), 503, YES)
    told = ask(outgoing(), client=client, sleep=waits.append)
    assert told.told.tolist() == [0.8, 0.4]
    assert waits == [0.5, 7.0]
    assert told.retries == 2
    assert len(told.latency_ms) == 1


def test_what_fails_for_good_is_told_in_words() -> None:
    client, waits = answers(*[httpx.ReadTimeout("slow")] * 3)
    assert "no answer within 30s; raise timeout" in ask(outgoing(), client=client, sleep=waits.append).error
    client, waits = answers(404)
    assert ask(outgoing(), client=client, sleep=waits.append).error == "call 1 of 1: answered 404: busy; mend url"
    assert waits == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({}, "no list predictions"),
        ({"predictions": [0.1]}, "predictions has 1 entries for 2 rows sent"),
        ({"predictions": [{"classes": ["a", "b"], "scores": [1, 0]}] * 2}, "say with positive which of them"),
        ({"predictions": [{"classes": ["a"]}] * 2}, "neither a value nor classes"),
        ({"predictions": ["x", "y"]}, "is 'x', not a number"),
    ],
)
def test_an_answer_of_another_shape_is_told(answer: Any, words: str) -> None:
    client, waits = answers(answer)
    told = ask(outgoing(), client=client, sleep=waits.append)
    assert words in told.error
    assert np.isnan(told.told).all()


def test_scores_of_many_classes_come_in_our_order() -> None:
    client, waits = answers({"predictions": [{"classes": ["c", "a"], "scores": [0.6, 0.2]}] * 2})
    told = ask(outgoing(classes=("a", "b", "c")), client=client, sleep=waits.append).told
    assert told[0] == pytest.approx([0.25, 0.0, 0.75])


def test_no_key_is_sent_on_when_a_secret_is_missing() -> None:
    client, waits = answers(YES)
    rent = msgspec.structs.replace(RENT, headers={"X-Key": "${NOT_THERE}"})
    with pytest.raises(SourceError, match="rent S: its header X-Key names"):
        ask(outgoing(rent), client=client, sleep=waits.append)


def test_an_alert_finds_a_window_from_three_points_before_it_on_and_joined_runs_are_one() -> None:
    n = 400
    label, alert = np.zeros(n, dtype=int), np.zeros(n, dtype=bool)
    label[[100, 101, 104, 200, 300]] = 1  # two windows near one another are one: 100 to 104
    alert[[97, 98, 196, 250, 252, 303]] = True  # found, four points early, false (one run), late
    time = pa.array(START + 3600 * np.arange(n), pa.timestamp("s"))
    table = pa.table({"at": time, "v": np.ones(n), "y": label})
    record = Assessment(data="x", row="r", target="y", time="at", value="v")
    history = labelled_history(record, table)
    counts = event_counts(history, alert, np.ones(n, dtype=bool), np.zeros(n, dtype=np.int64))
    assert counts.tolist() == [[1, 3, 3]]


def test_points_may_stand_in_any_order_and_twice() -> None:
    time = pa.array([START + 60 * one for one in (2, 0, 1, 1)], pa.timestamp("s"))
    table = pa.table({"at": time, "v": [3.0, 1.0, 9.0, 2.0], "s": ["a"] * 4, "y": ["no", "no", "yes", "yes"]})
    record = Assessment(data="x", row="r", target="y", time="at", value="v", entity="s", positive="yes")
    history = labelled_history(record, table)
    assert history.points.value.tolist() == [1.0, 2.0, 3.0]
    assert history.label.tolist() == [False, True, False]
