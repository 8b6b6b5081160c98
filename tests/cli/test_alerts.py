"""`watchkeeper alerts …`: what people do with alerts, from a terminal, beside a running server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.stores.shared import ORDERS, SHOP, alert, member
from watchkeeper.cli import main
from watchkeeper.stores.ledger import Ledger, alerts, metrics, series


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger, ledger.write() as tx:
        metrics.put_source(tx, SHOP)
        metrics.put_metric(tx, ORDERS)
        (one,) = series.intern(tx, "orders", [("DE", "web")])
        alerts.insert(tx, alert(member(one.id)))
    return tmp_path


def run(home: Path, *words: str) -> Result:
    verb, *rest = words
    return CliRunner().invoke(main, ["alerts", verb, "--home", str(home), *rest])


def test_an_alert_is_taken_given_snoozed_and_talked_about(home: Path):
    took = run(home, "ack", "1", "--note", "looking", "--by", "Ada", "--json")
    assert json.loads(took.stdout) == json.loads(took.stdout) | {"alert": 1, "by": "Ada", "deed": "acknowledge"}
    assert "assign (#2" in run(home, "assign", "1", "--to", "search").stdout
    assert run(home, "snooze", "1", "--for", "4h").exit_code == 0
    assert run(home, "comment", "1", "--text", "the proxy").exit_code == 0
    assert "undo of 1" in run(home, "undo", "1").stdout
    assert run(home, "undo", "1").exit_code == 3


def test_an_alert_that_is_not_there(home: Path):
    refused = run(home, "ack", "7")
    assert refused.exit_code == 8
    assert "no alert 7" in refused.stderr
    assert run(home, "snooze", "1").exit_code == 2


def test_a_mute_is_made_listed_and_ended(home: Path):
    made = run(home, "mute", "--metric", "orders", "--for", "2h", "--note", "move", "--json")
    assert json.loads(made.stdout)["of"] == "metric orders"
    weekly = ("--from", "2026-11-28T22:00", "--for", "4h", "--repeat", "weekly", "--zone", "Europe/Berlin")
    assert run(home, "mute", *weekly).exit_code == 0
    assert [json.loads(row)["id"] for row in run(home, "mutes", "--json").stdout.splitlines()] == [2, 1]
    assert run(home, "unmute", "1").exit_code == 0
    assert run(home, "unmute", "1").exit_code == 3
    assert len(run(home, "mutes", "--json").stdout.splitlines()) == 1
    assert run(home, "mute", "--metric", "visits", "--for", "2h").exit_code == 8
