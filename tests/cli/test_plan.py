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


def test_a_dry_run_and_a_plan_say_all_that_apply_would_refuse(tmp_path: Path) -> None:
    home = tmp_path / "home"
    run(home, GOOD, "apply")
    wrong = GOOD.replace(":start < :end", "2", 1) + "routes:\n  night:\n    channels: [nobody]\n"
    said = {verb: run(home, wrong, *verb.split()) for verb in ("plan", "apply --dry-run", "apply")}
    for done in said.values():
        assert (done.exit_code, done.stdout) == (4, "")
        assert re.search(
            r"metrics.yaml:6: metrics.orders: query: it must ask|metrics.yaml:6: metrics.orders:", done.stderr
        )
        assert "metrics.yaml:12: routes.night.channels: no channel 'nobody'; there are team" in done.stderr
    assert len({done.stderr for done in said.values()}) == 1


def test_pruning_removes_what_no_file_names_and_says_so(tmp_path: Path) -> None:
    home, more = tmp_path / "home", tmp_path / "more.yaml"
    more.write_text("routes:\n  night: {channels: [team]}\n")
    text = GOOD.replace("since:", "owner: checkout, since:") + "teams:\n  checkout: {members: [Ada]}\n"
    assert run(home, text, "apply", str(more)).exit_code == 0
    assert run(home, text, "plan", str(more), "--prune").exit_code == 0
    pruned = run(home, GOOD, "plan", "--prune")
    assert [one for one in pruned.stdout.splitlines() if one.startswith("remove")] == [
        "remove team checkout",
        "remove route night",
    ]
    rows = [json.loads(one) for one in run(home, GOOD, "plan", "--prune", "--json").stdout.splitlines()]
    assert [row["name"] for row in rows if row["removed"]] == ["checkout", "night"]
    assert "remove route night" in run(home, GOOD, "apply", "--prune", "--dry-run").stdout
    assert "removed team checkout, route night" in run(home, GOOD, "apply", "--prune").stdout
    assert run(home, GOOD, "plan", "--prune").exit_code == 0
    orphan = GOOD.partition("channels:")[0]
    refused = run(home, orphan + "routes:\n  night: {channels: [team]}\n", "apply", "--prune")
    assert refused.exit_code == 4
    assert "channel 'team' would be removed, as no file names it; name it in one, or not here" in refused.stderr


def test_one_thing_is_removed_by_a_verb_and_refused_while_it_is_needed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    run(home, GOOD, "apply")

    def remove(*words: str) -> Result:
        return CliRunner().invoke(main, ["remove", *words, "--home", str(home)])

    refused = remove("source", "shop")
    assert refused.exit_code == 3
    assert "source shop is needed by metric orders (source), metric revenue (source)" in refused.stderr
    assert "could not be removed: it is needed by metric orders" in remove("source", "shop", "--dry-run").stdout
    assert remove("metric", "orders", "--dry-run").stdout.startswith("would remove metric orders\n  Metric orders: it")
    assert remove("metric", "orders").stdout.startswith("removed metric orders")
    gone = json.loads(remove("metric", "revenue", "--json").stdout)
    assert gone["gone"] == [{"kind": "metric", "name": "revenue"}]
    assert remove("source", "shop").exit_code == 0
    missing = remove("metric", "orders")
    assert (missing.exit_code, "no metric 'orders'" in missing.stderr) == (8, True)
    assert remove("route", "none").exit_code == 8
    assert remove("thing", "none").exit_code == 3
    plan = run(home, GOOD, "plan").stdout.splitlines()
    assert plan == ["add source shop", "add metric orders", "add metric revenue"]
