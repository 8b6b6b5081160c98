"""The sentence on an alert's page, from a real shop in which one country fell."""

from __future__ import annotations

from pathlib import Path

from tests.watch import shop
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.times import HOUR
from watchkeeper.watch.service import Watchkeeper


def test_the_page_says_which_country_it_was(home: Path):
    drop = (shop.DROP, shop.DROP + shop.DROP_HOURS * HOUR)
    shop.change(home / "shop.db", shop.AS_A_WEEK_BEFORE + " and country = 'US'", *drop)
    for country in ("AT", "FR", "IT"):
        grown = "insert into orders select time, ?, orders / 2 + time / 3600 % 7 from orders where country = 'US'"
        shop.change(home / "shop.db", grown, country)
    config = shop.CONFIG.format(shop=home / "shop.db", told=home / "told.txt")
    with Watchkeeper.open(home / "watchkeeper", clock=lambda: shop.END) as service:
        service.apply(parse_config(config), "tester")
        service.run_until(shop.DROP + shop.DROP_HOURS * 3600)
        alert = service.inbox(show="all", order="newest").lines[0].alert
        said = service.alert_page(alert.id).causes
    assert "of the drop is country = DE." in said


def test_a_metric_of_two_series_says_nothing(service: Watchkeeper):
    alert = service.inbox(show="all").lines[0].alert
    assert service.alert_page(alert.id).causes == ""
