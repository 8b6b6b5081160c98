"""What explains an alert, on its page, in its message and for scripts: a real shop in which one country fell."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from tests.watch import shop
from watchkeeper.cli import main
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.times import HOUR
from watchkeeper.watch.service import Watchkeeper


def test_page_message_and_script_are_told_which_country_it_was(home: Path):
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
        (cause,) = service.explanation(alert.id).causes
    assert "of the drop is country = DE." in said
    assert cause.where == (("country", "DE"),)
    assert said in (home / "told.txt").read_text()
    listed = CliRunner().invoke(main, ["alerts", "--home", str(home / "watchkeeper"), "--show", "all", "--json"])
    told = next(one for one in map(json.loads, listed.output.splitlines()) if one["id"] == alert.id)
    assert told["explanation"] == said
    assert told["causes"] == [
        {"where": {"country": "DE"}, "share": round(cause.share, 4), "factor": round(cause.factor, 4)}
    ]


def test_a_metric_of_two_series_says_nothing(service: Watchkeeper):
    alert = service.inbox(show="all").lines[0].alert
    assert service.alert_page(alert.id).causes == ""
    assert service.explanation(alert.id).causes == ()
