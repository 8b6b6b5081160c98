"""A configuration is checked as a whole: every reference, with its file and line, all that is wrong at once."""

from __future__ import annotations

from watchkeeper.domain.config import Config, read_config
from watchkeeper.domain.config_check import dangling, lacking, left_out, referring, together

FILE = """sources:
  shop: {url: "sqlite:///shop.db"}
defaults: {source: shop, step: 1h}
metrics:
  orders:
    query: "select 1 where :start < :end"
    depends_on:
      - rows
      - nope
  rows: {query: "select 1 where :start < :end", owner: checkout}
channels:
  mail: {url: "textfile:///tmp/mail.txt"}
teams:
  checkout: {members: [Ada]}
routes:
  night:
    channels: [mail,
               nobody]
segments:
  staff: {when: {mail: {ends_with: "@example.com"}}}
flags:
  ranking:
    variants: {model: true, basic: false}
    default: model
    fallback: basic
    rules:
      - {when: {segment: [staff, guests]}, serve: model}
    guard:
      trips:
        - {metric: orders}
        - {metric: lost}
        - {metric: search.accuracy}
systems:
  search:
    source: shop
    owner: Ada
    flags: [ranking, gone]
    key_metrics: [search.skill, orders]
"""


def whole(text: str, there: Config | None = None, place: str = "shop.yaml") -> list[str]:
    written = read_config([(text, place)])
    both = together(there or Config(), written.config)
    return lacking(written.config, both, written.places) + dangling(written.config, both, written.places)


def test_every_reference_that_leads_nowhere_is_named_with_its_line() -> None:
    assert [one.partition(";")[0] for one in whole(FILE)] == [
        "shop.yaml:9: metrics.orders.depends_on: no metric 'nope'",
        "shop.yaml:18: routes.night.channels: no channel 'nobody'",
        "shop.yaml:37: systems.search.flags: no flag 'gone'",
        "shop.yaml:31: flags.ranking.guard: no metric 'lost'",
        "shop.yaml:27: flags.ranking.rules: no segment 'guests'",
    ]
    assert "there are mail: name one, or add it" in "".join(whole(FILE))


def test_what_stands_already_counts_too() -> None:
    there = read_config([(FILE, "shop.yaml")]).config
    assert whole("routes: {day: {channels: [mail]}}", there) == []
    more = "metrics: {visits: {source: shop, step: 1h, query: 'select :start, :end'}}"
    assert whole(more, there) == []
    assert whole(more) == ["shop.yaml:1: metrics.visits.source: no source 'shop'; there are none: name one, or add it"]


def test_of_many_names_the_nearest_are_said() -> None:
    many = "channels: {{{}}}".format(", ".join(f"team-{one}: {{url: 'textfile:///tmp/x'}}" for one in range(20)))
    (said,) = whole("routes: {r: {channels: [team-7x]}}", read_config([(many, "a")]).config)
    assert "the nearest of 20 are team-7" in said


def test_what_no_file_names_is_left_out_but_what_a_system_makes() -> None:
    there = read_config([(FILE, "shop.yaml")]).config
    made = read_config([("metrics: {search.skill: {source: shop, step: 1h, query: q}}", "x")]).config
    there = together(there, made)
    less = read_config([("systems: {search: {source: shop, owner: Ada}}", "less.yaml")])
    assert left_out(there, less.config) == [
        ("source", "shop"),
        ("metric", "orders"),
        ("metric", "rows"),
        ("channel", "mail"),
        ("team", "checkout"),
        ("route", "night"),
        ("segment", "staff"),
        ("flag", "ranking"),
    ]
    assert ("metric", "search.skill") in left_out(there, Config())
    gone = left_out(there, less.config)
    (said,) = lacking(less.config, together(there, less.config, gone), less.places)
    assert said == "less.yaml:1: systems.search.source: no source 'shop'; there are none: name one, or add it"


def test_an_owner_refers_to_a_team_only_where_it_is_one() -> None:
    there = read_config([(FILE, "shop.yaml")]).config
    rest = read_config([(FILE.replace("teams:\n  checkout: {members: [Ada]}\n", ""), "rest.yaml")])
    gone = left_out(there, rest.config)
    assert gone == [("team", "checkout")]
    said = dangling(rest.config, together(there, rest.config, gone), rest.places, gone)
    assert said[1] == (
        "rest.yaml:10: metrics.rows.owner: team 'checkout' would be removed, as no file names it; "
        "name it in one, or not here"
    )
    assert [(one.kind, one.name) for one in referring(there, "team", "checkout")] == [("metric", "rows")]


def test_what_refers_to_a_system_is_what_refers_to_its_metrics() -> None:
    there = read_config([(FILE, "shop.yaml")]).config
    assert [(one.kind, one.name, one.setting) for one in referring(there, "system", "search")] == [
        ("flag", "ranking", "guard")
    ]
    assert {(one.kind, one.name) for one in referring(there, "metric", "orders")} == {
        ("flag", "ranking"),
        ("system", "search"),
    }
    assert referring(there, "route", "night") == []
