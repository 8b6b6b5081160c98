"""A series' data health: freshness, gaps, late points."""

from __future__ import annotations

from pathlib import Path

from tests.watch import shop
from watchkeeper.domain.times import DAY, HOUR
from watchkeeper.watch.service import Watchkeeper
from watchkeeper.watch.views import Health


def health(service: Watchkeeper) -> Health:
    found = service.metric_page("orders").health
    assert found is not None
    return found


def test_whole_and_fresh_data_has_nothing_to_say(service: Watchkeeper):
    found = health(service)
    assert (found.newest, found.overdue) == (shop.END - HOUR, 0)
    assert (found.periods, found.missing, found.gaps, found.late) == (30 * 24, 0, (), 0)


def test_gaps_and_what_is_overdue_are_counted(home: Path):
    start = shop.END - 10 * DAY
    shop.change(home / "shop.db", "delete from orders where time >= ? and time < ?", start, start + 5 * HOUR)
    shop.change(home / "shop.db", "delete from orders where time >= ?", shop.END - 3 * HOUR)
    with shop.open_service(home) as service:
        service.run_until(shop.END)
        found = health(service)
    assert (found.newest, found.overdue) == (shop.END - 4 * HOUR, 3)
    assert (found.missing, found.gap_count) == (8, 2)
    assert found.gaps == ((shop.END - 3 * HOUR, shop.END), (start, start + 5 * HOUR))


def test_points_that_came_after_the_metric_stopped_waiting_are_late(home: Path):
    with shop.open_service(home, now=shop.END - 5 * DAY) as service:
        service.run_until(shop.END - 5 * DAY)
    with shop.open_service(home) as service:
        service.run_until(shop.END)
        found = health(service)
    assert found.late == 5 * 24 - 2  # the newest hour came at once, the one before within a period
    assert found.latest_s >= 5 * DAY - HOUR
