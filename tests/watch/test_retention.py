"""What is older than it is kept goes; what an answer or an open alert rests on stays."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.watch import shop
from tests.watch.test_online import replayed
from watchkeeper.cli import main
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.config_export import dump_config
from watchkeeper.domain.errors import ConfigError, NotFoundError
from watchkeeper.domain.feedback import Answer
from watchkeeper.domain.retention import Retention
from watchkeeper.domain.times import DAY, HOUR, parse_instant
from watchkeeper.sources.pushed import read_json
from watchkeeper.watch.retention import month_start
from watchkeeper.watch.service import Watchkeeper
from watchkeeper.watch.views import Draft

SHORT = "retention: {points: 90d, alerts: 60d, audit: 30d}"
ENDED = shop.CONFIG.replace("since: 2026-01-05", "since: 2026-01-05\n    until: 2026-03-16")
"""Its data have ended: that nothing more comes is no alert."""
LATE = shop.END + 70 * DAY
"""By then January is over 90 days old, and both alerts were stored over 60 days ago."""


@pytest.fixture
def late(service: Watchkeeper, home: Path) -> Watchkeeper:
    """The service that watched the shop, as it stands ten weeks after its last point."""
    service.apply(parse_config(ENDED.format(shop=home / "shop.db", told=home / "told.txt")), "tester")
    service.apply(parse_config(SHORT), "legal")
    service.retention._clock = lambda: LATE
    return service


def alerts_of(service: Watchkeeper) -> list[int]:
    return [line.alert.id for line in service.inbox(show="all").lines]


def test_a_dry_run_says_what_goes_and_removes_nothing(late: Watchkeeper) -> None:
    before = late.metric_page("orders").chart
    seen = late.retention.look()
    assert seen == late.retention.look()
    # All of it became known at once, at the end of the shop's ten weeks.
    assert (seen.points, seen.alerts, seen.audit, seen.held_alerts) == (0, 5, 3, 0)
    assert late.metric_page("orders").chart == before
    assert len(alerts_of(late)) == 5


def test_the_schedule_lets_old_things_go_once_a_day_and_says_so(late: Watchkeeper) -> None:
    late.retention._clock = lambda: LATE + 60 * DAY
    expected = late.retention.look()
    assert expected.points > 0
    done = late.run_until(LATE + 60 * DAY)
    assert not done.troubles
    assert alerts_of(late) == []
    left = late.metric_page("orders").chart
    assert len(left.time) == 1, "the newest point of a series stays"
    (said,) = [one for one in late.access.changes(9) if one.what == "retention"]
    assert (said.by, said.detail) == ("watchkeeper", f"removed {expected.words}")
    assert late.retention.look().is_empty
    assert late.retention.clear_daily(LATE + 60 * DAY + HOUR) is None


def test_points_go_by_whole_months_once_time_and_arrival_are_old(home: Path) -> None:
    with Watchkeeper.open(home / "weekly", clock=lambda: shop.END) as service:
        service.apply(parse_config(shop.CONFIG.format(shop=home / "shop.db", told=home / "told.txt")), "tester")
        for week in range(1, shop.WEEKS + 1):
            service.run_until(shop.START + week * 7 * DAY)
        service.apply(parse_config(SHORT), "legal")
        service.retention.clear("legal", parse_instant("2026-05-20"))
        assert service.metric_page("orders").chart.time[0] == parse_instant("2026-01-26")
        # February's cut would be its first; what was read on the 2nd, of the week before, is not old yet.
        whole = [service.metric_page("orders", one.id).chart for one in service.metric_page("orders").series]
        service.run_until(shop.END + HOUR)
        again = [service.metric_page("orders", one.id).chart for one in service.metric_page("orders").series]
        assert [one.score[: len(whole[0].score)] for one in again] == [one.score for one in whole]
    assert month_start(parse_instant("2026-02-28T23:59")) == parse_instant("2026-02-01")


def test_what_an_answer_rests_on_stays(late: Watchkeeper) -> None:
    first, second, *others = alerts_of(late)
    late.answer(Draft(answer=Answer.REAL, by="Ada", alert=first))
    undone = late.answer(Draft(answer=Answer.FALSE_ALARM, by="Ada", alert=second))
    late.undo(undone.feedback.id, "Ada")
    now = LATE + 300 * DAY
    found = late.retention.clear("legal", now)
    assert (found.alerts, found.held_alerts, found.points, found.held_series) == (len(others), 2, 0, 2)
    assert late.alert_page(first).line.still_fires
    late.undo(1, "Ada")
    assert late.retention.clear("legal", now).points > 0, "an answer that was taken back holds no points"
    assert alerts_of(late) == [first, second], "but its alert stays: the log speaks of it"


def test_an_open_alert_keeps_its_points(home: Path) -> None:
    drop = shop.DROP + 3 * HOUR
    with shop.open_service(home, now=drop) as service:
        service.run_until(drop)
        service.apply(parse_config(SHORT), "legal")
        alert = alerts_of(service)[0]
        found = service.retention.clear("legal", drop + 1000 * DAY)
        assert (found.points, found.held_series) == (0, 2)
        assert service.alert_page(alert).line.still_fires


def test_an_alert_that_went_is_not_found(late: Watchkeeper) -> None:
    gone = alerts_of(late)[0]
    late.deeds.comment([gone], "a storm", "Ada")
    late.retention.clear("legal", LATE + 100 * DAY)
    with pytest.raises(NotFoundError, match="older than alerts are kept"):
        late.alert_page(gone)


def test_retention_is_configured_planned_and_exported(home: Path) -> None:
    with shop.open_service(home) as service:
        assert service.standing().retention == Retention()
        wanted = parse_config("retention: {points: 2y, audit: forever}")
        (step,) = service.plan(wanted)
        assert step.settings == (("points", "5y", "2y"), ("audit", "7y", "forever"))
        service.apply(wanted, "legal")
        assert service.plan(wanted) == []
        assert parse_config(dump_config(service.standing())).retention == Retention(points="2y", audit="forever")
        service.apply(parse_config(shop.CONFIG.format(shop=home / "shop.db", told=home / "told.txt")), "tester")
        assert service.retention.settings().points == "2y", "a file that says nothing of it leaves it"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{points: 10d}", "points: 10d is too short; keep them for 90d"),
        ("{alerts: long}", "alerts: 'long' is no age; write 90d, 5y or forever"),
        ("{mails: 5y}", "mails"),
        ("5y", "retention"),
    ],
)
def test_ages_that_cannot_be_are_refused(text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=rf"laws.yaml:1: retention.*{why}" if why != "retention" else why):
        parse_config(f"retention: {text}", "laws.yaml")


def test_the_verb_says_what_would_go_and_removes_it_when_meant(home: Path) -> None:
    with shop.open_service(home) as service:
        service.run_until(shop.END)
        service.apply(parse_config("retention: {points: 90d, alerts: 30d, audit: forever}"), "legal")
    where = ["--home", str(home / "watchkeeper")]
    said = CliRunner().invoke(main, ["retention", *where], catch_exceptions=False).output
    assert "Kept: points 90d, alerts 30d, audit log forever." in said
    assert "Older, and would go: 3,3" in said
    assert "5 alerts" in said
    removed = CliRunner().invoke(main, ["retention", *where, "--apply", "--json"], catch_exceptions=False).output
    assert '"is_removed": true' in removed
    said = CliRunner().invoke(main, ["retention", *where], catch_exceptions=False).output
    assert "would go: 0 rows of points, 0 alerts" in said


PUSHED = "sources: {push: {kind: push}}\nmetrics: {sent: {source: push, step: 1h, settle: 0s, since: 2026-01-05}}\n"


def test_what_one_server_lets_go_another_judges_no_more(home: Path, postgres_url: str) -> None:
    """Cleared by hand on a server that does not judge the metric, which the other has judged all the time."""
    now = [shop.END]

    def opened(name: str) -> Watchkeeper:
        place = home / name
        return Watchkeeper.open(place, ledger_url=postgres_url, history_url=postgres_url, clock=lambda: now[0])

    with opened("judges") as judges:
        judges.apply(parse_config(PUSHED + SHORT), "tester")
        times = list(range(shop.START, shop.END, HOUR))
        values = [100.0 + time // HOUR % 24 for time in times]
        judges.pushes.store(read_json(json.dumps({"metric": "sent", "time": times, "value": values}).encode()))
        judges.run_until(shop.END)
        now[0] = shop.END + 120 * DAY
        with opened("clears") as clears:
            assert clears.retention.clear("legal").points == len(times) - 1
        judges.run_until(shop.END + HOUR)
        judges._judgements.forget()
        reached = judges._ticks._live["sent"]
        assert reached.until == shop.END + HOUR
        assert reached.state.to_bytes() == replayed(judges._judgements.of(judges.metric_page("sent").line.metric))
