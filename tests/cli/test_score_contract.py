"""`watchkeeper score`: what goes in and what comes out, sentence by sentence of its contract."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from tests.cli.points import (
    BEGIN,
    COLUMNS,
    DROP,
    HOUR,
    SPIKE,
    column,
    hours,
    micros,
    run,
    same,
    scored,
    shuffled,
    table,
    values,
)


def test_out_has_the_columns_of_the_contract_and_the_rows_of_in(tmp_path: Path) -> None:
    given = table(label=[1] * 480, note=["x"] * 480)
    out = scored(tmp_path, given)
    assert out.column_names == COLUMNS
    assert out.select(["series", "ts", "value"]).equals(given.select(["series", "ts", "value"]))
    assert [str(out.schema.field(name).type) for name in COLUMNS[3:]] == ["double"] * 4 + ["bool"]
    assert out["alert"].null_count == 0
    assert not out.schema.metadata


def test_a_spike_and_a_drop_are_told_and_little_else(tmp_path: Path) -> None:
    out = scored(tmp_path, table())
    alert = np.flatnonzero(column(out, "alert"))
    assert {SPIKE, DROP} <= set(alert)
    assert len(alert) < 20
    score = column(out, "score")
    assert score[SPIKE] > 0  # twelve days of history: only the bound that holds for any distribution speaks
    assert score[DROP] > 2


def test_learning_is_not_knowing(tmp_path: Path) -> None:
    out = scored(tmp_path, table())
    assert out["score"][:14].null_count == 14
    assert not any(out["alert"][:14].to_pylist())
    assert out["score"][100:].null_count == 0
    assert out["expected"][100:].null_count == 0
    lower, upper, expected = (column(out, name)[100:] for name in ("lower", "upper", "expected"))
    assert ((lower <= expected) & (expected <= upper)).all()


def test_fewer_false_alerts_a_month_are_fewer_alerts_and_the_same_scores(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    given = table(seconds=hours(2000), value=100 + rng.standard_t(3, 2000) * 5)
    few = scored(tmp_path, given, "--false-alerts-per-month", 0.01)
    some = scored(tmp_path, given)
    many = scored(tmp_path, given, "--false-alerts-per-month", 30)
    assert same(few, many, COLUMNS[:-1])
    counts = [column(one, "alert").sum() for one in (few, some, many)]
    assert counts[0] <= counts[1] < counts[2]
    assert same(some, scored(tmp_path, given, "--false-alerts-per-month", 1))


def test_one_direction_tells_only_what_leaves_the_band_that_way(tmp_path: Path) -> None:
    both, up, down = (scored(tmp_path, table(), "--direction", way) for way in ("both", "up", "down"))
    assert [bool(column(one, "alert")[SPIKE]) for one in (both, up, down)] == [True, True, False]
    assert [bool(column(one, "alert")[DROP]) for one in (both, up, down)] == [True, False, True]
    assert same(up, both, COLUMNS[:-1])
    assert same(down, both, COLUMNS[:-1])


@pytest.mark.parametrize("cut", [20, 100, SPIKE, SPIKE + 1, 450])
def test_a_score_rests_on_nothing_after_it(tmp_path: Path, cut: int) -> None:
    given = table()
    whole = scored(tmp_path, given)
    assert same(scored(tmp_path, given[:cut]), whole[:cut]), "a file that ends earlier"
    value = values()
    value[cut:] = 1e6
    changed = scored(tmp_path, table(value=value))
    assert same(changed[:cut], whole[:cut]), "a file that goes on otherwise"


def test_the_step_of_an_irregular_series_rests_on_nothing_later(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    seconds = BEGIN + np.cumsum(rng.choice([540, 600, 660, 1200, 3000], 400))
    given = table(seconds=seconds, value=rng.normal(100, 5, 400))
    whole = scored(tmp_path, given)
    for cut in (2, 10, 14, 15, 16, 30, 200):
        assert same(scored(tmp_path, given[:cut]), whole[:cut])


@pytest.mark.parametrize("step", [60, 300, 600, 900, 1800, 3600, 6 * 3600, 86400])
def test_one_setting_for_all_steps_from_a_minute_to_a_day(tmp_path: Path, step: int) -> None:
    rng = np.random.default_rng(1)
    value = rng.normal(100, 2, 900)
    value[800] = 200
    out = scored(tmp_path, table(seconds=BEGIN + np.arange(900) * step, value=value))
    assert column(out, "alert")[800]
    assert column(out, "alert").sum() < 60


def test_steps_differ_between_series_of_one_file(tmp_path: Path) -> None:
    hourly, daily = table(), table("b", BEGIN + np.arange(120) * 86400, np.random.default_rng(0).normal(100, 2, 120))
    both = scored(tmp_path, pa.concat_tables([hourly, daily]))
    assert same(both[:480], scored(tmp_path, hourly))
    assert same(both[480:], scored(tmp_path, daily))


def test_rows_in_any_order_get_the_same_answers_in_their_own_order(tmp_path: Path) -> None:
    given = pa.concat_tables([table(), table("b", value=values(seed=5))])
    tidy = scored(tmp_path, given)
    mixed, order = shuffled(given)
    assert same(scored(tmp_path, mixed), tidy.take(order))
    by_time, order = given.sort_by([("ts", "ascending")]), np.argsort(given["ts"].to_numpy(), kind="stable")
    assert same(scored(tmp_path, by_time), tidy.take(order))


@pytest.mark.parametrize(
    "names",
    [
        pa.array([7] * 480),
        pa.array([1.5] * 480),
        pa.array([True] * 480),
        pa.array(["a"] * 480, pa.large_string()),
        pa.array(["a"] * 480).dictionary_encode(),
        pa.array([dt.date(2024, 1, 1)] * 480),
        pa.array([b"a"] * 480),
        pa.array([None] * 480, pa.string()),
    ],
    ids=lambda names: str(names.type),
)
def test_a_series_is_any_scalar_and_echoed_in_its_type(tmp_path: Path, names: pa.Array) -> None:
    out = scored(tmp_path, table(names=names))
    assert out.schema.field("series").type == names.type
    assert out["series"].to_pylist() == names.to_pylist()
    assert same(out, scored(tmp_path, table()), COLUMNS[1:])


@pytest.mark.parametrize(
    "ts",
    [
        *(micros(hours()).cast(pa.timestamp(unit, "UTC")) for unit in ("ms", "us", "ns")),
        micros(hours(), None),
        micros(hours(), None).cast(pa.timestamp("ms")),
        micros(hours(), "+02:00"),
        pa.array(hours()),
        pa.array(hours() * 1000),
        pa.array(hours() * 1_000_000),
        pa.array(hours().astype(float)),
        pa.array([f"{np.datetime64(int(s), 's')}Z" for s in hours()]),
        pa.array([f"{np.datetime64(int(s) + HOUR, 's')}+01:00" for s in hours()], pa.large_string()),
        pa.array([str(np.datetime64(int(s), "s")) for s in hours()]),
    ],
    ids=lambda ts: f"{ts.type} {ts[0]}",
)
def test_a_time_is_of_any_kind_and_echoed_in_its_type(tmp_path: Path, ts: pa.Array) -> None:
    given = table().set_column(1, "ts", ts)
    out = scored(tmp_path, given)
    assert out["ts"].type == ts.type
    assert out["ts"].to_pylist() == ts.to_pylist()
    assert same(out, scored(tmp_path, table()), [name for name in COLUMNS if name != "ts"])


def test_the_day_follows_the_wall_clock_of_the_zone(tmp_path: Path) -> None:
    """Berlin's clocks change on 31 March 2024; a business that opens at nine does so before and after."""
    seconds = BEGIN + np.arange(24 * 120) * HOUR
    clock = (np.arange(24 * 120) + 1 + (seconds >= 1_711_846_800)) % 24
    value = np.where((clock >= 9) & (clock < 18), 100.0, 20.0) + np.random.default_rng(0).normal(0, 1, len(clock))
    berlin = scored(tmp_path, table(seconds=seconds, value=value).set_column(1, "ts", micros(seconds, "Europe/Berlin")))
    utc = scored(tmp_path, table(seconds=seconds, value=value))
    after = (seconds >= 1_711_846_800) & (seconds < 1_711_846_800 + 3 * 86400)
    error = [np.abs(column(one, "expected") - value)[after].mean() for one in (berlin, utc)]
    assert error[0] < 0.6 * error[1]


