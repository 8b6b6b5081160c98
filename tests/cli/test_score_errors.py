"""`watchkeeper score` when it cannot: the file, the column, the row and the mend, an exit code, and no output file."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.points import run, table

INPUT, USAGE, INTERRUPTED = 3, 2, 130


def refused(folder: Path, source: object, *options: object, out: str = "out.parquet", code: int = INPUT) -> str:
    """Standard error of a call that must fail with this code and leave nothing behind."""
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    result = run(source, folder / out, *options)
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    assert result.stdout == ""
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before, "a file was made or changed"
    return result.stderr


def csv(folder: Path, text: str) -> Path:
    (folder / "in.csv").write_text(text)
    return folder / "in.csv"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty; there is nothing to read"),
        ("series,ts,value\n", "holds no rows; there is nothing to read"),
        ("series,time,value\na,2024-01-01,1\n", "has no column ts; there are series, time, value. Rename the column"),
        (
            "series,ts,value\na,2024-01-01,1\na,2024-01-02,many\n",
            "column value, row 2: 'many' is not a number; write it",
        ),
        (
            "series,ts,value\na,2024-01-01,1\na,yesterday,2\n",
            "column ts, row 2: 'yesterday' is not a time; write it as",
        ),
        ("series,ts,value\na,,1\n", "column ts, row 1: there is no time; every row needs one"),
        ("series,ts,value\na,2024-01-01,1\na,2024-01-02\n", "cannot be read as CSV: Row #3: Expected 3 columns, got 2"),
    ],
)
def test_a_csv_file_that_cannot_be_read(tmp_path: Path, text: str, message: str) -> None:
    path = csv(tmp_path, text)
    err = refused(tmp_path, path)
    assert err.startswith(f"watchkeeper: {path}: ")
    assert message in err
    assert err.count("\n") == 1


def test_a_parquet_file_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    for rows, message in (
        (table()[:0], "holds no rows"),
        (table().drop_columns("ts"), "has no column ts; there are series, value"),
        (table(value=["1"] * 479 + ["x"]), "column value, row 480: 'x' is not a number"),
        (table().set_column(1, "ts", pa.array(["soon"] * 480)), "column ts, row 1: 'soon' is not a time"),
        (table(names=[["a"]] * 480), "column series holds list<"),
    ):
        pq.write_table(rows, path)
        assert message in refused(tmp_path, path)
    path.write_bytes(b"PAR1")
    assert "cannot be read as Parquet" in refused(tmp_path, path)


def test_files_that_are_not_there_or_not_files(tmp_path: Path) -> None:
    assert "no.parquet: there is no such file" in refused(tmp_path, tmp_path / "no.parquet")
    (tmp_path / "folder.csv").mkdir()
    assert "folder.csv: is not a file" in refused(tmp_path, tmp_path / "folder.csv")


def test_suffixes_that_are_not_known(tmp_path: Path) -> None:
    path = csv(tmp_path, "series,ts,value\na,2024-01-01,1\n")
    assert "out.xlsx: files end in .parquet or .csv; rename it" in refused(tmp_path, path, out="out.xlsx")
    path = path.rename(tmp_path / "in.txt")
    assert "in.txt: files end in .parquet or .csv" in refused(tmp_path, path)


def test_in_is_not_out(tmp_path: Path) -> None:
    path = csv(tmp_path, "series,ts,value\na,2024-01-01,1\n")
    assert "is the file that is read; name another file to write" in refused(tmp_path, path, out="in.csv")
    (tmp_path / "link.csv").symlink_to(path)
    assert "is the file that is read" in refused(tmp_path, path, out="link.csv")


def test_an_out_that_cannot_be_written(tmp_path: Path) -> None:
    path = csv(tmp_path, "series,ts,value\na,2024-01-01,1\n")
    assert "there is no folder" in refused(tmp_path, path, out="no/such/out.csv")
    (tmp_path / "folder.csv").mkdir()
    assert "is a folder; name a file to write" in refused(tmp_path, path, out="folder.csv")


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = csv(tmp_path, "series,ts,value\na,2024-01-01,1\n")
    (tmp_path / "out.parquet").write_text("before")

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", full)
    assert "out.parquet: cannot be written: No space left on device" in refused(tmp_path, path)
    assert (tmp_path / "out.parquet").read_text() == "before"


def test_an_interruption_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = csv(tmp_path, "series,ts,value\na,2024-01-01,1\n")

    def interrupted(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pq, "write_table", interrupted)
    assert refused(tmp_path, path, code=INTERRUPTED) == "watchkeeper: interrupted\n"


@pytest.mark.parametrize("budget", ["0", "-1", "nan", "inf", "often", ""])
def test_a_budget_is_a_number_above_zero(tmp_path: Path, budget: str) -> None:
    path = csv(tmp_path, "series,ts,value\na,2024-01-01,1\n")
    err = refused(tmp_path, path, "--false-alerts-per-month", budget, code=USAGE)
    assert "Invalid value for '--false-alerts-per-month'" in err


def test_usage_errors_have_their_own_code(tmp_path: Path) -> None:
    assert "Missing argument 'IN'" in run().stderr
    assert run().exit_code == USAGE
    assert "Missing argument 'OUT'" in run("in.csv").stderr
    assert "No such option" in refused(tmp_path, "in.csv", "--quickly", code=USAGE)


def test_feedback_that_cannot_be_read(tmp_path: Path) -> None:
    path = csv(tmp_path, "series,ts,value\na,2024-01-01,1\n")
    answers = tmp_path / "answers.jsonl"
    assert "answers.jsonl: cannot be read: No such file" in refused(tmp_path, path, "--feedback", answers)
    for line, message in (
        ("{", "line 2: not a JSON object; write one object a line, such as"),
        ('{"kind": "event"}', "line 2: needs the key `given_at`"),
        ('{"kind": "perhaps", "given_at": "2024-01-01"}', "line 2: kind 'perhaps' is not known; use one of real, "),
        ('{"kind": "event", "given_at": "soon"}', "line 2: given_at: 'soon' is not a time; write it as"),
    ):
        answers.write_text(f"\n{line}\n")
        err = refused(tmp_path, path, "--feedback", answers)
        assert err.startswith(f"watchkeeper: {answers}: {message}")
