"""A gap is filled again from the source, in one go: kept, judged anew, told without a storm."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.watch import shop
from watchkeeper.domain.alert import Cause, Status
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.errors import InputError, NotFoundError
from watchkeeper.domain.times import DAY, HOUR, WEEK
from watchkeeper.watch.service import Watchkeeper
from watchkeeper.watch.views import SeriesChart

GAP = (shop.DROP - DAY, shop.DROP + 2 * DAY)


@pytest.fixture
def whole(home: Path) -> SeriesChart:
    """The shop as it is judged where nothing was ever missing."""
    with shop.open_service(home) as service:
        service.run_until(shop.END)
        return service.metric_page("orders").chart


def lose(home: Path) -> None:
    """The warehouse loses the days around the drop, which is what the service reads first, and gets them back."""
    shop.change(home / "shop.db", "create table kept as select * from orders where time >= ? and time < ?", *GAP)
    shop.change(home / "shop.db", "delete from orders where time >= ? and time < ?", *GAP)


def find(home: Path) -> None:
    shop.change(home / "shop.db", "insert into orders select * from kept")


def test_a_gap_that_was_filled_gives_what_would_have_been(home: Path, whole: SeriesChart):
    fresh = home / "watchkeeper"
    assert fresh.exists()
    fresh.rename(home / "never lost")
    lose(home)
    with shop.open_service(home) as service:
        service.run_until(GAP[1])
        service.run_until(shop.END)
        told = len(service.channels.told())
        assert shop.DROP not in anomalies(service)
        find(home)
        until: list[int] = []
        tried = service.backfills.fill("orders", *GAP, "ann", dry_run=True)
        assert (tried.changed, tried.is_judged) == (2 * 72, False)
        assert service.metric_page("orders").chart.value.count(None) >= 72, "a dry run keeps nothing"
        done = service.backfills.fill("orders", *GAP, "ann", progress=until.append)
        assert (done.changed, done.withheld, done.is_judged) == (2 * 72, 0, True)
        assert until[-1] == GAP[1]
        chart = service.metric_page("orders").chart
        assert (chart.time, chart.value, chart.score, chart.upper) == (
            whole.time,
            whole.value,
            whole.score,
            whole.upper,
        )
        assert shop.DROP in anomalies(service), "the drop that nobody could see is in what was told as no data"
        assert all(one.alert.status is Status.RESOLVED for one in service.inbox(show="all").lines)
        service.run_until(shop.END + HOUR)
        assert len(service.channels.told()) == told, "nobody is woken about the past"
        assert service.backfills.fill("orders", *GAP, "ann").changed == 0, "doing it again changes nothing"
        lines = [f"{one.what} {one.detail}" for one in service.access.changes(10)]
        assert any("backfill metric orders, 2026-03-02T10:00:00Z to" in line for line in lines), lines


def anomalies(service: Watchkeeper) -> list[int]:
    """When values began to stand out, of every alert."""
    members = [one for line in service.inbox(show="all").lines for one in line.alert.members]
    return [one.start for one in members if one.cause is Cause.ANOMALY]


def test_a_gap_filled_on_one_server_is_judged_by_the_one_whose_metric_it_is(home: Path, postgres_url: str):
    lose(home)
    text = shop.CONFIG.format(shop=home / "shop.db", told=home / "told.txt")

    def opened(name: str) -> Watchkeeper:
        place = home / name
        return Watchkeeper.open(place, ledger_url=postgres_url, history_url=postgres_url, clock=lambda: shop.END)

    with opened("judges") as judges, opened("fills") as fills:
        judges.apply(parse_config(text), "tester")
        judges.run_until(shop.END - HOUR)
        find(home)
        done = fills.backfills.fill("orders", *GAP, "ann")
        assert (done.changed, done.is_judged) == (2 * 72, False)
        assert shop.DROP not in anomalies(judges)
        judges.run_until(shop.END)
        assert shop.DROP in anomalies(judges)


def test_what_cannot_be_read_says_why(home: Path):
    pushed = "sources: {push: {kind: push}}\nmetrics: {sent: {source: push, step: 1h}}\n"
    with shop.open_service(home) as service:
        service.apply(parse_config(pushed), "tester")
        fill = service.backfills.fill
        with pytest.raises(NotFoundError, match="no metric 'nothing'"):
            fill("nothing", *GAP, "ann")
        with pytest.raises(
            InputError, match="metric sent: its points are pushed, not read; push those of the gap again"
        ):
            fill("sent", *GAP, "ann")
        with pytest.raises(InputError, match="metric orders: it is read since 2026-01-05; start there, or set"):
            fill("orders", shop.START - WEEK, shop.END, "ann")
        nothing = fill("orders", shop.END + DAY, None, "ann")
        assert (nothing.start, nothing.end) == (shop.END + DAY, shop.END + DAY), "no period there is over"
        assert fill("orders", shop.END - DAY, None, "ann").end == shop.END, "up to the newest period that is over"
