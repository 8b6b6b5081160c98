"""Judging on from a checkpoint gives what judging the whole history gives, to the bit, whatever came in between."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from watchkeeper import learn
from watchkeeper.domain.errors import StoreError
from watchkeeper.domain.feedback import Answer, Feedback
from watchkeeper.domain.metric import Direction, Kind, Metric, Source
from watchkeeper.domain.points import WITHHELD
from watchkeeper.domain.times import DAY, HOUR, parse_instant
from watchkeeper.stores.history import History
from watchkeeper.stores.ledger import Ledger, alerts, feedback, metrics, series, transitions, watermarks
from watchkeeper.watch import hints
from watchkeeper.watch import ticks as ticking
from watchkeeper.watch.checkpoint import Checkpoint
from watchkeeper.watch.judgements import Judgements
from watchkeeper.watch.ticks import Ticks

START = parse_instant("2026-03-16")
"""Two weeks before the clocks of Berlin change."""
DAYS = 24


def metric(name: str, step: str, **more: object) -> Metric:
    return Metric(
        name=name,
        source="shop",
        query="",
        step=step,
        settle="0s",
        since="2026-03-16",
        dimensions=("place",),
        **{"kind": Kind.COUNT, **more},
    )


METRICS = (
    metric("orders", "1h"),
    metric("visits", "1h", timezone="Europe/Berlin", direction=Direction.DOWN, false_alerts_per_month=8),
    metric("returns", "1d", timezone="Europe/Berlin", false_alerts_per_month=20),
    metric("searches", "1h", calendar="DE-BE", timezone="Europe/Berlin"),
    metric("refunds", "1h", upper_limit=160.0, lower_limit=2.0),
    metric("errors", "1h", kind=Kind.RATE),
)


@dataclass
class World:
    """What is known by and by: points in the order in which they come, and answers."""

    ledger: Ledger
    history: History
    ids: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def judgements(self) -> Judgements:
        return Judgements(self.ledger, self.history)

    def state(self) -> list[object]:
        """Every alert and every change of one, as stored."""
        with self.ledger.read() as tx:
            found = alerts.listed(tx, limit=10_000)
            return [
                (
                    msgspec.json.encode(msgspec.structs.replace(one, id=0)),
                    [(step.change, step.at, step.detail) for step in transitions.of_alert(tx, one.id)],
                )
                for one in sorted(found, key=lambda one: (one.start, one.family, one.members[0].series))
            ]


def new_world(home: Path, owner: str = "") -> World:
    home.mkdir()
    world = World(Ledger.open(f"sqlite:///{home / 'ledger.db'}"), History.open(home / "history.duckdb"))
    with world.ledger.write() as tx:
        metrics.put_source(tx, Source(name="shop", url="sqlite:///shop.db"))
        for one in METRICS:
            metrics.put_metric(tx, msgspec.structs.replace(one, owner=owner))
            made = series.intern(tx, one.name, [("a",), ("b",)])
            world.ids[one.name] = tuple(each.id for each in made)
    return world


def points(seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """A few weeks of each series with drops, spikes, silences and values that are missing; rates with their cases, of
    which a few are not known.
    """
    rng = np.random.default_rng(seed)
    columns: list[tuple[int, int, float, float]] = []
    one = 0
    for each in METRICS:
        for _ in range(2):
            one += 1
            step = each.step_s
            count = DAYS * DAY // step
            level = 50 * (1 + rng.random()) * (1.2 + np.sin(np.arange(count) * step / DAY * 2 * np.pi))
            value = rng.poisson(level).astype(float)
            for _ in range(3):
                at, length = int(rng.integers(count // 3, count)), int(rng.integers(1, max(2, count // 20)))
                value[at : at + length] = rng.choice([0.0, 900.0, math.nan, WITHHELD])
            cases = np.full(count, math.nan)
            if each.kind is Kind.RATE:
                some = np.fmax(1.0, np.round(np.where(np.isfinite(value), value, 0.0) / 4))
                cases = np.where(rng.random(count) < 0.9, some, math.nan)
                value = np.where(np.isfinite(value), rng.binomial(some.astype(int), 0.3) / some, value)
                value[np.isin(np.arange(count), rng.integers(count // 3, count, 3))] = 1.0
            begin = int(rng.integers(0, count // 4))
            offset = -HOUR if each.timezone != "UTC" else 0  # Berlin's midnight
            for number in range(begin, count):
                time = START + offset + number * step
                if step == DAY and time >= parse_instant("2026-03-29T12:00"):
                    time -= HOUR
                if rng.random() > 0.03:
                    columns.append((one, time, value[number], cases[number]))
    owner, time, values, of = (np.array(column) for column in zip(*columns, strict=True))
    return owner, time, values, of


def say(world: World, answer: Answer, name: str, day: int, at: int, **more: object) -> None:
    with world.ledger.write() as tx:
        line = Feedback(
            id=0,
            by="ann",
            given_at=at,
            answer=answer,
            series=world.ids[name],
            start=START + day * DAY,
            end=START + day * DAY + 9 * HOUR,
            **more,
        )
        feedback.add(tx, line)


ANSWERS = (
    (Answer.EVENT, {}),
    (Answer.EVENT, {"repeat": "weekly"}),
    (Answer.NEW_NORMAL, {}),
    (Answer.BAD_DATA, {}),
    (Answer.MISSED, {}),
)


@settings(max_examples=12, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    seed=st.integers(0, 10**6),
    cuts=st.lists(st.integers(9 * 24, DAYS * 24), min_size=1, max_size=6, unique=True),
    said=st.lists(
        st.tuples(st.sampled_from(ANSWERS), st.sampled_from([one.name for one in METRICS]), st.integers(8, DAYS)),
        max_size=2,
    ),
    late=st.booleans(),
    restart=st.booleans(),
)
def test_any_way_of_ticking_gives_the_same_runs_and_state(
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    cuts: list[int],
    said: list[tuple[tuple[Answer, dict[str, object]], str, int]],
    late: bool,
    restart: bool,
) -> None:
    world = new_world(tmp_path_factory.mktemp("online") / "home")
    owner, time, value, cases = points(seed)
    is_late = np.random.default_rng(seed).random(len(time)) < 0.02 if late else np.zeros(len(time), bool)
    is_corrected = np.random.default_rng(seed + 1).random(len(time)) < 0.01
    with world.ledger, world.history:
        ticks = Ticks(world.ledger, world.history, world.judgements())
        before = 0
        for number, hour in enumerate(sorted(cuts)):
            now = START + hour * HOUR
            come = (time >= before) & (time < now) & ~is_late
            if number == len(cuts) - 1:
                come |= is_late & (time < now)
            world.history.append(owner[come], time[come], value[come], known_at=now, cases=cases[come])
            if late and number == len(cuts) - 1:  # as many came, of more cases than was thought
                few = np.flatnonzero((cases > 0) & (time < now) & is_corrected)
                world.history.append(owner[few], time[few], value[few], known_at=now, cases=2 * cases[few])
            before = now
            if number == 0:
                for (answer, more), name, day in said:
                    say(world, answer, name, day, now, **more)
            if restart and number % 2:
                ticks.keep_all()
                ticks = Ticks(world.ledger, world.history, world.judgements())
            with watched(world, ticks):
                ticks.advance(now, lambda step: None)


@settings(max_examples=10, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    seed=st.integers(0, 10**6),
    first=st.integers(9 * 24, 12 * 24),
    turns=st.lists(
        st.sampled_from([Answer.FALSE_ALARM, Answer.FALSE_ALARM, Answer.REAL, None]), min_size=16, max_size=16
    ),
)
def test_answers_on_the_other_metrics_of_an_owner_leave_the_same_runs_and_state(
    tmp_path_factory: pytest.TempPathFactory, seed: int, first: int, turns: list[Answer | None]
) -> None:
    """What was told of half the metrics is answered after each tick, or the answers so far are taken back."""
    world = new_world(tmp_path_factory.mktemp("online") / "home", owner="shop")
    owner, time, value, cases = points(seed)
    with world.ledger, world.history:
        judgements = world.judgements()
        ticks = Ticks(world.ledger, world.history, judgements)
        before = 0
        for number, turn in enumerate(turns):
            now = START + (first + 18 * number) * HOUR
            come = (time >= before) & (time < now)
            world.history.append(owner[come], time[come], value[come], known_at=now, cases=cases[come])
            before = now
            with watched(world, ticks):
                ticks.advance(now, lambda step: None)
            for one in METRICS[:3]:
                answer_all(world, turn, one.name, now)
            judgements.forget()


@pytest.mark.parametrize(("seed", "hour", "is_hushed"), [(0, 298, True), (19, 526, False)])
def test_what_answers_elsewhere_kept_quiet_is_told_from_its_beginning_once_they_are_taken_back(
    tmp_path: Path, seed: int, hour: int, is_hushed: bool
) -> None:
    """An alert of `searches` began before the checkpoint, which does not know of it, or only of its later part."""
    world = new_world(tmp_path / "home", owner="shop")
    owner, time, value, cases = points(seed)
    world.history.append(owner, time, value, known_at=START, cases=cases)
    now = START + hour * HOUR
    with world.ledger, world.history:
        judgements = world.judgements()
        ticks = Ticks(world.ledger, world.history, judgements)
        ticks.advance(START + 200 * HOUR, lambda step: None)
        for one in METRICS[:3]:
            answer_all(world, Answer.FALSE_ALARM, one.name, START + 200 * HOUR, until=START + DAYS * DAY)
        judgements.forget()
        ticks.advance(now, lambda step: None)
        searches = next(one for one in metrics_of(world) if one.name == "searches")
        hinted = world.judgements().of(searches, now)
        assert hinted.hushed is is_hushed
        answer_all(world, None, "searches", now)
        judgements.forget()
        plain = world.judgements().of(searches, now)
        assert hinted.runs(now) != plain.runs(now)
        with watched(world, ticks):
            ticks.advance(now + HOUR, lambda step: None)


def answer_all(world: World, answer: Answer | None, name: str, at: int, until: int | None = None) -> None:
    """Say it of every run of a metric that was told so far; None takes back all that stands."""
    judgement = world.judgements().of(next(one for one in metrics_of(world) if one.name == name), until)
    with world.ledger.write() as tx:
        if answer is None:
            for line in learn.in_force(feedback.log(tx)):
                feedback.add(tx, Feedback(id=0, by="bob", given_at=at, undoes=line.id))
            return
        for run in judgement.told_runs():
            one = run.member
            said = Feedback(
                id=0, by="ann", given_at=at, answer=answer, series=(one.series,), start=one.start, end=one.end
            )
            (heard,) = hints.said_by([said], {name: judgement})
            hints.keep(tx, feedback.add(tx, said), heard)


def metrics_of(world: World) -> list[Metric]:
    with world.ledger.read() as tx:
        return metrics.metrics(tx)


def test_a_tick_that_could_not_be_stored_is_judged_again_to_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = new_world(tmp_path / "home")
    owner, time, value, cases = points(3)
    world.history.append(owner, time, value, known_at=START, cases=cases)
    with world.ledger, world.history:
        ticks = Ticks(world.ledger, world.history, world.judgements())
        for day in (12, 13):
            ticks.advance(START + day * DAY, lambda step: None)

        def full(*stored: object) -> int:
            raise StoreError("the disk is full")

        with monkeypatch.context() as patch:
            patch.setattr(ticking, "store", full)
            with pytest.raises(StoreError):
                ticks.advance(START + 14 * DAY, lambda step: None)
        with watched(world, ticks):
            ticks.advance(START + 14 * DAY, lambda step: None)


def test_checkpoints_are_read_and_written_a_few_series_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = new_world(tmp_path / "home")
    owner, time, value, cases = points(3)
    world.history.append(owner, time, value, known_at=START, cases=cases)
    sizes = []
    with world.ledger, world.history:
        monkeypatch.setattr(ticking, "SERIES_KEPT_AT_ONCE", 4)
        keep, kept = world.history.keep, world.history.kept
        monkeypatch.setattr(world.history, "keep", lambda some: (sizes.append(len(some)), keep(some))[1])
        monkeypatch.setattr(world.history, "kept", lambda some: (sizes.append(len(some)), kept(some))[1])
        Ticks(world.ledger, world.history, world.judgements()).advance(START + 12 * DAY, lambda step: None)
        assert sizes == [2, 2, 2]
        sizes.clear()
        again = Ticks(world.ledger, world.history, world.judgements())
        with watched(world, again):
            again.advance(START + 13 * DAY, lambda step: None)
        assert max(sizes) == 2


@contextmanager
def watched(world: World, ticks: Ticks) -> Iterator[None]:
    """What a tick finds of each metric, before it is stored, is held against a replay of the whole."""
    judge = ticks._judge
    with world.ledger.read() as tx:
        marks = watermarks.all_of(tx)

    def held(due: Sequence[Any], starts: dict[str, Checkpoint]) -> Iterator[Any]:
        for one, done in judge(due, starts):
            whole = world.judgements().of(one.metric, one.until)
            after = one.mark or 0  # the watermark, or the time of a point that came after it was judged
            assert after <= marks.get(one.metric.name, 0)
            if done.runs is not None:
                assert sorted(map(msgspec.json.encode, done.runs)) == sorted(
                    map(msgspec.json.encode, whole.runs(after))
                )
            if done.checkpoint is not None:
                assert done.checkpoint.state.to_bytes() == replayed(whole)
            yield one, done

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ticks, "_judge", held)
        yield


def test_a_point_that_comes_while_a_late_one_is_judged_counts_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One comes late, and while judging goes on from before it, one comes that is later still."""
    world = new_world(tmp_path / "home")
    owner, time, value, _ = points(3)
    orders = world.ids["orders"][0]
    own = time[owner == orders]
    late, later = int(own[own >= START + 15 * DAY][0]), int(own[own >= START + 8 * DAY][0])
    is_late = (owner == orders) & np.isin(time, [late, later])
    with world.ledger, world.history:
        ticks = Ticks(world.ledger, world.history, world.judgements())
        before = 0
        for day in (10, 20):
            now = START + day * DAY
            come = (time >= before) & (time < now) & ~is_late
            world.history.append(owner[come], time[come], value[come], known_at=now)
            ticks.advance(now, lambda step: None)
            ticks.keep_all()
            before = now
        world.history.append([orders], [late], [900.0], known_at=before + 60)
        waiting, changes = [later], world.history.changes

        def changed(series: np.ndarray, since: np.ndarray, *seen: np.ndarray) -> object:
            if waiting and (since[series == orders] == START + 10 * DAY).any():
                world.history.append([orders], [waiting.pop()], [0.0], known_at=before + 120)
            return changes(series, since, *seen)

        monkeypatch.setattr(world.history, "changes", changed)
        ticks.advance(before + DAY, lambda step: None)
        assert not waiting, "it came while judging went on from the tenth day"
        whole = world.judgements().of(METRICS[0], before + DAY)
        assert ticks._live["orders"].state.to_bytes() == replayed(whole)


def replayed(whole: object) -> bytes:
    """The state after the whole history under the marks of what is known."""
    from watchkeeper.detect import Points, replay
    from watchkeeper.watch.judge import Judgement

    assert isinstance(whole, Judgement)
    columns, points = whole.columns, whole.points
    mark = np.concatenate(
        [
            learn.marks(
                columns.time[columns.of(place)],
                points.value[columns.of(place)],
                whole.knowledge.of(one),
                columns.known_at[columns.of(place)],
            )
            for place, one in enumerate(columns.series)
        ]
    )
    if points.mark is not None:
        mark |= points.mark
    marked = Points(points.start, points.time, points.value, points.local, mark, points.cases)
    return replay(marked, whole.settings)[0].to_bytes()
