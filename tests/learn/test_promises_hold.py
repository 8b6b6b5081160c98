"""Random sequences of answers, undos, late points and restarts over the real service hold the invariants of the design.

`WATCHKEEPER_SEQUENCES=1000 python -m pytest tests/learn/test_promises_hold.py` runs a thousand,
the ordinary suite a few.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from watchkeeper.domain.config import parse_config
from watchkeeper.domain.errors import GuardError
from watchkeeper.domain.feedback import Answer
from watchkeeper.domain.times import DAY, HOUR, parse_instant
from watchkeeper.watch.service import Watchkeeper
from watchkeeper.watch.views import AlertLine, Draft, SeriesChart

SEQUENCES = int(os.environ.get("WATCHKEEPER_SEQUENCES", "3"))
START = parse_instant("2026-01-05")
DAYS = 30
BEGIN = START + 20 * DAY
"""What has passed when a sequence begins."""
SPIKES = tuple((day, 3 * day % 24) for day in range(8, DAYS, 2))
"""(day, hour) of what stands out, up and down in turn."""
CONFIG = """
sources:
  shop: {{url: "sqlite:///{shop}"}}
metrics:
  orders:
    source: shop
    step: 1h
    since: 2026-01-05
    dimensions: [country]
    false_alerts_per_month: 4
    query: select time, country, orders as value from orders where time >= :start_s and time < :end_s
