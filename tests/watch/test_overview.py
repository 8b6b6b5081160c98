"""A week of the shop: what moved, what was said, and the digest that is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.watch.shop import END, LATER_DROP, build, open_service
from watchkeeper.cli import main
from watchkeeper.domain.errors import NotFoundError
from watchkeeper.domain.feedback import Answer
from watchkeeper.domain.times import WEEK
from watchkeeper.watch.service import Watchkeeper
from watchkeeper.watch.views import Draft
from watchkeeper.watch.week import text


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Watchkeeper]:
    """The shop, watched to its end."""
    build(tmp_path / "shop.db")
    with open_service(tmp_path) as service:
        service.run_until(END)
        yield service


def test_a_week_names_metrics_that_were_judged_and_had_no_point(shop: Watchkeeper) -> None:
    assert shop.overview.week().silent == ()
    shop.run_until(END + 2 * WEEK)
    (silent,) = shop.overview.week(END + 2 * WEEK).silent
    assert silent.metric.name == shop.metrics()[0].metric.name
    assert silent.newest_point == END - silent.metric.step_s


def test_a_week_tells_what_moved_in_it_and_what_was_said(shop: Watchkeeper) -> None:
    week = shop.overview.week()
    assert (week.start, week.end) == (END - WEEK, END)
    assert LATER_DROP in [line.alert.start for line in week.moved]
    assert all(week.start <= line.alert.start < week.end for line in week.moved)
    assert week.sentence.endswith("none answered yet.")
    shop.answer(Draft(answer=Answer.REAL, by="Ada", alert=week.moved[0].alert.id))
    after = shop.overview.week()
    assert (after.answered, after.real) == (1, 1)
    assert shop.overview.week(END - WEEK).alerts == after.before


def test_a_digest_is_sent_and_noted(shop: Watchkeeper, tmp_path: Path) -> None:
    week = shop.overview.send("team", "Ada", link="http://127.0.0.1:8321")
    told = (tmp_path / "told.txt").read_text(encoding="utf-8")
    assert text(week)[0] in told
    assert week.moved[0].sentence in told
    assert "http://127.0.0.1:8321/overview" in told
    with pytest.raises(NotFoundError, match="no channel 'nobody'"):
        shop.overview.send("nobody", "Ada")


def test_the_command_prints_it_for_people_and_for_scripts(shop: Watchkeeper, tmp_path: Path) -> None:
    shop.close()
    home = str(tmp_path / "watchkeeper")
    said = CliRunner().invoke(main, ["digest", "--home", home, "--until", "2026-03-16"], catch_exceptions=False)
    assert said.stdout.startswith("The week from Mon 9 Mar to Sun 15 Mar 2026\n")
    as_json = CliRunner().invoke(main, ["digest", "--home", home, "--until", "2026-03-16", "--json"])
    assert json.loads(as_json.stdout)["alerts"] >= 1
