"""Answers on one metric speak to the other metrics of its owner, and to no others."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from watchkeeper.domain.config import parse_config
from watchkeeper.domain.feedback import Answer, Feedback
from watchkeeper.domain.times import DAY, HOUR, parse_instant
from watchkeeper.learn import Hint
from watchkeeper.stores.ledger import feedback, metrics, series
from watchkeeper.watch import hints
from watchkeeper.watch.judge import Judgement
from watchkeeper.watch.service import Watchkeeper
from watchkeeper.watch.views import AlertLine, Draft

START, DAYS = parse_instant("2026-01-05"), 240
END = START + DAYS * DAY
METRIC = """
  {name}:
    source: shop
    kind: gauge
    step: 1h
    since: 2026-01-05
    owner: {owner}
    false_alerts_per_month: 3
    group: {name}
    query: select time, value from {name} where time >= :start_s and time < :end_s
"""


def config(shop: Path, owners: dict[str, str]) -> str:
    return f"sources:\n  shop: {{url: 'sqlite:///{shop}'}}\nmetrics:" + "".join(
        METRIC.format(name=name, owner=owner) for name, owner in owners.items()
    )


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three measures, each with a harmless spike every ninth day, at 20:00, not on the days of the others."""
    path = tmp_path_factory.mktemp("hints") / "shop.db"
    hours = np.arange(DAYS * 24)
    with sqlite3.connect(path) as made:
        for place, name in enumerate(("carts", "visits", "returns")):
            rng = np.random.default_rng(place + 1)
            value = 200 + 20 * np.sin(hours * 2 * np.pi / 24) + rng.normal(0, 2, len(hours))
            spikes = np.arange(15 + 3 * place, DAYS, 9) * 24 + 20
            value[spikes] += rng.normal(60, 2, len(spikes))
            made.execute(f"create table {name} (time integer primary key, value real)")
            rows = [(START + int(h) * HOUR, float(v)) for h, v in zip(hours, value, strict=True)]
            made.executemany(f"insert into {name} values (?, ?)", rows)
    made.close()
    return path


OWNERS = {"carts": "checkout", "visits": "checkout", "returns": "warehouse"}


def open_service(home: Path, shop: Path, owners: dict[str, str] = OWNERS) -> Watchkeeper:
    service = Watchkeeper.open(home, clock=lambda: END + 60)
    service.apply(parse_config(config(shop, owners)), "tester")
    service.run_until(END)
    return service


def alerts_of(service: Watchkeeper, name: str) -> list[AlertLine]:
    pages = service.inbox(show="all", metric=name, order="newest")
    return [
        line
        for page in range(1, pages.pages + 1)
        for line in service.inbox(show="all", metric=name, order="newest", page=page).lines
    ]


def firing(service: Watchkeeper, name: str) -> int:
    return sum(line.still_fires for line in alerts_of(service, name))


def test_the_team_hears_what_was_said_of_one_of_its_metrics(tmp_path: Path, shop: Path) -> None:
    with open_service(tmp_path / "home", shop) as service:
        before = {name: firing(service, name) for name in OWNERS}
        assert min(before.values()) >= 5
        chart = service.metric_page("visits").chart
        said = [
            service.answer(Draft(answer=Answer.FALSE_ALARM, by="ann", alert=line.alert.id)).feedback.id
            for line in alerts_of(service, "carts")[:10]
        ]
        assert firing(service, "visits") < before["visits"]
        assert firing(service, "returns") == before["returns"]
        hushed = next(line.alert.id for line in alerts_of(service, "visits") if not line.still_fires)
        why = service.alert_page(hushed).why
        assert why is not None
        assert "similar alerts on other metrics of the owner" in why.sentence
        assert "were false alarms" in why.sentence
        assert {alert for alert, _ in why.answered} <= {line.alert.id for line in alerts_of(service, "carts")}
        assert why.answered
        service.apply(parse_config(config(shop, OWNERS | {"visits": "warehouse"})), "tester")
        assert firing(service, "visits") == before["visits"], "it has another owner now"
        service.apply(parse_config(config(shop, OWNERS)), "tester")
        assert firing(service, "visits") < before["visits"]
        for one in said:
            service.undo(one, "ann")
        assert {name: firing(service, name) for name in OWNERS} == before
        assert service.metric_page("visits").chart == chart


