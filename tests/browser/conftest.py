"""A real Chromium before a real server on loopback."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from tests.server.fakes import FakeService
from tests.server.reading import form
from watchkeeper.server.run import running

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
QUIET = ("Failed to load resource: the server responded with a status of 4", "The chart could not be drawn here")
"""What Chromium itself reports when a page is answered with 401, 403, 404 or 409, and what our script says once."""

NewPage = Callable[..., Page]


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Chromium is."""
    found = os.environ.get("WATCHKEEPER_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if not found:
        pytest.skip(f"no Chromium on the path ({', '.join(_NAMES)}): install Debian's package chromium")
    return found


@pytest.fixture(scope="module")
def driver() -> Iterator[Playwright]:
    """Playwright's driver. It keeps an event loop in this thread, which no test of another file expects."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def browser(driver: Playwright, chromium: str) -> Iterator[Browser]:
    """One browser for all tests; each test has contexts of its own."""
    with driver.chromium.launch(executable_path=chromium, args=list(_FLAGS)) as opened:
        yield opened


@pytest.fixture(scope="session")
def browser_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the drawing bundle is made once."""
    return tmp_path_factory.mktemp("browser-cache")


@pytest.fixture
def service() -> FakeService:
    """The made-up service."""
    return FakeService(tokens={f"token-{number}" for number in range(20)})


@pytest.fixture
def address(service: FakeService, browser_cache: Path) -> Iterator[str]:
    """A server on a free port."""
    with running(service, browser_cache) as found:
        yield found


@contextlib.contextmanager
def watched(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Open pages; afterwards no console may have a complaint, and nothing may have been asked of anyone else."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def opened(**options: object) -> Page:
        context = browser.new_context(base_url=address, **options)  # type: ignore[arg-type]
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda sent: complaints.append(sent.url) if not sent.url.startswith(address) else None)
        return page

    try:
        yield opened
    finally:
        for context in contexts:
            context.close()
    assert [text for text in complaints if not text.startswith(QUIET)] == []


@pytest.fixture
def open_page(browser: Browser, address: str, service: FakeService) -> Iterator[NewPage]:
    """Open a page of the made-up service, signed in."""

    def opened(path: str = "/", **options: object) -> Page:
        page = new_page(**options)
        context = page.context
        fields = form(context.request.get(f"/sign-in?token={sorted(service.tokens)[0]}").text(), "/sign-in")
        context.request.post("/sign-in", form={**fields, "name": "Ada"})
        page.goto(path)
        return page

    with watched(browser, address) as new_page:
        yield opened


@pytest.fixture(scope="session")
def axe() -> str:
    """The accessibility checker's script, from the package axe-playwright-python (or a file named in AXE_JS)."""
    spec = importlib.util.find_spec("axe_playwright_python")
    places = [Path(os.environ.get("AXE_JS", "missing"))]
    if spec and spec.origin:
        places.append(Path(spec.origin).parent / "axe.min.js")
    for place in places:
        if place.is_file():
            return place.read_text(encoding="utf-8")
    pytest.skip("axe is not installed: pip install axe-playwright-python, or name axe.min.js in AXE_JS")


def violations(page: Page, axe: str) -> list[tuple[str, list[str]]]:
    """What axe has against a page with everything on it unfolded."""
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    page.evaluate(axe)
    found = page.evaluate(
        "axe.run(document, { resultTypes: ['violations'], rules: { 'target-size': { enabled: true } } })"
    )
    return [(each["id"], [node["html"][:120] for node in each["nodes"][:3]]) for each in found["violations"]]
