"""What pages cost a real browser with ten thousand alerts in the ledger: `python -m benchmarks.page_browser`.

Builds what `benchmarks.page_speed` builds, serves it on loopback and opens pages in Chromium (named in
WATCHKEEPER_CHROMIUM or found on the path). For each: the milliseconds until it can be used on a cold load (its heading
and buttons stand, scripts have run), until its charts are drawn, and the kilobytes that a cold and a warm load
transfer. Then a chart of ten thousand points is moved in sixty steps; prints the median and the longest frame. Ends
with 1 where a bar is missed.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from benchmarks.page_speed import HOURS, START, build
from watchkeeper.domain.times import HOUR
from watchkeeper.server.run import running
from watchkeeper.stores.history import History
from watchkeeper.watch.service import Watchkeeper

PAGES = {
    "/": "inbox",
    "/?show=all&order=newest": "inbox",
    "/alerts/77": "alert",
    "/alerts/1234": "alert",
    "/alerts/8765": "alert",
    "/metrics/orders-0": "metric",
    "/metrics/orders-0/settings": "settings",
    "/metrics": "metrics",
    "/teams": "teams",
    "/overview": "week",
    "/setup": "setup",
    "/told": "told",
    "/mutes": "mutes",
    "/people": "people",
    "/audit": "audit",
    "/systems": "systems",
    "/flags": "flags",
    "/assessments": "ideas",
    "/new-metric": "new metric",
}
COLD_KB, WARM_KB, USABLE_MS, FRAME_MS = 1300.0, 100.0, 1000.0, 100.0
TIMED = ("inbox", "alert")
EARLIER = 1500
"""Hours that the first series has before the others, so that it has more than ten thousand points."""
PAN = """async () => {
  const chart = window.watchkeeperCharts.get("close-up");
  const { t } = chart.data.columns;
  const length = 0.97 * (t[t.length - 1] - t[0]);
  const frames = [];
  for (let step = 0; step < 60; step += 1) {
    const from = t[0] + (step / 60) * 0.03 * (t[t.length - 1] - t[0]);
    const begun = performance.now();
    await chart.show(from, from + length);
    await new Promise(requestAnimationFrame);
    frames.push(performance.now() - begun);
  }
  return [t.length, ...frames];
}"""


class Meter:
    """Counts what a page transfers."""

    def __init__(self, context: BrowserContext, page: Page) -> None:
        self.transferred = 0.0
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.loadingFinished", lambda told: self._add(told["encodedDataLength"]))

    def _add(self, length: float) -> None:
        self.transferred += length

    def taken(self) -> float:
        """Kilobytes since last asked."""
        found, self.transferred = self.transferred / 1000, 0.0
        return found


def signed_in(browser: Browser, address: str, link: str) -> dict[str, Any]:
    """What makes a new context of a person who is signed in; nothing but the session is kept."""
    first: dict[str, Any] = {"base_url": address, "viewport": {"width": 1440, "height": 900}}
    with browser.new_context(**first) as context:
        page = context.new_page()
        page.goto(link)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_selector("#alerts")
        return {**first, "storage_state": context.storage_state()}


def loaded(page: Page, path: str) -> tuple[float, float]:
    """Milliseconds until the page can be used, and until its charts in sight are drawn."""
    begun = time.perf_counter()
    page.goto(path, wait_until="domcontentloaded")
    page.wait_for_selector("h1", state="attached")
    usable = 1000 * (time.perf_counter() - begun)
    figure = page.query_selector("figure.chart")
    if figure is not None:
        page.wait_for_selector("figure.chart[data-drawn] canvas")
        drawn = 1000 * (time.perf_counter() - begun)
    else:
        drawn = usable
    page.wait_for_load_state("networkidle")
    return usable, drawn


def measured(browser: Browser, visit: dict[str, Any]) -> int:
    """Measure every page cold and warm; how many bars are missed."""
    missed = 0
    usable_of: dict[str, list[float]] = {}
    print(f"{'page':<14}{'usable ms':>10}{'drawn ms':>10}{'cold KB':>10}{'warm KB':>10}")
    for path, name in PAGES.items():
        context = browser.new_context(**visit)
        page = context.new_page()
        meter = Meter(context, page)
        usable, drawn = loaded(page, path)
        cold = meter.taken()
        loaded(page, path)
        warm = meter.taken()
        context.close()
        print(f"{name:<14}{usable:>10.0f}{drawn:>10.0f}{cold:>10.0f}{warm:>10.0f}")
        missed += (cold > COLD_KB) + (warm > WARM_KB)
        usable_of.setdefault(name, []).append(usable)
    return missed + sum(statistics.median(usable_of[name]) > USABLE_MS for name in TIMED)


def panned(browser: Browser, visit: dict[str, Any]) -> int:
    """Move the long chart; whether the bar is missed."""
    context = browser.new_context(**visit)
    page = context.new_page()
    page.goto("/metrics/orders-0")
    page.wait_for_selector("#close-up[data-drawn] canvas")
    points, *frames = page.evaluate(PAN)
    context.close()
    median, longest = statistics.median(frames), max(frames)
    print(f"moving a chart of {points:,} points: median frame {median:.0f} ms, longest {longest:.0f} ms")
    return int(max(frames) > FRAME_MS)


def main() -> int:
    """Build, measure, print; 1 where a bar is missed."""
    chromium = os.environ.get("WATCHKEEPER_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        print("no Chromium on the path: install Debian's package chromium, or name one in WATCHKEEPER_CHROMIUM")
        return 2
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        build(home)
        with History.open(home / "history.duckdb") as history:
            hour = START - (1 + np.arange(EARLIER)[::-1]) * HOUR
            history.append(np.full(EARLIER, 1, np.int32), hour, np.full(EARLIER, 400.0), known_at=START)
            history.compact()
        with Watchkeeper.open(home, clock=lambda: START + HOURS * HOUR) as service, running(service, home / "c") as at:
            service.inbox()  # the first judgement of a process takes seconds, once
            with (
                sync_playwright() as driver,
                driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]) as browser,
            ):
                visit = signed_in(browser, at, service.sign_in.make_link(at))
                missed = measured(browser, visit) + panned(browser, visit)
    print(
        f"bars: usable within {USABLE_MS:g} ms (inbox, alert: medians), {COLD_KB:g} KB cold, {WARM_KB:g} KB warm, "
        f"frames within {FRAME_MS:g} ms; {'missed' if missed else 'met'}"
    )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
