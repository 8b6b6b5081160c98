"""`watchkeeper flags`, as a person at a terminal uses it."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from tests.cli import make_home
from watchkeeper.cli import main

CONFIG = """
flags:
  ranking: {variants: {model: true, basic: false}, default: model, fallback: basic}
"""


def run(home: Path, *arguments: str):
    return CliRunner().invoke(main, ["flags", arguments[0], "--home", str(home), *arguments[1:]])


def test_flags_are_listed_overridden_and_asked(tmp_path: Path):
    home = tmp_path / "home"
    (tmp_path / "flags.yaml").write_text(CONFIG)
    applied = CliRunner().invoke(main, ["apply", str(tmp_path / "flags.yaml"), "--home", str(home)])
    assert applied.exit_code == 0, applied.output
    assert applied.output.endswith("flags.yaml: applied 1 flag\n")
    assert run(home, "list").output == "ranking: Everybody gets model.\n"
    said = run(home, "override", "ranking", "basic", "--for", "8h", "--note", "moving").output
    assert "gives everybody basic for 8 hours more" in said
    asked = json.loads(run(home, "evaluate", "ranking", "--context", '{"targetingKey": "u1"}').output)
    assert (asked["variant"], asked["value"], asked["cause"]) == ("basic", False, "override")
    assert "moving" in run(home, "log", "ranking").output
    assert run(home, "clear", "ranking").output == "Everybody gets model.\n"
    assert json.loads(run(home, "list", "--json").output)[0]["serving"] == "model"


def test_mistakes_are_said_plainly(tmp_path: Path):
    make_home(tmp_path)
    for arguments, code, says in (
        (("override", "none", "x"), 8, "no flag 'none'"),
        (("evaluate", "nope"), 8, "no flag 'nope'"),
        (("evaluate", "x", "--context", "{"), 3, "no JSON"),
        (("evaluate", "x", "--context", '{"a": ' + "[" * 20_000 + "]" * 20_000 + "}"), 3, "nests too deep"),
        (("evaluate", "x", "--context", "[]"), 3, "JSON object"),
        (("yes", "none"), 8, "no flag"),
    ):
        done = run(tmp_path, *arguments)
        assert (done.exit_code, says in done.output) == (code, True), done.output
