"""A system's record becomes metrics; a missing source is one alert, and what depends on it is explained by it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner

from tests.watch import rides
from watchkeeper.assess.report import Part, Report
from watchkeeper.cli import main
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.errors import ConfigError
from watchkeeper.domain.times import DAY, HOUR
from watchkeeper.watch.service import Watchkeeper


class Watched(NamedTuple):
    home: Path
    service: Watchkeeper


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Watched up to the outage, twelve hours into it, and to the end."""
    home = tmp_path_factory.mktemp("rides")
    rides.build(home / "rides.duckdb")
    with rides.open_service(home) as service:
        for until in (rides.OUTAGE, rides.OUTAGE + 12 * HOUR, rides.OUTAGE + 2 * DAY, rides.END):
            assert service.run_until(until).troubles == ()
        yield Watched(home, service)


def values(service: Watchkeeper, metric: str, place: int = 0) -> np.ndarray:
    """The values of one series of a metric, a period each."""
    page = service.metric_page(f"late.{metric}")
    chart = service.metric_page(f"late.{metric}", page.series[place].id).chart
    return np.array([np.nan if value is None else value for value in chart.value])


def test_a_record_becomes_ordinary_metrics(watched: Watched):
    names = {line.metric.name.removeprefix("late.") for line in watched.service.metrics()}
    assert {f"weather.{part}" for part in ("freshness", "rows", "completeness", "nulls", "out-of-range")} <= names
    assert {f"weather.{part}" for part in ("drift", "new-categories", "shares-of-city", "schema")} <= names
    assert {"predictions", "latency", "errors", "fallback", "score", "positive", "score-drift", "skew"} <= names
    assert {"accuracy", "accuracy-estimated", "accuracy-by-city", "estimate-error", "model-age"} <= names


def test_a_missing_source_is_one_alert_and_the_rest_is_explained_by_it(watched: Watched):
    lines = watched.service.inbox(show="all").lines
    (source,) = [line for line in lines if line.upstream is None]
    assert source.peak_metric.name == "late.weather.freshness"
    assert "above the limit of 6 h" in source.sentence
    others = [line for line in lines if line is not source]
    assert others
    assert {line.upstream for line in others} == {source.alert.id}
    assert {line.alert.id for line in watched.service.inbox(show="explained").lines} == {one.alert.id for one in others}
    assert (watched.home / "told.txt").read_text().count("\n## ") + 1 == 1


def test_accuracy_falls_with_the_source_and_its_estimate_is_checked_against_the_truth(watched: Watched):
    accuracy, estimate = values(watched.service, "accuracy"), values(watched.service, "accuracy-estimated")
    error = values(watched.service, "estimate-error")
    is_out = np.zeros(len(accuracy), bool)
    first = (rides.OUTAGE - rides.START) // DAY - 14
    is_out[first : first + rides.OUTAGE_DAYS] = True
    assert accuracy[is_out].max() < 0.6 < 0.75 < accuracy[~is_out].min()
    assert np.abs(error[~is_out]).mean() < 0.02
    assert np.allclose(error, estimate[: len(accuracy)] - accuracy, atol=1e-9)
    assert error[is_out].min() > 0.3  # a served constant is a change of meaning: the estimate's limit, shown


def test_fresh_is_the_age_of_the_newest_row_at_the_end_of_each_hour(watched: Watched):
    age = values(watched.service, "weather.freshness")
    first = (rides.OUTAGE - rides.START) // HOUR - 14 * 24
    assert np.allclose(age[:first], 50 / 60)
    assert np.allclose(age[first : first + 3], np.array([1, 2, 3]) + 50 / 60)


def test_skew_compares_what_was_served_with_what_was_trained_on(watched: Watched):
    skew = values(watched.service, "skew")
    assert np.nanmax(skew[:15]) < 0.2 < 0.8 < np.nanmax(skew)


def test_a_second_run_reads_no_reference_again(watched: Watched):
    steps: list[str] = []
    watched.service.run_until(rides.END, steps.append)
    assert [step for step in steps if "reference" in step] == []


def test_a_system_that_is_removed_while_its_reference_is_read_stays_removed(tmp_path: Path):
    rides.build(tmp_path / "rides.duckdb")
    with rides.open_service(tmp_path) as service:
        read: list[str] = []

        def remove(said: str) -> None:
            read.append(said)
            service.remove("system", "late", "Ada")

        service.systems.prepare(rides.END, [], remove)
        assert read == ["reading the reference of Late pick-ups"]
        assert [one.metric.name for one in service.metrics() if one.metric.name.startswith("late.")] == []


def test_a_changed_schema_is_told_at_once(tmp_path: Path):
    import duckdb

    rides.build(tmp_path / "rides.duckdb")
    with rides.open_service(tmp_path) as service:
        service.run_until(rides.START + 20 * DAY)
        with duckdb.connect(str(tmp_path / "rides.duckdb")) as db:
            db.execute("alter table weather alter column wind type varchar")
        service.run_until(rides.START + 21 * DAY)
        (line,) = service.inbox(text="Changed columns").lines
        assert "is at 2 columns, above the limit of 0 columns" in line.sentence


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("inputs: {w: {table: 'x; drop', time_field: t}}", "name a table"),
        ("inputs: {w: {table: x, time_field: 'now()'}}", "use a plain name"),
        ("inputs: {w: {table: x, time_field: t, error_after: 6h}}", "need loaded_at_field"),
        ("inputs: {w: {table: x, time_field: t, step: 5m}}", "use 1m, 1h, 1d"),
        ("inputs: {w: {table: x, time_field: t, distances: [far]}}", "no distance 'far'"),
        ("predictions: {table: p, time_field: t}", "either score"),
        ("outcomes: {table: o, key: k, label: l}", "matched by key"),
        ("measures: [luck]", "no measure 'luck'"),
        ("reference: {start: 2026-02-01, end: 2026-01-01}", "before it begins"),
        ("source: elsewhere", "no source .elsewhere.; there are rides: name one, or add it"),
        ("flags: [none]", "no flag 'none'"),
        ("key_metrics: [none]", "no metric 'none'"),
    ],
)
def test_a_wrong_record_names_the_place(tmp_path: Path, wrong: str, words: str):
    source = "" if wrong.startswith("source") else "source: rides\n    "
    text = f"sources:\n  rides: {{url: 'duckdb:///x'}}\nsystems:\n  late:\n    {source}{wrong}\n"
    with Watchkeeper.open(tmp_path) as service, pytest.raises(ConfigError, match=words):
        service.apply(parse_config(text), "tester")


