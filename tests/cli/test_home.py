"""A home that is not there is named, not made: a mistyped one would be answered for as an empty one."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.domain.test_config import GOOD
from watchkeeper.cli import main

READING = [
    ["alerts"],
    ["metrics", "--json"],
    ["run"],
    ["link"],
    ["flags", "list"],
    ["config", "export"],
    ["audit"],
    ["remove", "metric", "orders"],
    ["users", "add", "Ada"],
]


def run(home: Path, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--home", str(home)])


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_a_home_that_is_not_there_is_named_and_not_made(tmp_path: Path, words: list[str]) -> None:
    done = run(tmp_path / "typo", *words)
    assert done.exit_code == 3
    assert f"there is no home in {tmp_path / 'typo'}: name the one that is meant with --home" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_makes_a_home_says_so_and_what_only_plans_makes_none(tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "metrics.yaml"
    file.write_text(GOOD)
    assert run(home, "plan", str(file)).exit_code == 10
    assert run(home, "apply", str(file), "--dry-run").exit_code == 0
    assert not home.exists()
    first = run(home, "apply", str(file))
    assert f"made a new home in {home}" in first.stderr
    assert "made a new home" not in run(home, "apply", str(file)).stderr
    assert run(home, "metrics").exit_code == 0
