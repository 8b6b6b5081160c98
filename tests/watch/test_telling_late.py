"""After a downtime people are told of what still goes on, and not of what is over."""

from __future__ import annotations

from pathlib import Path

from tests.watch import shop
from watchkeeper.domain.times import HOUR


def test_what_still_goes_on_is_told_however_late_it_was_found(home: Path):
    with shop.open_service(home, shop.DROP + 5 * HOUR) as service:
        service.run_until(shop.DROP - HOUR)
        service.run_until(shop.DROP + 5 * HOUR, stale_s=HOUR)
        assert (home / "told.txt").read_text().count("fell") >= 1


def test_what_is_over_is_held_with_its_reason(home: Path):
    later = shop.DROP + 48 * HOUR
    with shop.open_service(home, later) as service:
        service.run_until(shop.DROP - HOUR)
        service.run_until(later, stale_s=HOUR)
        assert not (home / "told.txt").exists()
        alert = service.inbox(show="all", order="newest").lines[0].alert
        reasons = [text for one in service.alert_page(alert.id).history for text in one.deliveries]
        assert any("about the past" in text for text in reasons)
