"""The main job on a year of real flights: find the blizzard, mark it as an event, read the receipt, take it back.

With WATCHKEEPER_PICTURES=docs/pictures it leaves the screenshots of the README there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import violations, watched
from tests.conftest import Played
from watchkeeper.domain.times import parse_instant
from watchkeeper.server.run import running
from watchkeeper.watch.service import Watchkeeper
from watchkeeper.watch.views import AlertLine

FIRST, LAST = (parse_instant(day, "America/New_York") for day in ("2013-02-08", "2013-02-10"))


@pytest.fixture(scope="module")
def demo(played_demo: Played, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watchkeeper]:
    """The service over a demo that was made by the command itself."""
    home = Path(shutil.copytree(played_demo.home, tmp_path_factory.mktemp("browsed") / "demo"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WATCHKEEPER_DEMO_WAREHOUSE", f"duckdb:///{home / 'warehouse.duckdb'}")
        patch.setenv("WATCHKEEPER_DEMO_TOLD", str(home / "told.txt"))
        with Watchkeeper.open(home) as service:
            yield service


@pytest.fixture(scope="module")
def blizzard(demo: Watchkeeper) -> AlertLine:
    """The biggest alert of 8 and 9 February 2013."""
    biggest = demo.inbox(show="all").lines[:10]
    found = [line for line in biggest if line.alert.start < LAST and line.alert.end > FIRST]
    assert found, [line.sentence for line in biggest]
    return found[0]


@pytest.fixture
def page(browser: Browser, browser_cache: Path, demo: Watchkeeper) -> Iterator[Page]:
    """A page signed in by a real link."""
    with running(demo, browser_cache) as address, watched(browser, address) as new_page:
        opened = new_page(viewport={"width": 1440, "height": 900}, color_scheme="light")
        opened.goto(demo.sign_in.make_link(address))
        opened.get_by_label("Your name").fill("Ada")
        opened.get_by_role("button", name="Sign in").click()
        opened.wait_for_selector("#alerts")
        yield opened


def picture(page: Page, name: str) -> None:
    """Keep a screenshot where one is asked for."""
    place = os.environ.get("WATCHKEEPER_PICTURES")
    if place:
        page.screenshot(path=Path(place) / name)


def test_the_blizzard_is_found_explained_and_taken_back(page: Page, demo: Watchkeeper, blizzard: AlertLine) -> None:
    picture(page, "inbox.png")
    waiting = demo.inbox().counts["open"]
    page.get_by_role("link", name=blizzard.sentence).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(blizzard.sentence)
    page.wait_for_selector("#chart-0[data-drawn] canvas")
    picture(page, "alert.png")

    page.get_by_role("button", name="False alarm").hover()
    expect(page.locator("#would")).to_contain_text("If said:")
    page.get_by_role("button", name="New normal").hover()
    expect(page.locator("#would")).to_contain_text("dashed in the chart")
    picture(page, "receipt-before.png")
    assert demo.alert_page(blizzard.alert.id).answers == ()

    page.get_by_label("Note").fill("Blizzard Nemo")
    page.get_by_role("button", name="Event").click()
    receipt = page.get_by_role("status")
    expect(receipt).to_contain_text("Noted: Event")
    told = demo.receipt(max(line.id for line in demo.alert_page(blizzard.alert.id).answers))
    expect(receipt).to_contain_text(told.sentence)
    expect(page.locator(".said")).to_contain_text("Blizzard Nemo")
    assert demo.alert_page(blizzard.alert.id).line.explained_by is not None
    assert demo.inbox().counts["open"] < waiting

    receipt.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text("Taken back")
    assert demo.alert_page(blizzard.alert.id).line.explained_by is None
    assert demo.inbox().counts["open"] == waiting


def test_an_idea_is_assessed_before_there_is_data(page: Page) -> None:
    page.goto("/assessments")
    for field, said in (
        ("name", "Who will miss a connection?"),
        ("row", "one passenger"),
        ("target", "misses the connection"),
        ("rows", "4000"),
        ("columns", "10"),
        ("effects", "0.8, 0.5, 0.4"),
        ("level", "0.75"),
    ):
        page.locator(f"form input[name={field}]").fill(said)
    page.get_by_role("button", name="Assess", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Who will miss a connection?")
    expect(page.locator(".report-plot svg").first).to_be_visible()
    picture(page, "assessment.png")


def test_every_page_of_the_demo_answers(page: Page, demo: Watchkeeper, axe: str) -> None:
    for line in demo.metrics():
        page.goto(f"/metrics/{line.metric.name}")
        expect(page.get_by_role("heading", level=1)).to_contain_text(line.metric.label)
        page.wait_for_selector("#close-up[data-drawn] canvas")
        if line.metric.name == "departure_delay":
            picture(page, "metric.png")
    page.goto("/metrics/departure_delay/settings")
    expect(page.locator("#trial")).to_contain_text("As it is set")
    page.wait_for_selector("#tried[data-drawn] canvas")
    page.get_by_label("False alerts a month, as a number").fill("4")
    expect(page.locator("#trial")).to_contain_text("Would have been")
    turned = "() => window.watchkeeperCharts.get('tried').view.data('turns').filter((row) => row.t > 0).length"
    page.wait_for_function(f"() => ({turned})() > 0")
    picture(page, "settings.png")
    page.goto("/teams")
    expect(page.get_by_text("Which metrics earn their noise")).to_be_visible()
    picture(page, "team.png")
    page.goto("/systems/late-departures")
    expect(page.get_by_role("heading", name="Accuracy over time")).to_be_visible()
    picture(page, "system.png")
    page.goto("/flags/late-departures-model")
    expect(page.get_by_text("tripped:")).to_be_visible()
    picture(page, "flag.png")
    for path in ("/", f"/alerts/{demo.inbox().lines[0].alert.id}", "/systems/late-departures", "/overview", "/teams"):
        page.goto(path)
        assert violations(page, axe) == [], path
    page.goto("/told")
    expect(page.locator(".told li").first).to_be_visible()
    for show in ("open", "answered", "explained", "quiet", "resolved", "all"):
        page.goto(f"/?show={show}&order=newest")
        expect(page.get_by_role("navigation", name="Which alerts")).to_be_visible()
