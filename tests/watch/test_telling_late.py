"""After a downtime people are told of what still goes on, and not of what is over."""

from __future__ import annotations

from pathlib import Path

from tests.watch import shop
from watchkeeper.domain.alert import Cause, Status
from watchkeeper.domain.times import DAY, HOUR
from watchkeeper.watch.service import Watchkeeper
from watchkeeper.watch.views import AlertLine, AlertPage


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


def test_rows_that_come_after_their_time_was_judged_raise_the_alert_that_they_would_have_raised(home: Path):
    short = shop.DROP + 2 * HOUR
    shop.change(home / "shop.db", shop.AS_A_WEEK_BEFORE, short, shop.DROP + shop.DROP_HOURS * HOUR)
    with shop.open_service(home, short) as service:
        service.run_until(shop.DROP)
        shop.change(home / "shop.db", "create table kept as select * from orders where time >= ? and time < ?",
                    shop.DROP, short)  # fmt: skip
        shop.change(home / "shop.db", "delete from orders where time >= ? and time < ?", shop.DROP, short)
        service.run_until(short + HOUR)
        before = len(service.channels.told())
        assert not drops(service), "nothing stands out of what is there"
        shop.change(home / "shop.db", "insert into orders select * from kept")
        service.run_until(short + 2 * HOUR)
        (line,) = drops(service)
        assert (line.alert.start, line.alert.end) == (shop.DROP, short)
        assert len(service.channels.told()) > before, "it is young enough to be told"
        service.run_until(short + 3 * HOUR)
        assert len(drops(service)) == 1


def test_what_is_over_stays_as_it_was_told_though_late_rows_show_it_in_another_light(home: Path):
    with shop.open_service(home, shop.DROP + 3 * DAY) as service:
        service.run_until(shop.DROP - HOUR)
        service.run_until(shop.DROP + 2 * DAY)
        before = service.alert_page(drops(service)[0].alert.id)
        assert before.line.alert.status is Status.RESOLVED
        window = (shop.DROP, shop.DROP + shop.DROP_HOURS * HOUR)
        shop.change(home / "shop.db", "update orders set orders = 0 where time >= ? and time < ?", *window)
        assert service.backfills.fill("orders", *window, "ann").changed > 0
        service.run_until(shop.DROP + 2 * DAY + HOUR)
        after = service.alert_page(before.line.alert.id)
        now = judged(after, before)
        assert now is not None
        assert now > before.line.alert.peak.peak_score, "it would be told as worse today"
        assert after.line.alert == before.line.alert
        assert after.history == before.history


def judged(page: AlertPage, told: AlertPage) -> float | None:
    """The score that the point of the alert's peak has today."""
    peak = told.line.alert.peak
    (chart,) = [one for one in page.charts if one.series.id == peak.series]
    return chart.score[chart.time.index(peak.peak_time)]


def drops(service: Watchkeeper) -> list[AlertLine]:
    """The alerts of the drop's time that are about values."""
    lines = service.inbox(show="all").lines
    return [one for one in lines if one.alert.peak.cause is Cause.ANOMALY and one.alert.end > shop.DROP]