@pytest.mark.parametrize("kind", [pa.int64(), pa.float32(), pa.decimal128(10, 2)], ids=str)
def test_a_value_is_any_number_and_echoed_in_its_type(tmp_path: Path, kind: pa.DataType) -> None:
    value = pa.array(np.round(values())).cast(kind)
    out = scored(tmp_path, table(value=value))
    assert out["value"].equals(pa.chunked_array([value]))
    assert same(out, scored(tmp_path, table(value=np.round(values()))), COLUMNS[3:])


def as_csv(folder: Path, given: pa.Table) -> Path:
    pa_csv.write_csv(given, folder / "in.csv")
    return folder / "in.csv"


def test_csv_in_and_out_echoes_the_text(tmp_path: Path) -> None:
    path = as_csv(tmp_path, table())
    assert run(path, tmp_path / "out.csv").exit_code == 0
    given, out = (path.read_text().replace('"', "").splitlines(), (tmp_path / "out.csv").read_text().splitlines())
    assert out[0] == ",".join(COLUMNS)
    assert [line.split(",")[:3] for line in out] == [line.split(",") for line in given]
    assert out[1].endswith(",,,,,false")
    read = pa_csv.read_csv(tmp_path / "out.csv")
    assert same(read, scored(tmp_path, table()), COLUMNS[2:])


