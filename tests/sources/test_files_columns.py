"""Columns of any type as codes, seconds and numbers."""

from __future__ import annotations

import datetime as dt
import decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from watchkeeper.domain.errors import InputError
from watchkeeper.sources.columns import Rows, read_rows

NEW_YEAR = 1_704_067_200


def rows(series: Any = None, ts: Any = None, value: Any = None) -> Rows:
    given = [column for column in (series, ts, value) if column is not None]
    size = len(given[0])
    return read_rows(
        pa.table(
            {
                "series": ["a"] * size if series is None else series,
                "ts": list(range(size)) if ts is None else ts,
                "value": [1.0] * size if value is None else value,
            }
        ),
        "table",
    )


@pytest.mark.parametrize(
    "ts",
    [
        *(
            pa.array([NEW_YEAR], pa.int64()).cast(pa.timestamp("s")).cast(pa.timestamp(unit))
            for unit in ("s", "ms", "us", "ns")
        ),
        *(
            pa.array([NEW_YEAR], pa.int64()).cast(pa.timestamp("s", zone)).cast(pa.timestamp("ns", zone))
            for zone in ("UTC", "America/New_York", "+02:00")
        ),
        pa.array([dt.date(2024, 1, 1)]),
        pa.array([dt.date(2024, 1, 1)], pa.date64()),
        pa.array([NEW_YEAR]),
        pa.array([NEW_YEAR], pa.uint32()),
        pa.array([NEW_YEAR * 1000]),
        pa.array([NEW_YEAR * 1_000_000]),
        pa.array([NEW_YEAR * 1_000_000_000]),
        pa.array([NEW_YEAR + 0.75]),
        pa.array(["2024-01-01"]),
        pa.array(["20240101"]),
        pa.array(["2024-01-01T00:00"], pa.large_string()),
        pa.array(["2024-01-01 00:00:00.000"], pa.string_view()),
        pa.array(["2024-01-01T00:00:00.123456789"]),
        pa.array(["2024-01-01T00:00:00Z"]),
        pa.array(["2024-01-01 01:00:00+01:00"]),
        pa.array(["20240101T010000+0100"]),
        pa.array(["  2024-01-01  "]).dictionary_encode(),
        pa.array([str(NEW_YEAR)]),
        pa.array([f"{NEW_YEAR}.5"]),
        pa.array([str(NEW_YEAR * 1000)]),
    ],
    ids=str,
)
def test_a_time_of_any_kind_is_seconds(ts: pa.Array) -> None:
    found = rows(ts=ts)
    assert found.time.dtype == np.int64
    assert found.time.tolist() == [NEW_YEAR]


def test_times_may_mix_offsets_and_none() -> None:
    assert rows(ts=["2024-01-01", "2024-01-01T01:00:00+01:00"]).time.tolist() == [NEW_YEAR, NEW_YEAR]


def test_times_before_1970_go_down() -> None:
    assert rows(ts=pa.array([-1, -1000], pa.timestamp("ms"))).time.tolist() == [-1, -1]


@pytest.mark.parametrize(
    ("kind", "zone"),
    [(None, "UTC"), ("UTC", "UTC"), ("Europe/Berlin", "Europe/Berlin"), ("+02:00", "UTC"), ("Nowhere/Land", "UTC")],
)
def test_the_wall_clock_is_that_of_the_column(kind: str | None, zone: str) -> None:
    assert rows(ts=pa.array([0], pa.timestamp("us", kind))).zone == zone


@pytest.mark.parametrize(
    ("ts", "told"),
    [
        (["2024-01-01", "yesterday"], "column ts, row 2: 'yesterday' is not a time; write it as 2026-"),
        (["01/02/2024"], "column ts, row 1: '01/02/2024' is not a time"),
        (["2024-01-01", "2024-02-30"], "column ts, row 2: '2024-02-30' is not a time"),
        (["2024-01-01", " "], "column ts, row 2: there is no time; every row needs one"),
        (["2024-01-01", None], "column ts, row 2: there is no time"),
        (pa.array([None, None], pa.string()), "column ts, row 1: there is no time"),
        (pa.array([None]), "column ts, row 1: there is no time"),
        (pa.array([0, None], pa.timestamp("us")), "column ts, row 2: there is no time"),
        ([1.0, float("nan")], "column ts, row 2: there is no time"),
        ([1.0, float("inf")], "column ts, row 2: inf is not a time"),
        (["5", "inf"], "column ts, row 2: inf is not a time"),
        (pa.array([True]), "column ts holds bool; times are timestamps, ISO text or numbers since 1970"),
        (pa.array([dt.time(1)]), "column ts holds time64"),
    ],
)
def test_a_time_that_cannot_be_read_is_named(ts: Any, told: str) -> None:
    with pytest.raises(InputError) as caught:
        rows(ts=ts)
    assert str(caught.value).startswith(f"table: {told}")


