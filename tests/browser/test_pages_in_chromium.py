"""The pages as a person meets them: mouse, keyboard, touch, with scripts and without, in both colour schemes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import violations
from tests.server.fakes import FakeService
from watchkeeper.domain.feedback import Answer
from watchkeeper.server import create_app
from watchkeeper.watch.views import Draft

NewPage = Callable[..., Page]
PAGES = (
    "/?show=all",
    "/?show=answered",
    "/alerts/1",
    "/metrics/departures?series=2",
    "/metrics/departures/settings",
    "/new-metric?source=warehouse&table=flights&measure=count&dimension_1=origin&draw=1",
    "/new-metric?source=warehouse&by=query&query=selct&draw=1",
    "/metrics",
    "/teams",
    "/teams?owner=rides",
    "/overview",
    "/setup",
    "/told",
    "/mutes",
    "/systems",
    "/systems/late",
    "/flags",
    "/flags/ranking",
    "/assessments",
    "/assessments/1",
    "/assessments/2",
    "/new-assessment",
    "/new-assessment?source=warehouse&table=flights",
    "/new-assessment/gone",
    "/remove/system/late",
    "/people",
    "/audit",
    "/sign-in",
    "/sign-in?token=some",
    "/say/good",
    "/say/bad",
    "/api/v1/docs",
    "/nowhere",
)
PIECES = ("/metrics/{name:str}/power", "/new-metric/power", "/ready")
"""What is answered as text but is no page of its own."""
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 360, "height": 780}


def drawn(page: Page, name: str) -> None:
    """Wait until a chart is drawn."""
    page.wait_for_selector(f"#{name}[data-drawn] canvas")


def test_every_page_of_the_application_is_among_those_looked_at(service: FakeService, browser_cache: Path) -> None:
    app = create_app(service, secret=b"s" * 32, cache_dir=browser_cache)
    looked_at = {urlsplit(path).path for path in PAGES}
    missing = [
        route.path
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        if "GET" in handler.http_methods and "Response[str]" in str(handler.parsed_fn_signature.return_type.raw)
        if not any(re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", route.path), path) for path in looked_at)
    ]
    assert sorted(missing) == sorted(PIECES)


def test_a_person_signs_in_by_the_link(open_page: NewPage) -> None:
    page = open_page("/")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    page.goto("/sign-in?token=token-9")
    page.get_by_label("Your name").fill("Grace")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("navigation", name="Which alerts")).to_be_visible()


def test_an_alert_is_answered_and_taken_back(open_page: NewPage, service: FakeService) -> None:
    page = open_page("/?show=all")
    page.get_by_role("link", name="Share cancelled rose to 81").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Share cancelled rose to 81 %")
    page.get_by_label("Note").fill("The blizzard")
    page.get_by_role("button", name="Event").click()
    receipt = page.get_by_role("status")
    expect(receipt).to_contain_text("2 of the last 9 alerts would not have fired")
    expect(page.get_by_role("button", name="Event")).to_contain_text("(said)")
    receipt.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text("Taken back")
    page.get_by_role("button", name="Bring it back").click()
    assert [line.undoes for line in service.log] == [None, 1, 2]


def test_without_scripts_an_alert_is_answered_and_taken_back(open_page: NewPage, service: FakeService) -> None:
    page = open_page("/?show=all", java_script_enabled=False)
    page.get_by_role("link", name="Departures per hour at JFK fell").click()
    page.wait_for_load_state("load")
    picture = page.locator("#chart-0 img")
    assert picture.evaluate("image => image.complete && image.naturalWidth > 500")
    page.get_by_role("button", name="Real").click()
    assert "Noted: Real" in page.get_by_role("status").inner_text()
    page.get_by_role("status").get_by_role("button", name="Undo").click()
    assert "Taken back" in page.get_by_role("status").inner_text()
    assert service.drafts == [Draft(answer=Answer.REAL, by="Ada", alert=2)]


def test_the_keyboard_walks_opens_answers_and_undoes(open_page: NewPage, service: FakeService) -> None:
    page = open_page("/?show=all")
    for key in ("j", "j", "j", "k", "Enter"):
        page.keyboard.press(key)
    page.wait_for_url("**/alerts/6")
    page.keyboard.press("4")
    expect(page.get_by_role("status")).to_contain_text("Noted: Event")
    page.keyboard.press("u")
    expect(page.get_by_role("status")).to_contain_text("Taken back")
    page.keyboard.press("g")
    page.keyboard.press("i")
    page.wait_for_url("**/")
    assert [(draft.answer, draft.alert) for draft in service.drafts] == [(Answer.EVENT, 6)]


def test_the_keyboard_answers_in_the_list(open_page: NewPage, service: FakeService) -> None:
    page = open_page("/?show=all&order=newest")
    page.keyboard.press("j")
    page.keyboard.press("1")
    expect(page.get_by_role("status")).to_contain_text("Noted: Real")
    assert "order=newest" in page.url
    page.keyboard.press("j")
    expect(page.locator("#alerts .row").first.get_by_role("link")).to_be_focused()
    assert [(draft.answer, draft.alert) for draft in service.drafts] == [(Answer.REAL, 5)]


def test_several_alerts_are_chosen_and_answered_at_once(open_page: NewPage, service: FakeService) -> None:
    page = open_page("/?show=all&order=newest")
    for key in ("j", "x", "j", "x"):
        page.keyboard.press(key)
    expect(page.locator("#chosen-count")).to_have_text("2 chosen:")
    page.keyboard.press("1")
    expect(page.get_by_role("status")).to_contain_text("Noted: Real, on 2 alerts")
    page.keyboard.press("u")
    expect(page.get_by_role("status")).to_contain_text("Taken back: 2 answers")
    assert [(draft.answer, draft.alert) for draft in service.drafts] == [(Answer.REAL, 5), (Answer.REAL, 2)]


def test_an_address_of_a_search_says_only_what_is_looked_for(open_page: NewPage) -> None:
    page = open_page("/?show=all")
    page.keyboard.press("/")
    page.keyboard.type("quiet")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?show=all&text=quiet")
    page.get_by_label("Order").select_option("newest")
    page.wait_for_url("**/?show=all&order=newest&text=quiet")


def test_what_changed_meanwhile_comes_by_itself(open_page: NewPage, service: FakeService) -> None:
    page = open_page("/?show=acknowledged")
    expect(page.get_by_text("Nobody is on anything")).to_be_visible()
    page.goto("/?show=all")
    service.deeds.acknowledge([2], "Grace")
    expect(page.get_by_text("Acknowledged by Grace")).to_be_visible(timeout=20_000)


def test_an_answer_that_was_not_said_lies_over_the_chart(open_page: NewPage, service: FakeService) -> None:
    page = open_page("/alerts/2")
    drawn(page, "chart-0")
    drawn(page, "year")
    page.get_by_role("button", name="Event").hover()
    expect(page.locator("#would")).to_contain_text("Confirmed, and lost")
    rows = "window.watchkeeperCharts.get(name).view.data(set).filter((row) => row.t > 0).length"
    laid = f"name => ['would', 'turns'].map((set) => {rows})"
    page.wait_for_function(f"() => ({laid})('year')[1] === 9")
    band, turns = page.evaluate(laid, "chart-0")
    assert band > 100
    assert turns == 9
    assert service.drafts == []
    page.get_by_label("See first what it would change").check()
    page.get_by_role("button", name="Event").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Event?")
    drawn(page, "chart-0")
    assert page.evaluate(laid, "chart-0")[1] == 9
    page.get_by_role("button", name="Say “Event”").click()
    expect(page.get_by_role("status")).to_contain_text("Noted: Event")


def test_a_marked_window_is_looked_at_before_anything_is_said(open_page: NewPage, service: FakeService) -> None:
    page = open_page("/metrics/departures?series=2")
    drawn(page, "close-up")
    page.locator("#close-up .canvas").focus()
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")
    expect(page.locator("#would")).to_contain_text("Confirmed, and lost")
    assert service.drafts == []


def test_an_alerts_chart_zooms_to_the_whole_year_and_back(open_page: NewPage) -> None:
    page = open_page("/alerts/2")
    drawn(page, "chart-0")
    length = "window.watchkeeperCharts.get('chart-0').reach().reduce((from, to) => (to - from) / 86400000)"
    first = page.evaluate(length)
    page.get_by_role("button", name="Nearer").click()
    page.wait_for_function(f"() => {length} < {first * 0.6}")
    page.get_by_role("button", name="All", exact=True).click()
    page.wait_for_function(f"() => {length} > 200")
    page.locator("#chart-0 .canvas").focus()
    page.keyboard.press("+")
    page.wait_for_function(f"() => {length} < 200")


def test_keys_are_letters_in_a_field(open_page: NewPage, service: FakeService) -> None:
    page = open_page("/alerts/2")
    page.get_by_label("Note").press_sequentially("u1?j")
    expect(page.get_by_label("Note")).to_have_value("u1?j")
    assert service.drafts == []


def test_help_opens_and_closes(open_page: NewPage) -> None:
    page = open_page("/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()


def test_the_slider_tells_at_once_what_it_would_have_told(open_page: NewPage, service: FakeService) -> None:
    page = open_page("/metrics/departures/settings")
    drawn(page, "tried")
    laid = (
        "() => ['would', 'turns'].map((set) => "
        "window.watchkeeperCharts.get('tried').view.data(set).filter((row) => row.t > 0).length)"
    )
    assert page.evaluate(laid) == [0, 0]
    page.get_by_label("False alerts a month", exact=True).focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#trial")).to_contain_text("Would have been 2 alerts")
    page.wait_for_function(f"() => ({laid})()[1] === 2")
    assert page.evaluate(laid)[0] > 100
    page.get_by_label("Drawn").select_option("EWR")
    expect(page.locator("#tried .chart-title")).to_contain_text("EWR")
    page.wait_for_function(f"() => ({laid})()[1] === 2")
    expect(page.get_by_label("as a number")).not_to_have_value("1")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Saved")
    assert service.tuning.kept[0][2] == "Ada"


def test_a_lost_confirmed_alert_asks_twice(open_page: NewPage, service: FakeService) -> None:
    page = open_page("/alerts/4")
    page.get_by_role("button", name="False alarm").click()
    expect(page.get_by_role("link", name="No, leave it")).to_be_focused()
    page.get_by_role("button", name="Yes, even so").click()
    expect(page.get_by_role("status")).to_contain_text("Noted: False alarm")
    assert [draft.force for draft in service.drafts] == [False, True]


def test_a_window_is_marked_with_the_mouse(open_page: NewPage, service: FakeService) -> None:
    page = open_page("/metrics/departures?series=2&from=2013-02-04T00:00&to=2013-02-14T00:00")
    drawn(page, "close-up")
    page.locator("#close-up").scroll_into_view_if_needed()
    box = page.locator("#close-up .canvas").bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.5, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, middle, steps=4)
    page.mouse.up()
    start, end = page.locator("#from").input_value(), page.locator("#to").input_value()
    assert "2013-02-08T" in start
    assert start < end < "2013-02-11"
    page.get_by_role("button", name="Bad data").click()
    expect(page.get_by_role("status")).to_contain_text("Noted: Bad data")
    (draft,) = service.drafts
    assert draft.series == (2,)
    assert draft.start is not None
    assert draft.start % 3600 == 0


def test_the_chart_is_read_and_marked_with_the_keyboard(open_page: NewPage) -> None:
    page = open_page("/alerts/2")
    drawn(page, "chart-0")
    chart = page.get_by_role("slider").first
    chart.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#chart-0 .readout")).to_contain_text("expected")
    assert "flights" in (chart.get_attribute("aria-valuetext") or "")
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")
    assert page.locator("input[name=from]").input_value() < page.locator("input[name=to]").input_value()


def test_the_chart_of_a_rate_says_of_how_many(open_page: NewPage) -> None:
    page = open_page("/metrics/cancelled-share")
    drawn(page, "close-up")
    page.locator("#close-up [role=slider]").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#close-up .readout")).to_contain_text("of 312")


def test_the_year_strip_and_the_months_move_the_close_up(open_page: NewPage) -> None:
    page = open_page("/metrics/departures?series=2")
    drawn(page, "year")
    drawn(page, "close-up")
    page.get_by_role("link", name="Feb").click()
    assert "from=2013-02-01" in page.url
    page.locator("#close-up").scroll_into_view_if_needed()
    box = page.locator("#close-up .canvas").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 50)
    expect(page.locator("#close-up .readout")).to_contain_text("Feb 2013")
    strip = page.locator("#year .canvas").bounding_box()
    assert strip
    page.mouse.click(strip["x"] + strip["width"] * 0.7, strip["y"] + 30)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 50)
    expect(page.locator("#close-up .readout")).to_contain_text("Jul 2013")


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_no_page_is_wider_than_the_screen(open_page: NewPage, size: dict[str, int]) -> None:
    page = open_page("/", viewport=size)
    for path in PAGES:
        page.goto(path)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= size["width"], path


def test_a_changed_colour_scheme_redraws_the_charts(open_page: NewPage) -> None:
    page = open_page("/alerts/2", color_scheme="light")
    drawn(page, "chart-0")
    ink = "getComputedStyle(document.body).color"
    before = page.evaluate(ink)
    first = page.locator("#chart-0 canvas").element_handle()
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("first => !first.isConnected", arg=first)
    expect(page.locator("#chart-0 canvas")).to_have_count(1)
    assert page.evaluate(ink) != before


def test_charts_shift_nothing_when_they_are_drawn(open_page: NewPage) -> None:
    page = open_page("/alerts/1")
    page.evaluate(
        "new PerformanceObserver(list => { window.shift = (window.shift || 0) + list.getEntries().reduce((sum, each)"
        " => sum + each.value, 0) }).observe({ type: 'layout-shift', buffered: true })"
    )
    drawn(page, "chart-0")
    page.locator("#chart-3").scroll_into_view_if_needed()
    drawn(page, "chart-3")
    assert page.evaluate("window.shift || 0") < 0.01


def test_where_the_drawing_library_is_missing_the_picture_is_shown(open_page: NewPage) -> None:
    page = open_page("/")
    page.route("**/drawing.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    page.goto("/alerts/2")
    page.wait_for_selector("#chart-0 img")


@pytest.mark.parametrize(
    ("scheme", "size"), [("light", WIDE), ("dark", WIDE), ("light", PHONE)], ids=["light", "dark", "phone"]
)
def test_axe_finds_nothing(open_page: NewPage, axe: str, scheme: str, size: dict[str, int]) -> None:
    page = open_page("/", color_scheme=scheme, viewport=size)
    page.goto("/alerts/1")
    page.get_by_role("button", name="Event").click()
    for path in ("/alerts/1?receipt=1", "/metrics/departures/settings?false_alerts_per_month=4", *PAGES):
        page.goto(path)
        assert violations(page, axe) == [], path
    # Two pages have no address of their own: what is shown before an answer counts, and what asks a second time.
    page.goto("/alerts/2")
    page.get_by_label("See first what it would change").check()
    page.get_by_role("button", name="Event").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Event?")
    assert violations(page, axe) == []
    page.goto("/alerts/4")
    page.get_by_role("button", name="False alarm").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("That has a price")
    assert violations(page, axe) == []
