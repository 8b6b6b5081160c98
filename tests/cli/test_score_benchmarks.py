"""The benchmark's page: measured tables between markers, and a word where there is nothing to measure on."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from benchmarks import __main__ as command
from benchmarks import pages, quality, speed

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"


def test_sections_are_written_between_their_markers_and_nothing_else_moves(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE.read_text())
    pages.write(page, {"speed": "fast \\1", "quality": pages.table(("a", "b"), [(1, "x")])})
    text = page.read_text()
    assert "<!-- measured: speed -->\nfast \\1\n<!-- end: speed -->" in text
    assert "<!-- measured: quality -->\n| a | b |\n| --- | --- |\n| 1 | x |\n<!-- end: quality -->" in text
    pages.write(page, {"speed": "faster"})
    assert page.read_text() == text.replace("fast \\1", "faster")


def test_a_page_without_markers_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("nothing")
    with pytest.raises(ValueError, match="expected the markers of speed once, found them 0 times"):
        pages.write(tmp_path / "page.md", {"speed": ""})


def test_without_labelled_data_it_says_so_and_ends_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE.read_text())
    monkeypatch.setattr(speed, "measure", lambda: "so fast")
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--bench", str(tmp_path), "--page", str(page)])
    assert not quality.is_there(tmp_path)
    command.main()
    told = capsys.readouterr().out
    assert f"There is no labelled data in {tmp_path}: quality was not measured." in told
    assert "so fast" in page.read_text()
