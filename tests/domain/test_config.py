"""A configuration is read strictly, and says where it is wrong and what to write instead."""

from __future__ import annotations

import pytest

from watchkeeper.domain.config import parse_config
from watchkeeper.domain.errors import ConfigError

GOOD = """
sources:
  shop: {url: "sqlite:///shop.db"}
defaults: {source: shop, step: 1h, timezone: Europe/Berlin, since: 2024-01-01}
metrics:
  orders: {query: "select 1 where :start < :end", kind: count}
  revenue: {query: "select 2 where :start < :end", step: 1d, title: Revenue}
channels:
  team: {url: "textfile:///tmp/team.txt"}
"""


def test_metrics_inherit_defaults_and_may_say_otherwise():
    orders, revenue = parse_config(GOOD).metrics
    assert (orders.step_s, revenue.step_s) == (3600, 86400)
    assert orders.label == "orders"
    assert revenue.label == "Revenue"
    assert orders.family == "shop"
    assert orders.since_s == 1704063600  # midnight in Berlin; a date stays what was written


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("kind: count", "kind: number"), "metrics.orders.*number"),
        (("step: 1h", "step: 7h"), "metrics.orders.*1h, 1d"),
        (("source: shop", "source: store"), "'store' is not among the sources \\(shop\\)"),
        (("kind: count", "colour: red"), "metrics.orders.*colour"),
        (("Europe/Berlin", "Berlin"), "metrics.orders.*IANA"),
        (("since: 2024-01-01", "since: soon"), "metrics.orders.*2026-11-23T09:00"),
        (("kind: count", "false_alerts_per_month: 0"), "metrics.orders.*above 0"),
        (("  orders:", "  Orders!:"), "Orders!.*lower-case"),
        (("  revenue:", "  orders:"), "'orders' is given twice"),
        (("channels:", "chanels:"), "chanels: not known"),
        (('query: "select 1 where :start < :end", ', ""), "metrics.orders.*query"),
        (("metrics:", "metrics: ["), "YAML"),
    ],
)
def test_what_cannot_be_is_named_with_its_place(change: tuple[str, str], says: str):
    text = GOOD.replace(*change, 1)
    assert text != GOOD
    with pytest.raises(ConfigError, match=says) as caught:
        parse_config(text, "shop.yaml")
    assert str(caught.value).startswith("shop.yaml: ")


def test_configuration_never_executes():
    with pytest.raises(ConfigError, match="python/object"):
        parse_config("sources: !!python/object/apply:os.system ['true']")


def test_a_calendar_that_is_not_known_is_refused_by_name():
    text = "sources: {s: {url: 'sqlite://'}}\nmetrics: {m: {source: s, query: q, step: 1h, calendar: %s}}"
    assert parse_config(text % "DE-BE").metrics[0].calendar_rule == "holidays:DE-BE"
    with pytest.raises(ConfigError, match=r"metric m: calendar: .*no such country"):
        parse_config(text % "XX")