"""

State = tuple[list[SeriesChart], dict[int, bool]]


def build(path: Path) -> None:
    """Two hourly series with a day in them, noise, and spikes two hours long."""
    rng = np.random.default_rng(11)
    rows = []
    hours = np.arange(DAYS * 24)
    for country, level in (("DE", 300.0), ("US", 500.0)):
        value = level * (1.0 + 0.3 * np.sin(hours * 2 * np.pi / 24)) + rng.normal(0.0, level / 50, len(hours))
        for place, (day, hour) in enumerate(SPIKES):
            value[day * 24 + hour : day * 24 + hour + 2] *= 0.4 if place % 2 else 1.7
        rows += [(START + int(h) * HOUR, country, float(v)) for h, v in zip(hours, value, strict=True)]
    with sqlite3.connect(path) as shop:
        shop.execute("create table orders (time integer, country text, orders real, primary key (time, country))")
        shop.executemany("insert into orders values (?, ?, ?)", rows)
    shop.close()


def open_service(home: Path, shop: Path, clock: Callable[[], float]) -> Watchkeeper:
    service = Watchkeeper.open(home, clock=clock)
    service.apply(parse_config(CONFIG.format(shop=shop)), "tester")
    return service


def lines_of(service: Watchkeeper) -> list[AlertLine]:
    first = service.inbox(show="all", order="newest")
    pages = [service.inbox(show="all", order="newest", page=page).lines for page in range(2, first.pages + 1)]
    return [line for lines in (first.lines, *pages) for line in lines]


def charts_of(service: Watchkeeper) -> list[SeriesChart]:
    return [service.metric_page("orders", one.id).chart for one in service.metric_page("orders").series]


def state_of(service: Watchkeeper) -> State:
    return charts_of(service), {line.alert.id: line.still_fires for line in lines_of(service)}


def confirmed(service: Watchkeeper) -> set[int]:
    """Alerts called real that fire."""
    return {
        line.alert.id
        for line in lines_of(service)
        if line.answer is not None and line.answer.answer is Answer.REAL and line.still_fires
    }


class Promises(RuleBasedStateMachine):
    """A service over real stores that is talked to, restarted and fed late."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.place = tempfile.TemporaryDirectory()
        self.home = Path(self.place.name) / "home"
        shutil.copytree(self.template, self.home)
        self.shop = self.home / "shop.db"
        self.now = BEGIN
        self.said: list[int] = []
        self.has_bad_data = False
        self.was_told_by_answers = False
        """Alerts came while an answer was in force: they stay as they were told, also when it is taken back."""
        self.service = open_service(self.home / "watchkeeper", self.shop, self.clock)

    def clock(self) -> float:
        return self.now + 60

    def teardown(self) -> None:
        try:
            self.replays_to_the_same_state()
        finally:
            self.service.close()
            self.place.cleanup()

    def replays_to_the_same_state(self) -> None:
        """Invariants 1, 4 and 5: all points at once and on time, and the log read in, give what the service has."""
        charts = charts_of(self.service)
        for chart in charts:  # Invariant 7: learning is not knowing.
            assert all(score is None for score, learns in zip(chart.score, chart.is_learning, strict=True) if learns)
        if self.has_bad_data:
            return  # Which values are void depends on when each became known, which a new history cannot know.
        log = [msgspec.json.encode(line).decode() for line in self.service.export_feedback()]
        with open_service(self.home / "anew", self.shop, self.clock) as anew:
            anew.run_until(self.now)
            anew.import_feedback(log, "log", "tester", force=True)
            assert charts_of(anew) == charts, log
            if not self.was_told_by_answers:
                assert [(a.alert.start, a.alert.members) for a in lines_of(anew)] == [
                    (a.alert.start, a.alert.members) for a in lines_of(self.service)
                ]

    def run(self) -> None:
        self.was_told_by_answers |= bool(self.said)
        self.service.run_until(self.now)

    def go_to(self, now: int) -> None:
        """Time goes on; invariant 2: what comes later changes no earlier score."""
        before = charts_of(self.service)
        self.now = now
        self.run()
        for old, new in zip(before, charts_of(self.service), strict=True):
            assert new.score[: len(old.score)] == old.score

    @precondition(lambda self: self.now < START + DAYS * DAY)
    @rule(hours=st.sampled_from([1, 7, 24]))
    def time_goes_on(self, hours: int) -> None:
        self.go_to(min(self.now + hours * HOUR, START + DAYS * DAY))

    @precondition(lambda self: self.now < START + DAYS * DAY - 2 * HOUR)
    @rule(country=st.sampled_from(["DE", "US"]))
    def a_point_comes_late(self, country: str) -> None:
        """Invariant 4: it is missing for an hour, and then as if it had been on time (checked in the end)."""
        with sqlite3.connect(self.shop) as shop:
            row = shop.execute(
                "delete from orders where time = ? and country = ? returning time, country, orders", (self.now, country)
            ).fetchone()
        shop.close()
        self.go_to(self.now + HOUR)
        with sqlite3.connect(self.shop) as shop:
            shop.execute("insert into orders values (?, ?, ?)", row)
        shop.close()
        self.now += HOUR
        self.run()

    @rule()
    def it_is_restarted(self) -> None:
        before = state_of(self.service)
        self.service.close()
        self.service = open_service(self.home / "watchkeeper", self.shop, self.clock)
        assert state_of(self.service) == before

    @rule(data=st.data(), kind=st.sampled_from(list(Answer)))
    def somebody_answers(self, data: st.DataObject, kind: Answer) -> None:
        """Invariant 6: without a second yes no answer loses an alert that was called real."""
        draft = self.draft(data, kind)
        kept = confirmed(self.service) - {draft.alert}
        try:
            self.said.append(self.service.answer(draft).feedback.id)
            self.has_bad_data |= kind is Answer.BAD_DATA
        except GuardError:
            pass
        assert kept <= confirmed(self.service)

    @rule(data=st.data(), kind=st.sampled_from(list(Answer)))
    def somebody_answers_and_takes_it_back(self, data: st.DataObject, kind: Answer) -> None:
        """Invariant 3: the state without it, to the bit."""
        before = state_of(self.service)
        try:
            receipt = self.service.answer(self.draft(data, kind))
        except GuardError:
            assert state_of(self.service) == before
            return
        self.service.undo(receipt.feedback.id, "ann")
        assert state_of(self.service) == before

    @precondition(lambda self: self.said)
    @rule(data=st.data())
    def an_old_answer_is_taken_back(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(self.said))
        self.said.remove(one)
        self.service.undo(one, "bob")

    def draft(self, data: st.DataObject, kind: Answer) -> Draft:
        chosen = data.draw(st.sampled_from(lines_of(self.service))).alert
        if kind in (Answer.REAL, Answer.FALSE_ALARM):
            return Draft(answer=kind, by="ann", alert=chosen.id)
        start = chosen.start + data.draw(st.integers(-30, 5)) * HOUR
        hours = data.draw(st.integers(1, 30))
        # A second yes could lose what was confirmed; of a missed window it only makes more be told.
        force = kind is Answer.MISSED and data.draw(st.booleans())
        series = (chosen.members[0].series,)
        return Draft(answer=kind, by="ann", series=series, start=start, end=start + hours * HOUR, force=force)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("template")
    build(home / "shop.db")
    with open_service(home / "watchkeeper", home / "shop.db", lambda: BEGIN + 60) as service:
        service.run_until(BEGIN)
        assert len(lines_of(service)) >= 3
    return home


def test_random_sequences_of_answers_undos_late_points_and_restarts_hold_the_invariants(template: Path):
    machine = type("PromisesHere", (Promises,), {"template": template})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=SEQUENCES,
            stateful_step_count=8,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
