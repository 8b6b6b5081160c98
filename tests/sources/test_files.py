"""Files read and written: Parquet and CSV, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from watchkeeper.domain.errors import InputError
from watchkeeper.sources.files import check_paths, read_table, write_table

TABLE = pa.table({"series": ["a", "b"], "ts": pa.array([0, 60_000_000], pa.timestamp("us")), "value": [1.5, None]})


def write_text(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_parquet_keeps_its_types_and_loses_other_columns(tmp_path: Path) -> None:
    pq.write_table(TABLE.append_column("more", [["x"], ["y"]]).select([3, 2, 1, 0]), tmp_path / "in.PARQUET")
    assert read_table(tmp_path / "in.PARQUET").equals(TABLE)


@pytest.mark.parametrize(
    "text",
    [
        "series,ts,value\n007,2024-01-01,1.50\n",
        "value;series;more;ts\n1.50;007;x;2024-01-01\n",
        "ts\tseries\tvalue\n2024-01-01\t007\t1.50\n",
        b"\xef\xbb\xbfseries,ts,value\r\n007,2024-01-01,1.50\r\n",
        '"series","ts","value"\n"007","2024-01-01","1.50"',
        " series , ts , value\n007,2024-01-01,1.50\n\n\n",
        "\n\nseries,ts,value\n007,2024-01-01,1.50\n",
    ],
)
def test_csv_is_text_as_it_stands(tmp_path: Path, text: str | bytes) -> None:
    table = read_table(write_text(tmp_path / "in.csv", text))
    assert table.to_pylist() == [{"series": "007", "ts": "2024-01-01", "value": "1.50"}]


def test_csv_with_line_breaks_and_quotes_in_names(tmp_path: Path) -> None:
    table = read_table(write_text(tmp_path / "in.csv", 'series,ts,value\n"a ""b"",\nc",1,2\n'))
    assert table["series"].to_pylist() == ['a "b",\nc']
    write_table(tmp_path / "out.csv", table)
    assert read_table(tmp_path / "out.csv").equals(table)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("in.csv", "", "is empty"),
        ("in.csv", "\n\n", "is empty"),
        ("in.csv", "series,ts,value\n", "holds no rows"),
        ("in.csv", "series,ts,value", "holds no rows"),
        ("in.csv", "series,time,value\na,1,2\n", "has no column ts; there are series, time, value. Rename"),
        ("in.csv", "a,1,2\nb,3,4\n", "has no column series; there are a, 1, 2"),
        ("in.csv", "series,ts,value,value\na,1,2,3\n", "has the column value more than once"),
        ("in.csv", "series,ts,value\na,1,2\nb,3\n", "Row #3: Expected 3 columns, got 2: b,3"),
        ("in.csv", b"series,ts,value\n\xff\xfe,1,2\n", "is not UTF-8 text; save it as UTF-8"),
        ("in.csv", "series,ts,value\na,1,2\n".encode("utf-16"), "is not UTF-8 text"),
        ("in.parquet", "", "is empty"),
        ("in.parquet", "series,ts,value\na,1,2\n", "cannot be read as Parquet"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str, text: str | bytes, told: str) -> None:
    path = write_text(tmp_path / name, text)
    with pytest.raises(InputError) as caught:
        read_table(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert told in str(caught.value)


def test_parquet_without_rows_or_columns_is_named(tmp_path: Path) -> None:
    pq.write_table(TABLE[:0], tmp_path / "in.parquet")
    with pytest.raises(InputError, match=r"in\.parquet: holds no rows"):
        read_table(tmp_path / "in.parquet")
    pq.write_table(TABLE.drop_columns("value"), tmp_path / "in.parquet")
    with pytest.raises(InputError, match=r"has no column value; there are series, ts\. Rename"):
        read_table(tmp_path / "in.parquet")


def test_a_truncated_parquet_file_is_named(tmp_path: Path) -> None:
    pq.write_table(TABLE, tmp_path / "whole.parquet")
    path = write_text(tmp_path / "in.parquet", (tmp_path / "whole.parquet").read_bytes()[:-20])
    with pytest.raises(InputError, match=r"in\.parquet: cannot be read"):
        read_table(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    path = write_text(tmp_path / "in.csv", "series,ts,value\na,1,2\n")
    path.chmod(0)
    with pytest.raises(InputError, match=r"in\.csv: cannot be read: Permission denied"):
        read_table(path)


def test_paths_that_cannot_end_well_are_refused_first(tmp_path: Path) -> None:
    there = write_text(tmp_path / "in.csv", "x")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "link.csv").symlink_to(there)
    (tmp_path / "hard.csv").hardlink_to(there)
    out = tmp_path / "out.csv"
    for source, target, told in (
        (tmp_path / "in.json", out, r"in\.json: files end in \.parquet or \.csv"),
        (there, tmp_path / "out", r"out: files end in"),
        (tmp_path / "no.csv", out, r"no\.csv: there is no such file"),
        (tmp_path / "folder.csv", out, r"folder\.csv: is not a file"),
        (there, there, r"in\.csv: is the file that is read; name another"),
        (there, tmp_path / "link.csv", "is the file that is read"),
        (there, tmp_path / "hard.csv", "is the file that is read"),
        (there, tmp_path / "folder.csv", r"folder\.csv: is a folder"),
        (there, tmp_path / "no" / "out.csv", r"out\.csv: there is no folder .*/no; make it first"),
    ):
        with pytest.raises(InputError, match=told):
            check_paths(source, target)
    check_paths(there, out)
    assert not out.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_may_not_be_written_is_refused_first(tmp_path: Path) -> None:
    there = write_text(tmp_path / "in.csv", "x")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    with pytest.raises(InputError, match="does not let files be written"):
        check_paths(there, closed / "out.csv")


def test_csv_is_written_plainly(tmp_path: Path) -> None:
    write_table(tmp_path / "out.csv", TABLE.append_column("alert", [[True, False]]))
    assert (tmp_path / "out.csv").read_text() == (
        "series,ts,value,alert\na,1970-01-01 00:00:00.000000,1.5,true\nb,1970-01-01 00:01:00.000000,,false\n"
    )


def test_csv_quotes_a_name_that_needs_it(tmp_path: Path) -> None:
    write_table(tmp_path / "out.csv", pa.table({"series": ["a,b", 'c"d', "e"], "value": [1, 2, 3]}))
    assert pa_csv.read_csv(tmp_path / "out.csv").to_pydict() == {"series": ["a,b", 'c"d', "e"], "value": [1, 2, 3]}


def test_numbers_come_back_to_the_bit(tmp_path: Path) -> None:
    value = np.random.default_rng(0).normal(size=1000) * 10.0 ** np.arange(-300, 300, 0.6)
    write_table(tmp_path / "out.csv", pa.table({"value": value}))
    assert (pa_csv.read_csv(tmp_path / "out.csv")["value"].to_numpy() == value).all()


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_nothing_half_written_stays(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = write_text(tmp_path / name, "what stood there")

    def interrupted(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_table(before, TABLE)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert before.read_text() == "what stood there"


def test_what_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"out\.csv: cannot be written: No space left on device; nothing was left"):
        write_table(tmp_path / "out.csv", TABLE)
    assert list(tmp_path.iterdir()) == []


def test_a_link_is_followed_when_written(tmp_path: Path) -> None:
    (tmp_path / "real.parquet").touch()
    (tmp_path / "link.parquet").symlink_to("real.parquet")
    write_table(tmp_path / "link.parquet", TABLE)
    assert (tmp_path / "link.parquet").is_symlink()
    assert pq.read_table(tmp_path / "real.parquet").equals(TABLE)
