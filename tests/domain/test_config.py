"""A configuration is read strictly, and says where it is wrong and what to write instead."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from watchkeeper.domain.config import Channel, parse_config, read_config
from watchkeeper.domain.config_export import dump_config
from watchkeeper.domain.errors import ConfigError
from watchkeeper.domain.flag import Flag, Segment
from watchkeeper.domain.metric import Metric, Source
from watchkeeper.domain.route import Route
from watchkeeper.domain.runbook import Runbook
from watchkeeper.domain.system import System
from watchkeeper.domain.team import Team

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
    ("change", "line", "says"),
    [
        (("kind: count", "kind: number"), 6, "metrics.orders.*number"),
        (("step: 1h", "step: 7h"), 4, "metrics.orders.*1h, 1d"),
        (("source: shop", "source: store"), 4, "no source 'store'; there are shop: name one, or add it"),
        (("kind: count", "colour: red"), 6, "metrics.orders.*colour"),
        (("Europe/Berlin", "Berlin"), 4, "metrics.orders.*IANA"),
        (("since: 2024-01-01", "since: soon"), 4, "metrics.orders.*2026-11-23T09:00"),
        (("kind: count", "false_alerts_per_month: 0"), 6, "metrics.orders.*above 0"),
        (("  orders:", "  Orders!:"), 6, "Orders!.*lower-case"),
        (("  revenue:", "  orders:"), 7, "'orders' is given twice"),
        (("channels:", "chanels:"), 8, "chanels: not known"),
        (('query: "select 1 where :start < :end", ', ""), 6, "metrics.orders.*query"),
        (("metrics:", "metrics: ["), 7, "YAML"),
    ],
)
def test_what_cannot_be_is_named_with_its_place(change: tuple[str, str], line: int, says: str):
    text = GOOD.replace(*change, 1)
    assert text != GOOD
    with pytest.raises(ConfigError, match=says) as caught:
        parse_config(text, "shop.yaml")
    assert str(caught.value).startswith(f"shop.yaml:{line}: ")


def test_a_key_that_is_not_known_is_named_with_the_one_it_may_be() -> None:
    text = "sources: {shop: {url: 'sqlite:///s.db'}}\nmetrics: {orders: {source: shop, %s: orders, step: 1h}}"
    for key, mend in (("tabel", "is it `table`?"), ("qqq", "there are name, source,")):
        with pytest.raises(ConfigError, match=f"orders: no setting is called `{key}`; {mend}"):
            parse_config(text % key, "shop.yaml")


def test_configuration_never_executes():
    with pytest.raises(ConfigError, match="python/object"):
        parse_config("sources: !!python/object/apply:os.system ['true']")


def test_a_calendar_that_is_not_known_is_refused_by_name():
    text = "sources: {s: {url: 'sqlite://'}}\nmetrics: {m: {source: s, query: q, step: 1h, calendar: %s}}"
    assert parse_config(text % "DE-BE").metrics[0].calendar_rule == "holidays:DE-BE"
    with pytest.raises(ConfigError, match=r"metric m: calendar: .*no such country"):
        parse_config(text % "XX")


def test_the_line_is_that_of_the_setting_in_a_long_file() -> None:
    text = """
# what is watched
sources:
  shop:
    url: "sqlite:///shop.db"
metrics:
  orders:
    source: shop
    query: "select 1"
    step: 1h
    min_group_size: -1
  visits:
    source: shop
    query: "select 1"
    step: 1h
    dimensions: country
retention:
  points: 5y
  alerts: 1d
"""
    with pytest.raises(ConfigError, match=r"shop.yaml:11: metrics.orders: .*min_group_size"):
        parse_config(text, "shop.yaml")
    with pytest.raises(ConfigError, match=r"shop.yaml:16: metrics.visits: .*array"):
        parse_config(text.replace("-1", "1"), "shop.yaml")
    text = text.replace("-1", "1").replace("dimensions: country", "dimensions: [country]")
    with pytest.raises(ConfigError, match=r"shop.yaml:19: retention: alerts: 1d is too short"):
        parse_config(text, "shop.yaml")
    with pytest.raises(ConfigError, match=r"shop.yaml:3: sources: expected a mapping"):
        parse_config("\n\nsources: [a]", "shop.yaml")
    with pytest.raises(ConfigError, match=r"shop.yaml:1: expected a mapping"):
        parse_config("", "shop.yaml")


WHOLE = """
sources: {shop: {url: "sqlite:///shop.db"}}
metrics: {orders: {source: shop, step: 1h, query: "select 1 where :start < :end"}}
channels: {team: {url: "textfile://team.txt"}}
teams: {shop: {members: [Ada]}}
routes: {all: {channels: [team]}}
segments: {staff: {when: {mail: {ends_with: "@example.com"}}}}
flags: {ranking: {variants: {model: true, basic: false}, default: model, fallback: basic}}
systems: {search: {source: shop, stage: operation, predictions: {table: p, time_field: at, key: id, score: s}}}
runbooks: {drop: {text: Look.}}
"""

VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(),
        st.text(max_size=8),
        st.sampled_from(
            ["1h", "shop", "model", "mon 08:00 America", "2026-01-01", "9999-12-31T23:59:59-23:59", "0001-01-01", "UTC"]
        ),
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8) | st.sampled_from(["name", "model"]), inner, max_size=3)
    ),
    max_leaves=6,
)
RECORDS = {
    "sources": Source,
    "metrics": Metric,
    "channels": Channel,
    "teams": Team,
    "routes": Route,
    "segments": Segment,
    "flags": Flag,
    "systems": System,
    "runbooks": Runbook,
}


@st.composite
def broken(draw: st.DrawFn) -> str:
    """A configuration in which one record has all that it needs, and some settings are any value."""
    said = yaml.safe_load(WHOLE)
    section = draw(st.sampled_from(sorted(RECORDS)))
    settings = draw(st.dictionaries(st.sampled_from(RECORDS[section].__struct_fields__), VALUES, max_size=3))
    name = draw(st.sampled_from(sorted(said[section])))
    said[section][name] |= settings
    return json.dumps(said)


@settings(deadline=None)
@given(broken())
def test_any_value_of_a_setting_is_taken_or_refused(text: str) -> None:
    try:
        config = parse_config(text, "shop.yaml")
    except ConfigError:
        return
    parse_config(dump_config(config))


def test_all_records_that_cannot_be_are_named_at_once_and_files_are_read_as_one() -> None:
    broken = GOOD.replace("kind: count", "colour: red").replace("textfile:///tmp/team.txt", 'x", digest: "never')
    with pytest.raises(ConfigError) as caught:
        parse_config(broken, "shop.yaml")
    assert [one.partition(": ")[0] for one in str(caught.value).splitlines()] == ["shop.yaml:6", "shop.yaml:9"]
    metrics, channels = GOOD.split("channels:")
    written = read_config([(metrics, "a.yaml"), (f"channels:{channels}", "b.yaml")])
    assert written.config == parse_config(GOOD)
    with pytest.raises(ConfigError, match=r"b.yaml:2: sources.shop: a.yaml:3 names it too; name it once"):
        read_config([(metrics, "a.yaml"), ('sources:\n  shop: {url: "sqlite:///other.db"}', "b.yaml")])
