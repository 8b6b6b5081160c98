"""`watchkeeper assess`: poor data gets a report that says so, never a traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from watchkeeper.assess.data import check_data
from watchkeeper.assess.record import Assessment
from watchkeeper.cli import main

RECORD = "data: in.csv\nrow: one visit\ntarget: bought\ntime: day\nentity: user\n"


def rows(n: int = 200, day: str = "2026-01-{:02d}", bought: str | None = None) -> str:
    lines = [f"{day.format(i % 28 + 1)},u{i % 7},{bought or i % 2},,{i}" for i in range(n)]
    return "\n".join(["day,user,bought,empty,amount", *lines]) + "\n"


def assess(folder: Path, csv: str, record: str = RECORD, *options: str) -> Result:
    (folder / "in.csv").write_text(csv)
    (folder / "a.yaml").write_text(record)
    result = CliRunner().invoke(main, ["assess", str(folder / "a.yaml"), *options])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_good_data_can_be_worked_with(tmp_path: Path) -> None:
    report = json.loads(assess(tmp_path, rows(), RECORD, "--json").stdout)
    told = report["parts"][0]
    assert told["headline"].startswith("The data can be worked with")
    words = {each["about"]: (each["verdict"], each["words"]) for each in told["facts"]["findings"]}
    assert words["data"] == ("fact", "200 rows (one visit), 5 columns")
    assert words["target"] == ("fact", "bought has 2 values, most often 0 (50.0 %)")
    assert words["time"][1].startswith("day from 2026-01-01")
    assert words["entity"] == ("fact", "7 of user, the middle one has 29 rows, 0 have 1")
    assert words["empty"][0] == "warn"


@pytest.mark.parametrize(
    ("csv", "record", "words"),
    [
        (rows(12), RECORD, "12 rows (one visit): a share measured on them is known to ±28 points"),
        (rows(0), RECORD, "0 rows (one visit): it is empty"),
        (rows(bought="1"), RECORD, "bought is 1 in every row: there is nothing to predict"),
        (rows(), RECORD.replace("bought", "empty"), "empty is missing in every row: there is nothing"),
        (rows(), RECORD.replace("day", "empty"), "time: empty holds null, not times"),
        (rows(day="{}/1/26"), RECORD, "day holds string, not times; write dates as 2026-11-23"),
        (rows(), RECORD.replace("user", "usr"), "entity: there is no column usr; did you mean user?"),
        (rows(), RECORD + "protected: [gender]\n", "protected: there is no column gender"),
        (rows(), RECORD + "positive: 7\n", "bought is never 7"),
        (rows(), RECORD + "metric: mae\n", "mae does not fit bought (binary)"),
        (rows(), RECORD.replace("target: bought", "target: user") + "above: 3\n", "user holds string; above needs"),
    ],
)
def test_poor_data_is_named_with_the_mend(tmp_path: Path, csv: str, record: str, words: str) -> None:
    result = assess(tmp_path, csv, record)
    assert result.exit_code == 0
    assert "The data must be mended first" in result.stdout
    assert words in result.stdout


def test_a_row_limit_is_told() -> None:
    record = Assessment(data="in.csv", row="one visit", target="bought", max_rows=150)
    for given, is_cut in ((200, True), (150, False)):
        table = pa.table({"bought": [one % 2 for one in range(given)]})
        told = [each.words for each in check_data(record, table)]
        assert any("only the first 150 rows are read" in words for words in told) is is_cut


@pytest.mark.parametrize(
    ("record", "code", "words"),
    [
        ("- a\n", 4, "expected a mapping with data, row and target"),
        (RECORD + "tagret: x\n", 4, "tagret"),
        (RECORD + "max_rows: 0\n", 4, "max_rows: 0 is below 1"),
        ("data: in.csv\n", 4, "missing required field `row`"),
        (RECORD.replace("in.csv", "no.csv"), 3, "no.csv: no such file"),
        (RECORD.replace("in.csv", "in.xls"), 3, "must be a .parquet or a .csv file"),
    ],
)
def test_a_record_that_cannot_be_is_refused(tmp_path: Path, record: str, code: int, words: str) -> None:
    result = assess(tmp_path, rows(), record)
    assert result.exit_code == code
    assert words in result.stderr


def test_columns_of_lists_are_told_and_columns_named_twice_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"bought": [[1]] * 200, "tags": [["a"]] * 200}), tmp_path / "in.parquet")
    record = "data: in.parquet\nrow: one visit\ntarget: bought\n"
    assert "name a column of single values" in assess(tmp_path, rows(), record).stdout
    result = assess(tmp_path, "bought,a,a\n1,2,3\n", "data: in.csv\nrow: one visit\ntarget: bought\n")
    assert result.exit_code == 3
    assert "in.csv" in result.stderr
