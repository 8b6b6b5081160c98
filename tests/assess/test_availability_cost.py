"""Availability, cost and risks, and the whole report in each of its forms."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from tests.assess.tables import VISITS, visits
from watchkeeper.assess.availability import availability_part
from watchkeeper.assess.cost import dictionaries, measure_training
from watchkeeper.assess.frame import make_frame
from watchkeeper.assess.markdown import from_json, to_json, to_markdown
from watchkeeper.assess.report import Report
from watchkeeper.cli import main

DAY_S = 86_400
KEYS = [
    "data",
    "opportunity",
    "metric",
    "heuristics",
    "feasibility",
    "segments",
    "privacy",
    "availability",
    "cost",
    "risks",
]


class Written:
    """One report, made by the command, and the files it wrote."""

    def __init__(self, folder: Path) -> None:
        pq.write_table(visits(700), folder / "in.parquet")
        fields = {key: value for key, value in msgspec.to_builtins(VISITS).items() if value not in (None, "", [], ())}
        (folder / "a.yaml").write_text(json.dumps(fields | {"level": 0.7, "name": "Will <they> buy?"}))
        outs = [folder / f"a{suffix}" for suffix in (".html", ".md", ".json")]
        given = [part for out in outs for part in ("--out", str(out))]
        self.result = CliRunner().invoke(main, ["assess", str(folder / "a.yaml"), *given], catch_exceptions=False)
        self.html, self.md, self.json = (out.read_text() for out in outs)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return Written(tmp_path_factory.mktemp("assess"))


def test_the_report_has_all_its_parts_with_verdict_reasons_and_uncertainty(written: Written) -> None:
    report = from_json(written.json)
    assert [part.key for part in report.parts] == KEYS
    assert all(part.headline and part.reasons for part in report.parts)
    assert all(part.uncertainty for part in report.parts)
    assert [part.key for part in report.parts if not part.drawn] == []
    assert from_json(to_json(report)) == report


def test_the_html_stands_alone_with_its_plots_and_escapes_names(written: Written) -> None:
    assert "Will &lt;they&gt; buy?" in written.html
    assert written.html.count("<svg") >= 2 * len(KEYS)
    assert "<script" not in written.html
    assert "http-equiv" not in written.html
    assert 'src="http' not in written.html


def test_markdown_has_a_heading_for_each_part(written: Written) -> None:
    assert written.md.count("\n## ") == len(KEYS)
    assert "| candidate | what it does |" in written.md


def test_the_command_prints_the_verdict_of_each_part(written: Written) -> None:
    assert "Heuristic first: " in written.result.stdout
    assert "Written into" in written.result.stdout


def test_a_report_of_nothing_is_still_markdown() -> None:
    report = Report(
        name="n", verdict="good", summary="s", row="r", target="t", rows_total=0, rows_used=0, notes=(), parts=()
    )
    assert to_markdown(report).startswith("# n\n")


def test_stale_data_and_columns_that_went_missing_are_told() -> None:
    table = visits(600)
    late = np.arange(600) >= 300
    table = table.append_column("note", [pa.array(["x"] * 600, mask=late)])
    newest = int(table["at"].cast(pa.int64()).to_numpy().max())
    record = msgspec.structs.replace(VISITS, owner="sales")
    told = availability_part(record, table, make_frame(record, table), 1200.0, newest + 40 * DAY_S)
    assert "The newest row is 40.0 days old: ask whether the data still come." in told.reasons
    assert any("note was missing in 0 %, then in 100 %" in line for line in told.reasons)
    assert told.facts["months_until_enough"] == pytest.approx(12.2, abs=0.5)


def test_training_time_is_scaled_to_all_rows_and_all_entities() -> None:
    frame = make_frame(VISITS, visits(800))
    ticks = iter([0.0, 1.0, 10.0, 14.0, 20.0, 20.5])
    told = measure_training(replace(frame, total=8000), frame, "constant", lambda: next(ticks))
    assert told.all_rows == pytest.approx(40.0)
    assert told.each_entity == pytest.approx(0.5 * 60)


def test_the_memory_of_an_exact_dictionary_counts_text_and_entries() -> None:
    assert dictionaries(pa.table({"x": ["ab", "cd", "ab"], "n": [1, 2, 3]})) == [("x", 2, 4 + 2 * 129)]
