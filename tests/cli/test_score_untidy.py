"""`watchkeeper score` on untidy files: every row is answered in its place, and what was odd is counted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import watchkeeper
from tests.cli.points import BEGIN, COLUMNS, HOUR, column, hours, micros, run, same, scored, shuffled, table, values


def told(folder: Path, rows: pa.Table, **feedback: Path) -> tuple[pa.Table, str, dict[str, int]]:
    """(OUT, standard error, counts of what was odd)."""
    pq.write_table(rows, folder / "in.parquet")
    options = [f"--{name}={path}" for name, path in feedback.items()]
    result = run(folder / "in.parquet", folder / "out.parquet", "--json", *options)
    assert result.exit_code == 0, result.output
    return pq.read_table(folder / "out.parquet"), result.stderr, json.loads(result.stdout)["odd"]


def test_a_tidy_file_has_nothing_odd(tmp_path: Path) -> None:
    _, err, odd = told(tmp_path, table())
    assert (err, odd) == ("", {})


def test_rows_out_of_order_are_counted(tmp_path: Path) -> None:
    rows = table()
    moved = rows.take([*range(100), 103, 100, 101, 102, *range(104, 480)])
    out, err, odd = told(tmp_path, moved)
    assert odd == {"rows_out_of_order": 3}
    assert "in.parquet: 3 rows lay before an earlier row of their series in time" in err
    assert out["ts"].equals(moved["ts"])


def test_series_that_take_turns_are_not_out_of_order(tmp_path: Path) -> None:
    both = pa.concat_tables([table(), table("b")]).sort_by([("ts", "ascending"), ("series", "descending")])
    assert told(tmp_path, both)[2] == {}


def test_the_hour_that_daylight_saving_repeats(tmp_path: Path) -> None:
    """Both rows of a repeated time are answered, in the order of the file, and nothing else moves."""
    seconds = hours()
    seconds[241:] -= HOUR
    rows = table(seconds=seconds)
    out, err, odd = told(tmp_path, rows)
    assert odd == {"rows_at_a_repeated_time": 1}
    assert "1 row repeats a time of its series; it was scored in the order of the file" in err
    assert len(out) == 480
    assert out["score"][240:242].null_count == 0
    mixed = pa.concat_tables([rows[300:], rows[:300]])
    again, _, odd = told(tmp_path, mixed)
    assert same(again, pa.concat_tables([out[300:], out[:300]]))
    assert odd == {"rows_out_of_order": 300, "rows_at_a_repeated_time": 1}


def test_a_spike_in_a_repeated_hour_is_found_in_either_row(tmp_path: Path) -> None:
    seconds = hours()
    seconds[300:] -= HOUR
    for spiked in (299, 300):
        value = values()
        value[300:302] -= 80
        value[spiked] += 80
        out, *_ = told(tmp_path, table(seconds=seconds, value=value))
        assert column(out, "alert")[spiked]


def test_gaps_are_counted(tmp_path: Path) -> None:
    keep = np.r_[0:100, 101:200, 210:480]
    out, err, odd = told(tmp_path, table().take(keep))
    assert odd == {"gaps": 2, "steps_in_gaps": 11}
    assert "2 gaps between rows of a series, 11 steps without a row" in err
    assert len(out) == len(keep)
    assert out["score"][100:].null_count == 0


def test_missing_values_are_answered_without_a_score(tmp_path: Path) -> None:
    value = values()
    value[200] = np.nan
    value[201] = np.inf
    mixed = pa.array(value, mask=np.arange(480) == 202)
    out, err, odd = told(tmp_path, table(value=mixed))
    assert odd == {"missing_values": 2, "infinite_values": 1}
    assert "2 values are missing" in err
    assert "1 value is infinite and counts as missing" in err
    assert out["score"][200:203].to_pylist() == [None] * 3
    assert out["expected"][200:203].null_count == 0
    assert out["value"][202].as_py() is None
    assert out["score"][203].as_py() is not None


def test_missing_is_not_zero_and_is_not_told_as_a_drop(tmp_path: Path) -> None:
    value = values()
    value[200:210] = np.nan
    out, *_ = told(tmp_path, table(value=value))
    assert not column(out, "alert")[200:210].any()


def test_series_without_values_and_single_points(tmp_path: Path) -> None:
    rows = pa.concat_tables(
        [
            table("empty", hours(50), [None] * 50),
            table("one", [BEGIN], [5.0]),
            table("none", [BEGIN], pa.array([None], pa.float64())),
            table("two", [BEGIN, BEGIN], [5.0, 6.0]),
            table(),
        ],
        promote_options="permissive",
    )
    out, err, odd = told(tmp_path, rows)
    assert odd == {
        "rows_at_a_repeated_time": 1,
        "missing_values": 51,
        "series_without_values": 2,
        "series_of_one_point": 2,
    }
    assert "2 series hold no value at all" in err
    assert "2 series are single points" in err
    assert out["series"].equals(rows["series"])
    assert out["score"][:54].null_count == 54
    assert not any(out["alert"][:54].to_pylist())
    assert same(out[54:], scored(tmp_path, table()))


def test_rows_without_a_name_are_a_series(tmp_path: Path) -> None:
    rows = table(names=pa.array([None] * 480, pa.string()))
    out, err, odd = told(tmp_path, rows)
    assert odd == {"rows_without_series_name": 480}
    assert "480 rows name no series; they are one series without a name" in err
    assert same(out, scored(tmp_path, table()), COLUMNS[1:])


def test_a_constant_a_shift_and_extremes_are_answered(tmp_path: Path) -> None:
    for value in (np.zeros(480), np.r_[np.zeros(240), np.ones(240)], np.geomspace(1e-9, 1e18, 480)):
        out, *_ = told(tmp_path, table(value=value))
        assert out["score"][100:].null_count == 0
        assert np.isfinite(column(out, "score")[100:]).all()


def test_times_far_apart_are_answered(tmp_path: Path) -> None:
    seconds = np.r_[BEGIN - 10**9, hours(100), BEGIN + 10**9]
    out, _, odd = told(tmp_path, table(seconds=seconds, value=np.ones(102)))
    assert len(out) == 102
    assert odd["gaps"] == 2


def test_finer_than_a_minute_and_coarser_than_a_day_are_answered(tmp_path: Path) -> None:
    for step in (1, 10, 7 * 86400):
        out, *_ = told(
            tmp_path, table(seconds=BEGIN + np.arange(600) * step, value=np.random.default_rng(0).normal(9, 1, 600))
        )
        assert len(out) == 600
        assert out["score"][-1].as_py() is not None


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10_000))
def test_order_never_matters_between_times(seed: int) -> None:
    """Any order of the rows gives each row the answer it has in order of time, as long as no time repeats."""
    rng = np.random.default_rng(seed)
    parts = [
        table(str(k), np.sort(rng.choice(hours(300), size, replace=False)), rng.normal(100, 5, size))
        for k, size in enumerate(rng.integers(1, 120, 4))
    ]
    tidy = pa.concat_tables(parts)
    mixed, order = shuffled(tidy, seed)
    assert same(watchkeeper.score(mixed), watchkeeper.score(tidy).take(order))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10_000))
def test_every_row_of_any_table_is_answered_in_place(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 400))
    value = rng.normal(rng.choice([0.0, 100.0]), 5, size)
    value[rng.random(size) < 0.1] = rng.choice([np.nan, np.inf, -np.inf])
    rows = pa.table(
        {
            "series": pa.array(rng.integers(0, 4, size), mask=rng.random(size) < 0.02),
            "ts": micros(BEGIN + rng.integers(0, 300, size) * rng.choice([60, 3600, 86400])),
            "value": value,
        }
    )
    out = watchkeeper.score(rows)
    assert out.column_names == COLUMNS
    assert out.select(["series", "ts"]).equals(rows.select(["series", "ts"]))
    np.testing.assert_array_equal(column(out, "value"), value)
    missing = ~np.isfinite(value)
    assert not out["score"].is_valid().to_numpy()[missing].any()


@pytest.mark.parametrize("batch", [1, 100, 500, 10_000])
def test_a_big_file_is_scored_in_pieces(tmp_path: Path, batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, _ = shuffled(pa.concat_tables([table(str(k), value=values(seed=k)) for k in range(3)]))
    whole = watchkeeper.score(rows)
    monkeypatch.setattr("watchkeeper.watch.score_file.POINTS_AT_ONCE", batch)
    assert same(watchkeeper.score(rows), whole)
