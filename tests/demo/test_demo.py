"""The demo on its real data: a year of flights in, the blizzard among the biggest alerts, and a person's word kept."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pytest
from benchmarks import system
from click.testing import CliRunner

from tests.conftest import Played, play_demo
from watchkeeper.cli import main
from watchkeeper.demo import late, warehouse
from watchkeeper.domain.errors import SourceError
from watchkeeper.domain.feedback import Answer
from watchkeeper.domain.times import parse_instant
from watchkeeper.watch.service import Watchkeeper
from watchkeeper.watch.views import Draft

NEW_YORK = "America/New_York"
BLIZZARD = parse_instant("2013-02-08T12:00", NEW_YORK), parse_instant("2013-02-10T00:00", NEW_YORK)


@pytest.fixture
def home(played_demo: Played, tmp_path: Path) -> Path:
    return Path(shutil.copytree(played_demo.home, tmp_path / "demo"))


def test_the_demo_ends_well_with_ten_alerts(played_demo: Played):
    assert played_demo.exit_code == 0
    assert "The ten biggest alerts of 2013" in played_demo.stdout
    assert "Loaded 336,776 flights" in played_demo.stderr
    told = (played_demo.home / "told.txt").read_text()
    assert "Look and answer: http://127.0.0.1:8321/alerts/" in told


def test_the_blizzard_is_among_the_ten_biggest(home: Path):
    with Watchkeeper.open(home) as service:
        biggest = service.inbox(show="all", order="severity").lines[:10]
        storms = [line for line in biggest if line.alert.start < BLIZZARD[1] and line.alert.end > BLIZZARD[0]]
        assert len(storms) == 1
        assert storms[0].metric_count >= 3
        page = service.alert_page(storms[0].alert.id)
    cancelled = [line for line in page.members if line.metric.name == "cancelled_share"]
    assert cancelled
    assert cancelled[0].member.value > 0.2


def test_each_metric_is_read_from_the_source_whole(home: Path):
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as db, Watchkeeper.open(home) as service:
        (hours,) = db.execute("select count(distinct time_hour) from flights where origin = 'JFK'").fetchone() or (0,)
        (seats,) = db.execute(
            "select sum(seats) from flights join planes using (tailnum) where dep_time > 0"
        ).fetchone() or (0,)
        lines = {line.metric.name: line for line in service.metrics() if line.metric.source == "warehouse"}
        assert {name: line.series_count for name, line in lines.items()} == {
            "scheduled_departures": 3,
            "cancelled_share": 1,
            "departure_delay": 3,
            "departures_by_carrier": 16,
            "seats_flown": 1,
        }
        page = service.metric_page("scheduled_departures")
        jfk = next(one for one in page.series if one.values == ("JFK",))
        chart = service.metric_page("scheduled_departures", jfk.id).chart
        assert sum(value is not None for value in chart.value) == hours
        assert sum(value or 0 for value in service.metric_page("seats_flown").chart.value) == seats


def test_a_second_run_changes_nothing_that_a_person_did(home: Path):
    with Watchkeeper.open(home) as service:
        first = service.inbox(show="all").lines[0].alert.id
        said = service.answer(Draft(answer=Answer.EVENT, by="ann", alert=first, note="holiday"))
        before = service.inbox(show="all")
    told = (home / "told.txt").read_text()
    result = play_demo(home)
    assert result.exit_code == 0
    assert "0 alerts opened, 0 messages" in result.stderr
    assert (home / "told.txt").read_text() == told
    with Watchkeeper.open(home) as service:
        assert service.inbox(show="all") == before
        assert service.receipt(said.feedback.id) == said


def test_alerts_for_scripts(home: Path):
    result = CliRunner().invoke(main, ["alerts", "--home", str(home), "--show", "all", "--json"])
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert lines == sorted(lines, key=lambda line: -line["severity"])
    assert {"id", "start", "end", "metric", "dimensions", "sentence"} <= set(lines[0])


def test_a_wrong_package_leaves_no_half_written_warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(warehouse, "FLIGHTS", 5)
    with pytest.raises(SourceError, match=r"requirements/demo\.txt"):
        warehouse.build(tmp_path / "warehouse.duckdb")
    assert list(tmp_path.iterdir()) == []


def test_the_outage_of_the_weather_is_one_incident_and_flips_the_flag_in_its_tick(home: Path):
    with Watchkeeper.open(home) as service:
        seen, listed = system.outage(service), system.months(service)
        check = {item.key for item in service.systems.missing(late.SYSTEM) if not item.is_met}
    assert (seen.incidents, seen.explained >= 1, seen.moved >= 10) == (1, True, True)
    assert seen.trips == (seen.first_bad,)
    assert len(seen.returns) == 1
    assert seen.returns[0] > late.OUTAGE[1] + 12 * 3600
    outage = next(one for one in listed if "outage" in one.name)
    others = [one for one in listed if one is not outage]
    assert outage.accuracy < 0.6 < 0.75 < min(one.accuracy for one in others)
    assert outage.skill < -1 < -0.05 < min(one.skill for one in others)
    assert max(one.off for one in others) < 0.1
    assert check == {"privacy"}


def test_passengers_were_answered_by_the_airlines_average_while_the_flag_was_at_its_fallback(home: Path):
    with duckdb.connect(str(home / "late.duckdb"), read_only=True) as db:
        answered = "select min(asked_at), max(asked_at) from predictions where is_fallback"
        (first, last) = db.execute(answered).fetchone() or ()
        (newest,) = db.execute("select max(observed_at) from weather where observed_at < '2013-09-15'").fetchone() or ()
    assert (first.isoformat(), last.isoformat()[:13]) == ("2013-09-13T08:00:00", "2013-09-20T11")
    assert newest.isoformat() == "2013-09-12T23:00:00"
