"""`watchkeeper plan` says what `apply` then does."""

from __future__ import annotations

import json
import re
from pathlib import Path

from click.testing import CliRunner, Result

from tests.domain.test_config import GOOD
from watchkeeper.cli import main


def run(home: Path, text: str, verb: str, *words: str) -> Result:
    file = home.parent / "metrics.yaml"
    file.write_text(text, encoding="utf-8")
    return CliRunner().invoke(main, [verb, str(file), "--home", str(home), *words])


def test_a_plan_names_each_change_and_after_apply_there_is_none(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = run(home, GOOD, "plan")
    assert first.exit_code == 10
    assert first.stdout.splitlines() == [
        "add source shop",
        "add metric orders",
        "add metric revenue",
        "add channel team",
    ]
    assert run(home, GOOD, "plan").stdout == first.stdout, "planning changes nothing"
    assert run(home, GOOD, "apply").exit_code == 0
    again = run(home, GOOD, "plan")
    assert (again.exit_code, "nothing would change" in again.stdout) == (0, True)
    assert run(home, GOOD, "plan", "--json").stdout == ""

    changed = GOOD.replace("title: Revenue", "title: Ümsatz").replace("shop.db", "secret.db")
    third = run(home, changed, "plan")
    assert third.exit_code == 10
    assert third.stdout.splitlines() == [
        "change source shop",
        "  url: hidden -> hidden",
        "change metric revenue",
        '  title: "Revenue" -> "Ümsatz"',
    ]
    rows = [json.loads(line) for line in run(home, changed, "plan", "--json").stdout.splitlines()]
    assert [(row["noun"], row["name"], row["new"]) for row in rows] == [
        ("source", "shop", False),
        ("metric", "revenue", False),
    ]
    assert rows[1]["settings"] == {"title": {"before": "Revenue", "after": "Ümsatz"}}
    assert "secret.db" not in str(rows)


def test_what_the_file_leaves_out_stays_and_a_broken_file_is_named(tmp_path: Path) -> None:
    home = tmp_path / "home"
    run(home, GOOD, "apply")
    less = GOOD.replace('  revenue: {query: "select 2 where :start < :end", step: 1d, title: Revenue}\n', "")
    assert run(home, less, "plan").exit_code == 0
    broken = run(home, GOOD.replace("kind: count", "colour: red"), "plan")
    assert (broken.exit_code, broken.stdout) == (4, "")
    assert re.search(r"metrics.yaml:\d+: metrics.orders", broken.stderr)