def test_what_is_missing_for_production_has_its_mend(watched: Watched):
    items = {item.key: item for item in watched.service.systems.missing("late")}
    assert {key for key, item in items.items() if item.is_met} == {
        "owner",
        "replaces",
        "predictions",
        "outcomes",
        "inputs",
        "monitoring",
        "runbook",
    }
    assert items["contracts"].words == "weather: no contract."
    assert "guard" in items["fallback"].mend


def test_the_page_shows_values_as_they_stand(watched: Watched):
    page = watched.service.systems.page("late")
    (weather,) = page.inputs
    assert weather.status == "pass"
    assert {line.metric.name for line in page.quality} >= {"late.accuracy", "late.accuracy-estimated"}
    assert all(line.value is not None for line in page.segments)
    assert page.score.sections["monitoring"] == 6
    assert page.line.sentence == "As usual."


def test_a_runbook_has_the_values_of_now(watched: Watched):
    runbook = watched.service.systems.page("late").runbook
    assert "The weather is 0.833 h old, accuracy 8" in runbook
    assert ", {nothing} else." in runbook
    told = (watched.home / "told.txt").read_text()
    assert "Runbook (System Late pick-ups):\nThe weather is 12.8 h old, accuracy 82.9 %, {nothing} else.\n1." in told


def test_a_person_s_word_on_a_test_stays(watched: Watched):
    before = watched.service.systems.page("late").score.sections["infrastructure"]
    after = watched.service.systems.say("late", "reproducible", 0.5, "ann", "by hand").sections["infrastructure"]
    assert after == before + 0.5
    assert watched.service.systems.page("late").evidence["reproducible"].by == "ann"


def test_the_command_line_ends_with_13_where_something_is_missing(tmp_path: Path):
    with rides.open_service(tmp_path, url="duckdb:///nowhere"):
        pass
    home = ["--home", str(tmp_path / "watchkeeper")]
    checked = CliRunner().invoke(main, ["system", "check", "late", *home])
    assert checked.exit_code == 13
    assert "missing  Fallback: No flag falls back by itself." in checked.stdout
    rows = [
        json.loads(line)
        for line in CliRunner().invoke(main, ["system", "check", "late", "--json", *home]).stdout.splitlines()
    ]
    assert {"item": "owner", "met": True, "words": "rides@example.com", "mend": "", "page": ""} in rows
    told = CliRunner().invoke(main, ["system", "test-score", "late", "--test", "canary", "--points", "0.5", *home])
    assert "0.5  canary" in told.stdout
    assert "ML Test Score 0:" in told.stdout
    assert "late" in CliRunner().invoke(main, ["system", "list", *home]).stdout
    assert CliRunner().invoke(main, ["system", "check", "none", *home]).exit_code == 8


def test_what_a_system_achieves_is_read_each_week_and_held_against_its_assessment(tmp_path: Path):
    rides.build(tmp_path / "rides.duckdb")
    with rides.open_service(tmp_path) as service:
        kept = service.assessments
        part = Part(
            key="feasibility",
            title="Feasibility",
            verdict="good",
            headline="It works.",
            facts={"foreseen_today": {"metric": "accuracy", "expected": 0.82, "lower": 0.79, "upper": 0.85}},
        )
        report = Report(
            name="Late", verdict="good", summary="It works.", row="a ride", target="late", rows_total=9, rows_used=9,
            notes=(), parts=(part,),
        )  # fmt: skip
        made = kept.keep(report, "data: x.csv\nrow: a ride\ntarget: late\nmetric: accuracy\nlevel: 0.75\n", "Ada")
        standing = service.standing()
        following = [msgspec.structs.replace(standing.systems[0], assessment=made)]
        service.apply(msgspec.structs.replace(standing, systems=tuple(following)), "Ada")
        before = rides.OUTAGE
        service.run_until(before)
        service.run_until(before + DAY)  # not again before a week is over
        page = kept.page(made)
        (read,) = page.achieved
        assert read.reading is not None
        assert (read.by, read.reading.metric) == ("system late", "late.accuracy")
        assert read.level == pytest.approx(np.nanmean(values(service, "accuracy")[: read.reading.points]), abs=0.005)
        assert read.reading.lower < read.level < read.reading.upper
        assert page.watched_by == ("late",)
        assert page.is_kept is True
        assert page.plot is not None
        assert page.plot.rule == 0.75
        track = kept.track_record()
        assert track.lines[0].achieved == read
        assert track.plot is not None
        unknown = msgspec.structs.replace(
            standing, systems=(msgspec.structs.replace(standing.systems[0], assessment=99),)
        )
        with pytest.raises(ConfigError, match="there is no assessment 99 in this home"):
            service.apply(unknown, "Ada")
