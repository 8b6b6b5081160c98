"""The whole loop in one sitting: from a table in a real PostgreSQL to an alert that was answered and taken back."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from tests import postgres
from tests.browser.conftest import watched
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.times import DAY, HOUR, WEEK, format_instant, parse_instant
from watchkeeper.server.run import running
from watchkeeper.watch.service import Watchkeeper

START = parse_instant("2026-01-05")
WEEKS = 8
NOW = START + WEEKS * WEEK
DROP = NOW - 2 * DAY + 10 * HOUR
DROP_HOURS = 5


@pytest.fixture(scope="module")
def shop(postgres_server: str) -> str:
    """One row an order, in two countries; on the last day but one half of Germany's are missing for five hours."""
    url = postgres.new_database(postgres_server)
    name = url.partition("@/")[2].partition("?")[0]
    rng = np.random.default_rng(5)
    with psycopg.connect(f"{postgres_server} user=postgres dbname={name}") as db:
        db.execute("create table orders (id bigserial, created timestamptz not null, country text, amount numeric)")
        with db.cursor().copy("copy orders (created, country, amount) from stdin") as copy:
            for hour in range(WEEKS * 168):
                time = START + hour * HOUR
                wave = (1.3 + math.sin(2 * math.pi * (hour % 24 - 6) / 24)) * (0.7 if hour // 24 % 7 >= 5 else 1.0)
                for country, size in (("DE", 60), ("US", 40)):
                    is_out = country == "DE" and DROP <= time < DROP + DROP_HOURS * HOUR
                    for second in rng.integers(0, HOUR, rng.poisson(size * wave * (0.3 if is_out else 1.0))):
                        copy.write_row((format_instant(time + int(second)), country, 10))
    return url


@pytest.fixture
def service(shop: str, tmp_path: Path) -> Iterator[Watchkeeper]:
    """A service that knows the database and no metric yet."""
    with Watchkeeper.open(tmp_path / "home", clock=lambda: NOW) as opened:
        opened.apply(parse_config(f"sources:\n  shop: {{url: '{shop}'}}\n"), "tester")
        yield opened


@pytest.mark.parametrize(
    "screen",
    [{"width": 1440, "height": 900}, {"width": 360, "height": 780}],
    ids=["desk", "phone"],
)
def test_from_a_table_to_an_answer_and_back(
    browser: Browser, browser_cache: Path, service: Watchkeeper, screen: dict[str, int]
) -> None:
    with running(service, browser_cache) as address, watched(browser, address) as new_page:
        page: Page = new_page(viewport=screen, has_touch=screen["width"] < 700)
        sign_in(page, service.sign_in.make_link(address))

        page.get_by_role("link", name="Metrics").first.click()
        page.get_by_role("link", name="New metric").first.click()
        page.locator("#source").select_option("shop")
        page.locator("#table").select_option("orders")
        expect(page.locator("#time_column")).to_have_value("created")
        page.locator("#dimension_1").select_option("country")
        page.locator("#title").fill("Orders")
        page.get_by_role("button", name="Draw it").click(timeout=120_000)  # the detector may have to be compiled
        expect(page.locator(".drafted")).to_contain_text("2 series, 2,686 points")
        expect(page.locator(".tried")).to_contain_text("Orders (DE) fell")
        page.locator("#draft-0").scroll_into_view_if_needed()
        page.wait_for_selector("#draft-0[data-drawn] canvas")
        expect(page.locator(".power-part")).to_contain_text("On its own history", timeout=120_000)
        page.get_by_role("button", name="Switch on").click()
        expect(page.get_by_role("status")).to_contain_text("Switched on")

        assert service.run_until(NOW).troubles == ()
        page.goto("/")
        alert = page.get_by_role("link", name="Orders (DE) fell").first
        sentence = alert.inner_text()
        alert.click()
        expect(page.get_by_role("heading", level=1)).to_have_text(sentence)
        page.get_by_role("button", name="Real", exact=False).first.click()
        expect(page.get_by_role("status")).to_contain_text("Noted: Real")
        page.get_by_role("status").get_by_role("button", name="Undo").click()
        expect(page.get_by_role("status")).to_contain_text("Taken back")


def sign_in(page: Page, link: str) -> None:
    """Follow the one-time link."""
    page.goto(link)
    page.get_by_label("Your name").fill("Ada")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="Metrics").first).to_be_visible()
