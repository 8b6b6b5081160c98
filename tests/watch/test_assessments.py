"""Assessments are kept, decided on by people with reasons, and held against what was achieved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa
import yaml
from click.testing import CliRunner

from watchkeeper.assess.record import parse_assessment
from watchkeeper.assess.report import Part, Report
from watchkeeper.cli import main
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.errors import InputError, NotFoundError, SourceError
from watchkeeper.domain.metric import Source
from watchkeeper.stores.ledger import Ledger, audit, metrics
from watchkeeper.watch.assessments import Assessments, ask_rows

RECORD = """
name: Late flights
source: warehouse
query: SELECT * FROM flights
row: one flight
target: late
metric: accuracy
level: 0.8
owner: operations
"""
FORESEEN = {"metric": "accuracy", "expected": 0.84, "lower": 0.81, "upper": 0.87}


def report(name: str = "Late flights") -> Report:
    part = Part(
        key="feasibility", title="Feasibility", verdict="good", headline="It works.", facts={"foreseen_today": FORESEEN}
    )
    return Report(
        name=name, verdict="good", summary="It works.", row="one flight", target="late", rows_total=1000,
        rows_used=1000, notes=(), parts=(part,),
    )  # fmt: skip


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    on_sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'ledger.db'}" if on_sqlite else request.getfixturevalue("postgres_url")
    with Ledger.open(url) as opened:
        yield opened


@pytest.fixture
def kept(ledger: Ledger) -> Assessments:
    return Assessments(ledger, lambda: 1_760_000_000)


def test_a_report_is_kept_as_it_was_and_every_decision_on_it_stays(kept: Assessments, ledger: Ledger) -> None:
    made = kept.keep(report(), RECORD, "Ada")
    kept.decide(made, "wait", "the data are young", "Bo")
    page = kept.decide(made, "go", "it beats the rule", "Ada")
    assert page.line.report == report()
    assert [(one.choice, one.by, one.reason) for one in page.decisions] == [
        ("go", "Ada", "it beats the rule"),
        ("wait", "Bo", "the data are young"),
    ]
    assert kept.lines()[0].decision == page.decisions[0]
    with ledger.read() as tx:
        assert [entry.what for entry in audit.newest(tx, 3)][:2] == ["assessment decided", "assessment decided"]


def test_go_makes_a_system_whose_promised_level_is_watched(kept: Assessments) -> None:
    made = kept.keep(report(), RECORD, "Ada")
    assert kept.page(made).system == ""
    snippet = yaml.safe_load(kept.decide(made, "go", "yes", "Ada").system)
    sources = {"sources": {"warehouse": {"kind": "sql", "url": "sqlite:///x.db"}}}
    (system,) = parse_config(yaml.safe_dump(sources | snippet)).systems
    assert (system.name, system.owner, dict(system.lowest)) == ("late-flights", "operations", {"accuracy": 0.8})


def test_predicted_is_held_against_achieved_across_assessments(kept: Assessments) -> None:
    assert "Nothing achieved" in kept.track_record().sentence
    first, second = kept.keep(report("a"), RECORD, "Ada"), kept.keep(report("b"), RECORD, "Ada")
    assert kept.note_achieved(first, 0.82, "Ada").line.held is True
    assert kept.note_achieved(second, 0.7, "Ada").line.held is False
    track = kept.track_record()
    assert track.sentence == (
        "Of 2 assessments with something achieved, the 90 % band held in 1; what was foreseen was off by 0.08 on "
        "average."
    )


@pytest.mark.parametrize(("choice", "reason"), [("perhaps", "x"), ("go", "  ")])
def test_a_decision_without_choice_or_reason_is_refused(kept: Assessments, choice: str, reason: str) -> None:
    made = kept.keep(report(), RECORD, "Ada")
    with pytest.raises(InputError):
        kept.decide(made, choice, reason, "Ada")
    assert kept.page(made).decisions == ()


def test_what_is_not_there_is_not_found(kept: Assessments) -> None:
    with pytest.raises(NotFoundError, match="no assessment 7"):
        kept.decide(7, "go", "x", "Ada")


def test_rows_come_from_a_query_of_a_configured_source(ledger: Ledger, tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE flights (late INTEGER, hour INTEGER)")
        connection.exec_driver_sql("INSERT INTO flights VALUES (1, 9), (0, NULL), (1, 7)")
    engine.dispose()
    duck = duckdb.connect(str(tmp_path / "duck.db"))
    duck.execute("CREATE TABLE flights AS SELECT 1.5 AS late")
    duck.close()
    with ledger.write() as tx:
        metrics.put_source(tx, Source(name="warehouse", kind="sql", url=f"sqlite:///{tmp_path / 'shop.db'}"))
        metrics.put_source(tx, Source(name="duck", kind="sql", url=f"duckdb:///{tmp_path / 'duck.db'}"))
    record = parse_assessment(RECORD, "x")
    assert ask_rows(ledger, record).to_pydict() == {"late": [1, 0, 1], "hour": [9, None, 7]}
    duck_record = parse_assessment(RECORD.replace("warehouse", "duck"), "x")
    assert ask_rows(ledger, duck_record).num_rows == 1
    with pytest.raises(NotFoundError, match="no source 'warehose'"):
        ask_rows(ledger, parse_assessment(RECORD.replace("warehouse", "warehose"), "x"))
    with pytest.raises(SourceError, match="warehouse"):
        ask_rows(ledger, parse_assessment(RECORD.replace("flights\n", "flihgts\n"), "x"))


def test_the_command_keeps_decides_and_notes(tmp_path: Path) -> None:
    record = "name: Churn\nrow: a user\ntarget: churn\nlevel: 0.7\n"
    expect = "expect: {rows: 4000, columns: 6, base_rate: 0.2, effects: [0.5, 0.5]}\n"
    (tmp_path / "a.yaml").write_text(record + expect)
    home = ["--home", str(tmp_path / "home")]

    def run(*words: str) -> str:
        result = CliRunner().invoke(main, [*words, *home], catch_exceptions=False)
        assert result.exit_code == 0, result.stderr
        return result.stdout

    assert "Kept as assessment 1" in run("assess", str(tmp_path / "a.yaml"), "--keep")
    assert "systems:\n  churn:" in run("assessments", "decide", "1", "go", "--because", "worth it")
    assert "0.71 noted" in run("assessments", "achieved", "1", "0.71")
    assert "Churn" in run("assessments", "list")
    assert "# Churn" in run("assessments", "show", "1")
