"""`watchkeeper power`: what it prints, draws and refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from tests.cli.points import hours, table, values
from watchkeeper.cli import main
from watchkeeper.domain.errors import NotFoundError
from watchkeeper.domain.metric import Direction, Kind, Metric
from watchkeeper.domain.points import PointColumns
from watchkeeper.watch.power_file import metric_power
from watchkeeper.watch.power_words import sentences


def power(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["power", *map(str, arguments)])


def as_json(*arguments: object) -> dict[str, Any]:
    result = power(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two series: `orders` with a value an hour for six weeks, `visits` with half as many."""
    visits = table("visits", hours(500), values(500))
    orders = table("orders", hours(1000), values(1000, seed=1))
    path = tmp_path_factory.mktemp("points") / "points.parquet"
    pq.write_table(pa.concat_tables([visits, orders]), path)
    return path


@pytest.fixture(scope="module")
def timetable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A week that repeats exactly."""
    week = np.tile(np.random.default_rng(0).uniform(50, 150, 168), 6)
    path = tmp_path_factory.mktemp("timetable") / "timetable.csv"
    pa_csv.write_csv(table("buses", hours(len(week)), week), path)
    return path


def test_the_first_line_is_the_answer_in_a_sentence(points: Path) -> None:
    result = power(points, "--series", "orders")
    assert result.exit_code == 0, result.output
    first, second = result.stdout.replace("\n", " ").split(". ")[:2]
    assert "drop" in first
    assert "at one false alert a month" in first
    assert "rise" in second
    assert "Share of drops that Watchkeeper sees" in result.stdout
    assert "The smallest change seen 9 times in 10" in result.stdout
    assert "z-score over 14 days" in result.stdout
    assert not result.stderr


def test_of_many_series_the_one_with_the_most_values_is_taken_and_named(points: Path) -> None:
    result = power(points)
    assert "Series orders, the one with the most values of 2: 1,000 values" in result.stdout.replace("\n", " ")
    named = power(points, "--series", "visits")
    assert "Series visits: 500 values" in named.stdout


def test_json_holds_every_change_tried(points: Path) -> None:
    found = as_json(points, "--series", "orders", "--false-alerts-per-month", 2)
    assert found["series"] == "orders"
    assert found["values"] == 1000
    assert found["false_alerts_per_month"] == 2.0
    assert found["step_s"] == 3600
    assert found["lengths_s"] == [3600, 10800, 86400]
    assert "2 false alerts a month" in found["sentences"][0]
    assert {one["name"] for one in found["rules"]} == {
        "static limits",
        "same hour last week",
        "same hour last week, in %",
        "z-score over 14 days",
    }
    tried = {(one["direction"], one["size"], one["length_s"]) for one in found["own"]["found"]}
    assert {(-1, 0.02, 3600), (-1, 1.0, 86400), (1, 0.5, 10800)} <= tried
    assert all(0 <= one["share"] <= 1 for one in found["own"]["found"])


def test_the_same_command_gives_the_same_answer(points: Path) -> None:
    one, two = as_json(points), as_json(points)
    assert one == two
    assert as_json(points, "--seed", 1)["own"]["found"] != one["own"]["found"]


def test_it_says_when_a_simple_rule_does_as_well(timetable: Path) -> None:
    result = power(timetable)
    assert result.exit_code == 0, result.output
    assert "The simple rule “same hour last week" in result.stdout
    assert "does as well here: use it." in result.stdout.replace("\n", " ")


@pytest.mark.parametrize(("name", "begins"), [("p.png", b"\x89PNG\r\n"), ("p.svg", b"<svg")])
def test_a_plot_is_drawn(points: Path, tmp_path: Path, name: str, begins: bytes) -> None:
    result = power(points, "--series", "visits", "--plot", tmp_path / name)
    assert result.exit_code == 0, result.output
    assert (tmp_path / name).read_bytes().startswith(begins)
    assert f"Drawn into {tmp_path / name}" in result.stdout.replace("\n", "")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    if name.endswith("svg"):
        text = (tmp_path / name).read_text()
        assert all(words in text for words in ("visits", "Drops of 1 hour", "Rises of 1 day", "same hour last week"))


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["{points}", "--series", "order"], 8, ["no series 'order'", "orders"]),
        (["{folder}/none.parquet"], 3, ["none.parquet", "no such file"]),
        (["{points}", "--plot", "{folder}/p.pdf"], 3, ["p.pdf", ".png or .svg"]),
        (["{points}", "--plot", "{folder}/none/p.png"], 3, ["p.png", "no folder"]),
        (["{points}", "--plot", "{folder}"], 3, [".png or .svg"]),
        (["{folder}/points.txt"], 3, ["points.txt", ".parquet or .csv"]),
        (["{short}"], 3, ["series a", "short.csv", "longer history"]),
        (["{points}", "--false-alerts-per-month", "0"], 2, ["--false-alerts-per-month"]),
        (["{points}", "--false-alerts-per-month", "nan"], 3, ["false alerts a month"]),
        ([], 2, ["IN"]),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    points: Path, tmp_path: Path, arguments: list[str], code: int, words: list[str]
) -> None:
    pa_csv.write_csv(table(seconds=hours(10), value=values(480)[:10]), tmp_path / "short.csv")
    result = power(*(one.format(points=points, folder=tmp_path, short=tmp_path / "short.csv") for one in arguments))
    assert result.exit_code == code, result.output
    assert not result.stdout
    for word in words:
        assert word in result.stderr
    if code != 2:
        assert result.stderr.startswith("watchkeeper: ")
        assert result.stderr.count("\n") == 1


def test_help_says_what_goes_in_and_shows_examples() -> None:
    result = power("--help")
    assert result.exit_code == 0
    for word in ("IN", "--series", "--false-alerts-per-month", "--plot", "--json", "--seed", "watchkeeper power"):
        assert word in result.stdout


def test_a_watched_metric_is_measured_with_its_own_settings_and_share_of_the_budget() -> None:
    metric = Metric(
        name="orders", source="shop", query="", step="1h", kind=Kind.COUNT, direction=Direction.DOWN,
        false_alerts_per_month=4.0, smallest_change_share=0.4, timezone="Europe/Berlin", unit="orders",
    )  # fmt: skip
    count = 24 * 7 * 6
    value = np.random.default_rng(0).poisson(400, 2 * count).astype(float)
    time = np.tile(hours(count), 2)
    columns = PointColumns((7, 9), np.array([0, count, 2 * count]), time, value, time)
    power = metric_power(metric, columns, 9)
    assert power.false_alerts_per_month == 2.0
    assert power.directions == (-1,)
    assert all(one.share < 0.2 for one in power.own.found if one.size <= 0.3)  # of no interest, the metric says
    assert max(one.share for one in power.own.found) > 0.9
    assert sentences(power, metric.unit)[0].endswith(".")
    with pytest.raises(NotFoundError, match="orders"):
        metric_power(metric, columns, 8)
