"""Files of points to be pushed: the same rows from CSV, Parquet and JSON; what is wrong is named with its place."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from watchkeeper.domain.errors import InputError
from watchkeeper.sources.push_file import read_push_file

ROWS = [
    {"time": "2026-06-01T12:00:00Z", "value": 3.0, "country": "DE"},
    {"time": "2026-06-01T13:00:00Z", "value": None, "country": None},
]
CSV = "time,value,country\n2026-06-01T12:00:00Z,3,DE\n2026-06-01T13:00:00Z,,\n"


def written(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text)
    return folder / name


def pieces(path: Path, rows: int = 10) -> list[tuple[int, dict[str, Any]]]:
    return list(read_push_file(path).pieces(rows))


def test_every_kind_of_file_gives_the_same_rows(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "a.parquet")
    columns = {name: [row[name] for row in ROWS] for name in ROWS[0]}
    files = [
        tmp_path / "a.parquet",
        written(tmp_path, "a.csv", CSV),
        written(tmp_path, "lines.jsonl", "\n".join(json.dumps(row) for row in ROWS) + "\n"),
        written(tmp_path, "list.json", json.dumps(ROWS, indent=1)),
        written(tmp_path, "columns.json", json.dumps(columns, indent=1)),
    ]
    hour = 1780315200
    expected = {"time": [hour, hour + 3600], "value": [3.0, None], "dimensions": {"country": ["DE", None]}}
    for file in files:
        assert pieces(file) == [(0, expected)], file.name


def test_a_file_comes_in_pieces_with_all_its_numbers(tmp_path: Path) -> None:
    text = "time,value,cases,group_size\n" + "".join(f"{3600 * hour},0.5,{hour},9\n" for hour in range(1, 6))
    found = pieces(written(tmp_path, "rates.csv", text), rows=2)
    assert [first for first, _ in found] == [0, 2, 4]
    assert found[-1][1] == {"time": [18000], "value": [0.5], "cases": [5.0], "group_size": [9.0], "dimensions": {}}


def test_json_may_write_a_number_as_text_in_some_rows(tmp_path: Path) -> None:
    rows = '{"time": 1, "value": 2.5, "shop": 7}\n{"time": 2, "value": "3", "shop": "x"}\n{"time": 3, "value": null}\n'
    ((_, found),) = pieces(written(tmp_path, "mixed.jsonl", rows), rows=9)
    assert found == {"time": [1, 2, 3], "value": [2.5, 3.0, None], "dimensions": {"shop": ["7", "x", None]}}


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.txt", "x", "files end in .csv, .parquet, .json, .jsonl"),
        ("a.csv", "when,value\n1,2\n", "has no column time; there are when, value"),
        ("a.csv", "time,value\n2026-06-01,2\nyesterday,2\n", "column time, row 2: 'yesterday' is not a time"),
        ("a.csv", "time,value\n2026-06-01,two\n", "column value, row 1: 'two' is not a number"),
        ("a.csv", "time,value\n2026-06-01,inf\n", "column value has 1 infinite values"),
        ("a.json", '{"time": 1, "value": 2}\n{"time": ', "line 2 is no JSON"),
        (
            "a.jsonl",
            '{"time": 1, "value": 2}\n{"time": 2, "value": "two"}\n',
            "column value, row 2: 'two' is not a number",
        ),
        ("a.json", '{"time": [1, 2], "value": [3, "two"]}', "column value, row 2: 'two' is not a number"),
        ("a.json", "[1, 2]", "its rows are no table"),
        ("a.json", '{"time": [1, 2], "value": [3]}', "its rows are no table"),
        ("a.json", '{"value": 3}', "has no column time; there are value"),
        ("a.json", '{"time": 1, "value": 3, "to": {"a": 1}}', "a dimension is one text a row"),
        ("a.json", "[]", "holds no rows"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, name: str, text: str, says: str) -> None:
    with pytest.raises(InputError, match=f"{re.escape(str(tmp_path / name))}: .*{re.escape(says)}"):
        read_push_file(written(tmp_path, name, text))


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        read_push_file(tmp_path / "none.csv")