@pytest.mark.parametrize(
    "series",
    [
        pa.array(["a", "b", "a"]),
        pa.array(["a", "b", "a"]).dictionary_encode(),
        pa.array(["a", "b", "a"], pa.string_view()),
        pa.array(["a", None, "a"]),
        pa.array([7, 8, 7]),
        pa.array([0.5, float("nan"), 0.5]),
        pa.array([True, False, True]),
        pa.array([dt.date(2024, 1, 1), dt.date(2024, 1, 2), dt.date(2024, 1, 1)]),
        pa.array([b"a", b"b", b"a"]),
        pa.array([decimal.Decimal("1.5"), decimal.Decimal("2.5"), decimal.Decimal("1.5")]),
        pa.chunked_array([["a"], ["b", "a"]]),
        pa.chunked_array([pa.array(["a"]).dictionary_encode(), pa.array(["b", "a"]).dictionary_encode()]),
    ],
    ids=lambda column: str(column.type),
)
def test_a_series_may_be_any_scalar(series: Any) -> None:
    found = rows(series=series)
    assert found.series.tolist() == [0, 1, 0]
    assert str(found.names.to_pylist()) == str(series.to_pylist()[:2])


def test_no_name_at_all_is_one_series() -> None:
    assert rows(series=pa.array([None, None])).series.tolist() == [0, 0]


def test_a_nested_series_is_refused() -> None:
    with pytest.raises(InputError, match="table: column series holds list<item: int64>; a series is one value"):
        rows(series=pa.array([[1]]))


@pytest.mark.parametrize(
    ("value", "numbers"),
    [
        (pa.array([1, None], pa.int8()), [1, None]),
        (pa.array([2**63], pa.uint64()), [2.0**63]),
        (pa.array([1.5, None, float("nan")], pa.float32()), [1.5, None, None]),
        (np.array([1.5, 2], np.float16), [1.5, 2]),
        (pa.array([True, False]), [1, 0]),
        (pa.array([decimal.Decimal("1.25")]), [1.25]),
        (pa.array([None, None]), [None, None]),
        (pa.array([" 1.5", "-2e3", "+4", ".5", ""]), [1.5, -2000, 4, 0.5, None]),
        (pa.array(["NaN", "null", "NA", "n/a", "None", None, "#N/A"]), [None] * 7),
        (pa.array(["1", "2"]).dictionary_encode(), [1, 2]),
    ],
)
def test_a_value_may_be_any_number(value: Any, numbers: list[float | None]) -> None:
    found = rows(value=value)
    assert found.value.dtype == np.float64
    assert [None if np.isnan(one) else one for one in found.value] == numbers


def test_an_infinite_value_is_missing_and_counted() -> None:
    found = rows(value=[1.0, float("inf"), float("-inf"), None])
    assert np.isfinite(found.value).tolist() == [True, False, False, False]
    assert found.infinite == 2


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (["1", "2", "many", "x"], "column value, row 3: 'many' is not a number; write it with digits"),
        (["1,5"], "column value, row 1: '1,5' is not a number"),
        (["", "-"], "column value, row 2: '-' is not a number"),
        (pa.array([b"1"]), "column value holds binary; values are numbers"),
        (pa.array([dt.date(2024, 1, 1)]), "column value holds date32"),
    ],
)
def test_text_in_a_number_is_named(value: Any, told: str) -> None:
    with pytest.raises(InputError) as caught:
        rows(value=value)
    assert str(caught.value).startswith(f"table: {told}")


def test_the_bad_row_is_found_far_down() -> None:
    value = ["1"] * 1000
    value[617] = "x"
    value[800] = "y"
    with pytest.raises(InputError, match="row 618: 'x'"):
        rows(value=value)


@pytest.mark.parametrize("names", [["series", "ts"], ["series", "ts", "value", "value"]])
def test_a_table_needs_its_columns_once(names: list[str]) -> None:
    table = pa.Table.from_arrays([pa.array([1])] * len(names), names)
    with pytest.raises(InputError, match=r"table: needs one column value; there are series, ts"):
        read_rows(table, "table")


def test_a_table_needs_rows() -> None:
    with pytest.raises(InputError, match="table: holds no rows"):
        read_rows(pa.table({"series": [], "ts": [], "value": []}), "table")