def test_a_confirmed_alert_of_another_metric_keeps_firing(tmp_path: Path, shop: Path) -> None:
    with open_service(tmp_path / "home", shop) as service:
        smallest = min(alerts_of(service, "visits"), key=lambda line: line.alert.severity).alert.id
        service.answer(Draft(answer=Answer.REAL, by="bob", alert=smallest))
        for line in alerts_of(service, "carts"):
            service.answer(Draft(answer=Answer.FALSE_ALARM, by="ann", alert=line.alert.id))
        assert service.line_of(smallest).still_fires


def test_what_a_log_says_is_heard_where_it_is_read_in(tmp_path: Path, shop: Path) -> None:
    with open_service(tmp_path / "home", shop) as service:
        for line in alerts_of(service, "carts")[:8]:
            service.answer(Draft(answer=Answer.FALSE_ALARM, by="ann", alert=line.alert.id))
        log = [json.dumps(line) for line in service.export_feedback()]
        found = firing(service, "visits")
        with open_service(tmp_path / "elsewhere", shop) as other:
            assert firing(other, "visits") > found
            other.import_feedback(log, "log", "tester")
            assert firing(other, "visits") == found


def test_a_log_is_looked_through_once_a_metric_while_nobody_waits_for_the_ledger(
    tmp_path: Path, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_service(tmp_path / "home", shop) as service:
        for line in alerts_of(service, "carts")[:4]:
            service.answer(Draft(answer=Answer.FALSE_ALARM, by="ann", alert=line.alert.id))
        log = [json.dumps(line) for line in service.export_feedback()]
    judged, looked = Judgement.hints, list[int]()

    def looking(self: Judgement, lines: Sequence[Feedback]) -> list[Hint | None]:
        looked.append(len(lines))
        with closing(sqlite3.connect(tmp_path / "elsewhere" / "ledger.db", timeout=0)) as beside:
            beside.execute("begin immediate")
        return judged(self, lines)

    with open_service(tmp_path / "elsewhere", shop) as other:
        monkeypatch.setattr(Judgement, "hints", looking)
        assert other.import_feedback(log, "log", "tester").added == 4
    assert looked == [4]


def test_metrics_that_hear_the_same_share_it(tmp_path: Path, shop: Path) -> None:
    owners = {"carts": "checkout", "visits": "checkout", "returns": "checkout"}
    with open_service(tmp_path / "home", shop, owners) as service:
        for line in alerts_of(service, "carts")[:3]:
            service.answer(Draft(answer=Answer.FALSE_ALARM, by="ann", alert=line.alert.id))
        with service._ledger.read() as tx:
            chosen, log = metrics.metrics(tx), feedback.log(tx)
            ids = {one.name: [each.id for each in series.of_metric(tx, one.name)] for one in chosen}
            heard = hints.heard_by(tx, chosen, ids, log)
    assert set(heard) == {"visits", "returns"}
    assert len(heard["visits"]) == 3
    assert heard["visits"] is heard["returns"], "ten thousand metrics of a team are handed hundreds of hints each"


def test_a_metric_of_very_many_series_keeps_to_itself(
    tmp_path: Path, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hints, "MOST_SERIES", 0)
    with open_service(tmp_path / "home", shop) as service:
        before = firing(service, "visits")
        for line in alerts_of(service, "carts")[:10]:
            service.answer(Draft(answer=Answer.FALSE_ALARM, by="ann", alert=line.alert.id))
        assert firing(service, "visits") == before
