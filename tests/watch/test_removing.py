"""What is configured can be taken away again, and nothing that was accepted is lost by it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.watch import shop
from watchkeeper.domain.alert import Status
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.config_export import dump_config
from watchkeeper.domain.errors import ConfigError, InputError, NotFoundError
from watchkeeper.domain.feedback import Answer
from watchkeeper.domain.times import DAY
from watchkeeper.stores.ledger import metrics, watermarks
from watchkeeper.watch.alerting import Looked, store
from watchkeeper.watch.service import Watchkeeper
from watchkeeper.watch.views import Draft

NOW = shop.LATER_DROP + 3 * shop.HOUR
"""In the middle of the second drop: its alert is open."""
MORE = """
teams: {{checkout: {{members: [Ada]}}}}
routes: {{night: {{channels: [team], owner: [checkout]}}}}
segments: {{staff: {{when: {{mail: {{ends_with: "@example.com"}}}}}}}}
runbooks: {{drop: {{text: look}}}}
flags:
  ranking:
    variants: {{model: true, basic: false}}
    default: model
    fallback: basic
    rules: [{{when: {{segment: staff}}, serve: model}}]
    guard: {{mode: observe, trips: [{{metric: orders}}]}}
"""
FLAG = "flags: {beta: {variants: {new: true, old: false}, default: new, fallback: old}}"


def config(home: Path, more: str = "") -> str:
    return (shop.CONFIG + more).format(shop=home / "shop.db", told=home / "told.txt")


@pytest.fixture
def watched(home: Path) -> Iterator[Watchkeeper]:
    with shop.open_service(home, NOW) as service:
        service.run_until(NOW)
        yield service


def remove(service: Watchkeeper, kind: str, name: str) -> None:
    service.remove(kind, name, "Ada")


def test_a_removed_metric_is_watched_no_more_and_its_record_stays(watched: Watchkeeper, home: Path) -> None:
    alert = watched.inbox(show="all", order="newest").lines[0].alert
    assert alert.status is Status.OPEN
    first = watched.inbox(show="all", order="newest").lines[-1].alert
    watched.answer(Draft(answer=Answer.REAL, by="Ada", alert=first.id))
    log = list(watched.export_feedback())
    remove(watched, "metric", "orders")

    assert watched.metrics() == ()
    assert watched.standing().metrics == ()
    assert "orders" not in dump_config(watched.standing())
    assert watched.inbox().lines == (), "nobody is asked about what is watched no more"
    page = watched.alert_page(alert.id)
    assert page.line.alert.status is Status.RESOLVED
    assert not any(member.is_open for member in page.line.alert.members)
    assert page.history[-1].transition.detail == "metric orders was removed by Ada"
    assert list(watched.export_feedback()) == log
    assert watched.import_feedback([], "x", "Ada").unknown == {}
    done = watched.run_until(shop.END)
    assert (done.points, done.opened, done.troubles) == (0, 0, ())
    assert watched.questions.listed(is_open=True) == ()
    assert watched.overview.week().watched == 0
    assert 'metric="orders"' not in watched.vitals.text().decode()
    assert watched.retention.look().words
    assert watched.answer(Draft(answer=Answer.FALSE_ALARM, by="Ada", alert=alert.id)).feedback.id
    for ask in (lambda: watched.metric_page("orders"), lambda: remove(watched, "metric", "orders")):
        with pytest.raises(NotFoundError, match="orders"):
            ask()
    entries = [(one.by, one.what, one.detail) for one in watched.access.changes(10)]
    assert ("Ada", "remove", "metric orders") in entries


def test_named_again_it_is_back_with_its_history_as_if_it_had_never_gone(watched: Watchkeeper, home: Path) -> None:
    before = watched.metric_page("orders")
    remove(watched, "metric", "orders")
    remove(watched, "source", "shop")
    assert watched.standing().sources == ()
    watched.run_until(NOW + shop.HOUR)
    watched.apply(parse_config(config(home)), "Ben")
    again = watched.metric_page("orders")
    assert (again.series, again.chart, again.answers) == (before.series, before.chart, before.answers)
    watched.run_until(shop.END)
    whole = watched.metric_page("orders").chart
    (home / "other").mkdir()
    (home / "other" / "shop.db").write_bytes((home / "shop.db").read_bytes())
    with shop.open_service(home / "other") as never:
        never.run_until(shop.END)
        assert never.metric_page("orders").chart == whole


def test_an_alert_goes_on_with_the_metrics_that_are_left(home: Path) -> None:
    two = (
        config(home).replace("  orders:", "  orders: &orders").replace("channels:", "  more: {<<: *orders}\nchannels:")
    )
    text = config(home)
    block = text[text.index("  orders:") : text.index("channels:")]
    two = text.replace("channels:", block.replace("  orders:", "  more:") + "channels:")
    with shop.open_service(home, NOW) as service:
        service.apply(parse_config(two), "tester")
        service.run_until(NOW)
        (alert,) = [one.alert for one in service.inbox().lines if one.alert.status is Status.OPEN]
        remove(service, "metric", "more")
        left = service.line_of(alert.id).alert
        assert left.status is Status.OPEN
        assert sum(one.is_open for one in left.members) == 2, "those of orders"
        assert alert.id in [one.alert.id for one in service.inbox().lines]
        service.run_until(shop.END)
        assert service.line_of(alert.id).alert.status is Status.RESOLVED


def test_what_waits_for_a_removed_channel_ends_with_the_reason(home: Path) -> None:
    with shop.open_service(home, NOW) as service:
        deaf = "channels: {team: {url: 'http://127.0.0.1:9/', kind: webhook}}"
        service.apply(parse_config(deaf), "tester")
        service.run_until(NOW)
        alert = service.inbox(order="newest").lines[0].alert
        (said,) = service.removal("channel", "team").effects
        assert "end untold" in said
        remove(service, "channel", "team")
        assert service.standing().channels == ()
        lines = [one for each in service.alert_page(alert.id).history for one in each.deliveries]
        assert set(lines) == {"team: held (channel team was removed by Ada)"}
        service.apply(parse_config(config(home)), "tester")
        assert service.run_until(NOW).sent == 0, "a channel of the same name is told what comes"


def test_what_is_referred_to_stays_until_nothing_refers_to_it(home: Path) -> None:
    with shop.open_service(home) as service:
        service.apply(parse_config(config(home, MORE)), "tester")
        for kind, name, says in (
            ("source", "shop", r"metric orders \(source\)"),
            ("metric", "orders", r"flag ranking \(guard\)"),
            ("channel", "team", r"route night \(channels\)"),
            ("team", "checkout", r"route night \(owner\)"),
            ("segment", "staff", r"flag ranking \(rules\)"),
        ):
            before = service.standing()
            with pytest.raises(InputError, match=f"{kind} {name} is needed by {says}: .*nothing was removed"):
                remove(service, kind, name)
            assert service.standing() == before
        order = ["route night", "flag ranking", "segment staff", "team checkout", "runbook drop", "channel team"]
        for one in [*order, "metric orders", "source shop"]:
            remove(service, *one.split())
        left = msgspec_sections(service)
        assert left == {}
        with pytest.raises(InputError, match="use one of source, metric"):
            remove(service, "sources", "shop")


def msgspec_sections(service: Watchkeeper) -> dict[str, object]:
    standing = service.standing()
    return {
        name: getattr(standing, name)
        for name in standing.__struct_fields__
        if name != "retention" and getattr(standing, name)
    }


def test_a_removed_flag_is_asked_in_vain_and_comes_back_fresh(home: Path) -> None:
    with shop.open_service(home) as service:
        service.apply(parse_config(FLAG), "tester")
        service.flags.override("beta", "old", 3600, "Ada")
        assert service.flags.evaluate("beta", {}).value is False
        remove(service, "flag", "beta")
        assert service.flags.lines() == ()
        assert service.flags.evaluate("beta", {}).value is None
        service.run_until(shop.END)
        service.apply(parse_config(FLAG), "tester")
        assert service.flags.evaluate("beta", {}).value is True, "an override ends with its flag"
        assert [one.what for one in service.flags.page("beta").changes][:2] == ["configured", "removed"]


def test_a_system_goes_with_its_metrics_and_comes_back_with_what_was_said(home: Path) -> None:
    late = "{{source: shop, owner: Ada, predictions: {{table: p, time_field: at, predicted: x}}}}"
    wanted = config(home, f"systems: {{{{late: {late}}}}}")
    with shop.open_service(home) as service:
        service.apply(parse_config(wanted), "tester")
        made = [one.metric.name for one in service.metrics() if one.metric.name.startswith("late.")]
        assert made
        service.systems.say("late", "schema", 1.0, "Ada")
        with pytest.raises(InputError, match=r"system late \(which makes it\)"):
            remove(service, "metric", made[0])
        remove(service, "system", "late")
        assert service.systems.lines() == ()
        assert [one.metric.name for one in service.metrics()] == ["orders"]
        service.apply(parse_config(wanted), "tester")
        assert service.systems.page("late").line.system.name == "late"
        assert made == [one.metric.name for one in service.metrics() if one.metric.name.startswith("late.")]


def test_a_system_goes_without_the_metrics_of_one_whose_name_goes_on(home: Path) -> None:
    record = "{{source: shop, owner: Ada, predictions: {{table: p, time_field: at, predicted: x}}}}"
    wanted = config(home, f"systems: {{{{late: {record}, late.new: {record}}}}}")
    with shop.open_service(home) as service:
        service.apply(parse_config(wanted), "tester")
        kept = [one.metric.name for one in service.metrics() if one.metric.name.startswith("late.new.")]
        assert kept
        assert not any(name.startswith("late.new") for _, name in service.removal("system", "late").gone)
        remove(service, "system", "late")
        assert [one.metric.name for one in service.metrics()] == [*kept, "orders"]


def test_applying_with_prune_removes_what_no_file_names_and_a_plan_says_so(home: Path) -> None:
    with shop.open_service(home) as service:
        service.apply(parse_config(config(home, MORE)), "tester")
        less = parse_config(config(home, "runbooks: {{drop: {{text: look}}}}"))
        assert service.plan(less) == []
        steps = [(one.noun, one.name) for one in service.plan(less, is_pruned=True) if one.is_removed]
        assert steps == [("team", "checkout"), ("route", "night"), ("segment", "staff"), ("flag", "ranking")]
        service.apply(less, "Ada", is_pruned=True)
        assert service.plan(less, is_pruned=True) == []
        assert set(msgspec_sections(service)) == {"sources", "metrics", "channels", "runbooks"}
        dangling = parse_config("sources: {shop: {url: 'sqlite://'}}\nroutes: {r: {channels: [team]}}")
        assert service.plan(dangling)
        for ask in (service.plan, lambda one, is_pruned: service.apply(one, "Ada", is_pruned=is_pruned)):
            with pytest.raises(ConfigError, match="channel 'team' would be removed, as no file names it"):
                ask(dangling, is_pruned=True)
        assert set(msgspec_sections(service)) == {"sources", "metrics", "channels", "runbooks"}


def test_retention_clears_what_is_left_of_a_removed_metric(service: Watchkeeper) -> None:
    service.apply(parse_config("retention: {points: 90d, alerts: 60d}"), "legal")
    service.retention._clock = lambda: shop.END + 130 * DAY
    expected = service.retention.look()
    assert expected.points > 0
    remove(service, "metric", "orders")
    assert service.retention.look().points == expected.points
    service.retention.clear("legal")
    assert service.retention.look().points == 0
    assert service.inbox(show="all").lines == ()


def test_what_was_removed_while_it_was_judged_elsewhere_is_not_stored(watched: Watchkeeper) -> None:
    ledger = watched._ledger
    with ledger.read() as tx:
        metric, before = metrics.metric(tx, "orders"), watermarks.get(tx, "orders")
    remove(watched, "metric", "orders")
    assert store(ledger, [Looked(metric, (1, 2), [], shop.END)], shop.END) == 0
    with ledger.read() as tx:
        assert watermarks.get(tx, "orders") == before


def test_a_home_answers_for_its_removed_metric_after_a_restart(watched: Watchkeeper, home: Path) -> None:
    remove(watched, "metric", "orders")
    count = len(watched.inbox(show="all").lines)
    watched.close()
    with Watchkeeper.open(home / "watchkeeper", clock=lambda: NOW) as again:
        assert again.metrics() == ()
        assert len(again.inbox(show="all").lines) == count > 0
        assert again.inbox(show="open").lines == ()
        assert again.run_until(NOW).troubles == ()