def test_csv_in_and_parquet_out_has_types(tmp_path: Path) -> None:
    result = run(as_csv(tmp_path, table()), tmp_path / "out.parquet")
    assert result.exit_code == 0, result.output
    out = pq.read_table(tmp_path / "out.parquet")
    assert [str(out.schema.field(name).type) for name in COLUMNS[:3]] == ["string", "timestamp[us, tz=UTC]", "double"]
    assert same(out, scored(tmp_path, table(), out="direct.parquet"))


def test_csv_with_numbers_as_times_keeps_them(tmp_path: Path) -> None:
    path = as_csv(tmp_path, table().set_column(1, "ts", pa.array(hours())))
    assert run(path, tmp_path / "out.parquet").exit_code == 0
    assert pq.read_table(tmp_path / "out.parquet")["ts"].equals(pa.chunked_array([hours()]))


def test_parquet_in_and_csv_out_can_be_read_again(tmp_path: Path) -> None:
    pq.write_table(table().set_column(0, "series", pa.array(["a"] * 480).dictionary_encode()), tmp_path / "in.parquet")
    assert run(tmp_path / "in.parquet", tmp_path / "out.csv").exit_code == 0
    again = run(tmp_path / "out.csv", tmp_path / "again.parquet")
    assert again.exit_code == 0, again.output
    assert same(pq.read_table(tmp_path / "again.parquet"), scored(tmp_path, table(), out="direct.parquet"))


def test_what_was_done_is_said_in_words_or_as_json(tmp_path: Path) -> None:
    pq.write_table(table(), tmp_path / "in.parquet")
    words = run(tmp_path / "in.parquet", tmp_path / "out.parquet")
    assert words.stderr == ""
    assert "480 points of 1 series scored" in words.stdout
    said = json.loads(run(tmp_path / "in.parquet", tmp_path / "out.parquet", "--json").stdout)
    alert = column(pq.read_table(tmp_path / "out.parquet"), "alert")
    assert (said["rows"], said["series"], said["false_alerts_per_month"], said["odd"]) == (480, 1, 1.0, {})
    assert said["alert_points"] == alert.sum()
    assert said["alerts"] == (np.diff(np.r_[False, alert].astype(int)) == 1).sum()
    assert (said["in"], said["out"]) == (str(tmp_path / "in.parquet"), str(tmp_path / "out.parquet"))


def test_an_earlier_out_is_replaced_whole(tmp_path: Path) -> None:
    (tmp_path / "out.parquet").write_text("old")
    assert len(scored(tmp_path, table())) == 480
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.parquet", "out.parquet"]
