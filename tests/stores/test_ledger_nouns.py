"""One noun of the ledger after the other, through its functions."""

from __future__ import annotations

import msgspec
import pytest
from sqlalchemy import text

from tests.stores.shared import ORDERS, SHOP, alert, member, plain, silent
from watchkeeper.domain.alert import Change, Status
from watchkeeper.domain.config import Channel
from watchkeeper.domain.errors import NotFoundError, StoreError
from watchkeeper.domain.feedback import Answer, Feedback
from watchkeeper.domain.handling import Deed, Handling
from watchkeeper.domain.metric import Direction, Kind, Metric, Series, Source
from watchkeeper.stores.ledger import (
    Ledger,
    alerts,
    audit,
    deliveries,
    feedback,
    handlings,
    hints,
    metrics,
    series,
    sessions,
    transitions,
    watermarks,
)

# what answered alerts looked like


def test_hints_are_kept_with_their_answers_and_name_the_metric(ledger: Ledger) -> None:
    with ledger.write() as tx:
        (one,) = series.intern(tx, ORDERS.name, [("DE",)])
        said = [
            feedback.add(tx, Feedback(id=0, by="ann", given_at=9, answer=Answer.REAL, series=(one.id,), start=1, end=2))
            for _ in range(2)
        ]
        hints.put(tx, said[1].id, {one.id: "late"})
        hints.put(tx, said[0].id, {one.id: "early"})
        hints.put(tx, said[0].id, {})
    with ledger.read() as tx:
        assert hints.all_of(tx) == [(said[0].id, ORDERS.name, "early"), (said[1].id, ORDERS.name, "late")]
        assert [line.id for line in feedback.by_id(tx, [said[1].id, 99])] == [said[1].id]
        assert metrics.named(tx, [ORDERS.name, "none"]) == [ORDERS]


# sources, metrics, channels


def test_records_are_kept_by_name_with_all_their_settings(ledger: Ledger) -> None:
    rate = Metric(
        name="a.rate",
        source="shop",
        query="select :start",
        step="1d",
        kind=Kind.RATE,
        direction=Direction.DOWN,
        timezone="Europe/Berlin",
        false_alerts_per_month=0.5,
    )
    chat = Channel(name="chat", url="json://${CHAT}")
    with ledger.write() as tx:
        assert metrics.put_metric(tx, rate)
        assert metrics.put_channel(tx, chat)
        assert metrics.put_source(tx, Source(name="ads", url="duckdb:///ads.duckdb"))
    with ledger.read() as tx:
        assert metrics.metrics(tx) == [rate, ORDERS]
        assert metrics.metric(tx, "a.rate") == rate
        assert metrics.channels(tx) == [chat]
        assert metrics.sources(tx) == [Source(name="ads", url="duckdb:///ads.duckdb"), SHOP]


def test_putting_an_unchanged_record_changes_nothing(ledger: Ledger) -> None:
    def stamps() -> list[tuple[int, int]]:
        with ledger.read() as tx:
            return [tuple(row) for row in tx.execute(text("SELECT created_at, updated_at FROM metric"))]

    with ledger.write() as tx:
        assert not metrics.put_metric(tx, ORDERS, at=200)
    assert stamps() == [(100, 100)]
    with ledger.write() as tx:
        assert metrics.put_metric(tx, msgspec.structs.replace(ORDERS, title="Orders"), at=300)
        assert metrics.metric(tx, "orders").title == "Orders"
    assert stamps() == [(100, 300)]


def test_many_metrics_are_put_at_once_and_those_that_changed_are_named(ledger: Ledger) -> None:
    many = [msgspec.structs.replace(ORDERS, name=f"metric_{number}") for number in range(3000)]
    with ledger.write() as tx:
        assert metrics.put_metrics(tx, many, at=7) == [one.name for one in many]
        many[1] = msgspec.structs.replace(many[1], title="Other")
        new = msgspec.structs.replace(ORDERS, name="new")
        assert metrics.put_metrics(tx, [new, *many], at=8) == ["new", "metric_1"]
        assert metrics.put_metrics(tx, []) == []
        with pytest.raises(NotFoundError, match="metric lost: no source 'nowhere'"):
            metrics.put_metrics(tx, [msgspec.structs.replace(ORDERS, name="lost", source="nowhere")])
    with ledger.read() as tx:
        assert metrics.metrics(tx) == sorted([ORDERS, new, *many], key=lambda one: one.name)
        made = metrics.made_at(tx)
        assert (made["metric_1"], made["metric_2"], made["new"]) == (7, 7, 8)


def test_a_metric_needs_its_source_and_a_name_that_is_known(ledger: Ledger) -> None:
    with ledger.write() as tx:
        with pytest.raises(NotFoundError, match="no source 'ads'"):
            metrics.put_metric(tx, msgspec.structs.replace(ORDERS, source="ads"))
        with pytest.raises(NotFoundError, match="no metric 'visits'"):
            metrics.metric(tx, "visits")


def test_settings_that_no_longer_fit_are_named(ledger: Ledger) -> None:
    with ledger.write() as tx:
        tx.execute(text("""UPDATE metric SET settings = '{"name": "orders", "colour": "red"}'"""))
    with ledger.read() as tx, pytest.raises(StoreError, match="stored metric orders does not fit"):
        metrics.metrics(tx)


# series


def test_interning_gives_an_id_once(ledger: Ledger) -> None:
    asked = [("country 2", "web"), ("neu – ü", ""), ("country 1", "web"), ("neu – ü", "")]
    with ledger.write() as tx:
        first = series.intern(tx, "orders", asked)
        assert series.intern(tx, "orders", asked) == first
        assert [one.id for one in first] == [2, 6, 1, 6]
        assert first[1] == Series(id=6, metric="orders", values=("neu – ü", ""))
        assert [one.id for one in series.of_metric(tx, "orders")] == [1, 2, 3, 4, 5, 6]
        assert series.by_id(tx, [6, 2, 77, 2]) == [first[0], first[1]]
        with pytest.raises(NotFoundError, match="no metric 'visits'"):
            series.intern(tx, "visits", [()])


def test_a_metric_without_dimensions_has_one_series(ledger: Ledger) -> None:
    with ledger.write() as tx:
        metrics.put_metric(tx, msgspec.structs.replace(ORDERS, name="all", dimensions=()))
        (one,) = series.intern(tx, "all", [()])
        assert series.of_metric(tx, "all") == [one]
        assert one.values == ()


def test_many_series_are_found_by_id(ledger: Ledger) -> None:
    with ledger.write() as tx:
        made = series.intern(tx, "orders", [(f"{n}", "") for n in range(40_000)])
    with ledger.read() as tx:
        assert series.by_id(tx, [one.id for one in made]) == made


# alerts


def test_the_ids_of_some_metrics_are_found_by_their_values(ledger: Ledger) -> None:
    with ledger.write() as tx:
        made = {}
        for name in ("hats", "caps", "wigs"):
            metrics.put_metric(tx, msgspec.structs.replace(ORDERS, name=name))
            made |= {(name, one.values): one.id for one in series.intern(tx, name, [("DE", "ü"), ("US", "")])}
        assert series.ids_of(tx, ["hats", "caps", "none"]) == {
            key: one for key, one in made.items() if key[0] != "wigs"
        }
        assert series.ids_of(tx, []) == {}


def test_an_alert_comes_back_as_it_was_stored(ledger: Ledger) -> None:
    with ledger.write() as tx:
        stored = alerts.insert(tx, alert(member(3, is_open=True), silent(1), member(3, start=10)))
    with ledger.read() as tx:
        found = alerts.get(tx, stored.id)
    assert plain(found) == plain(stored)
    assert [one.series for one in found.members] == [3, 1, 3], "in the order given"
    assert found.members[1].value != found.members[1].value, "NaN"


def test_saving_replaces_members_and_status(ledger: Ledger) -> None:
    with ledger.write() as tx:
        other = alerts.insert(tx, alert(member(1)))
        stored = alerts.insert(tx, alert(member(1), member(2)))
        changed = msgspec.structs.replace(
            stored, status=Status.RESOLVED, end=9000, severity=2.5, members=(silent(2), member(1), member(4))
        )
        alerts.save(tx, changed)
        assert plain(alerts.get(tx, stored.id)) == plain(changed)
        assert alerts.get(tx, other.id) == other
        assert alerts.open_ones(tx) == [other]


def test_an_alert_that_is_not_there(ledger: Ledger) -> None:
    with ledger.write() as tx:
        with pytest.raises(NotFoundError, match="no alert 7"):
            alerts.get(tx, 7)
        with pytest.raises(NotFoundError, match="no alert 7"):
            alerts.save(tx, alert(member(1), id=7))


def test_alerts_are_listed_by_window_status_and_order(ledger: Ledger) -> None:
    with ledger.write() as tx:
        for start, severity, status, family in (
            (0, 1.0, Status.RESOLVED, "a"),
            (100, 3.0, Status.OPEN, "b"),
            (200, 2.0, Status.OPEN, "a"),
        ):
            alerts.insert(
                tx, alert(member(1), start=start, end=start + 50, severity=severity, status=status, family=family)
            )

        def ids(*conditions: object, **more: object) -> list[int]:
            return [one.id for one in alerts.listed(tx, *conditions, **more)]

        assert ids() == [3, 2, 1]
        assert ids(order="severity") == [2, 3, 1]
        assert ids(Status.RESOLVED) == [1]
        assert ids(start=50, end=200) == [2], "half open on both sides"
        assert ids(start=49, end=201) == [3, 2, 1]
        assert ids(limit=1, offset=1) == [2]
        assert [one.id for one in alerts.open_ones(tx)] == [2, 3]
        assert [one.id for one in alerts.open_ones(tx, family="a")] == [3]


def test_alerts_of_series_come_whole(ledger: Ledger) -> None:
    with ledger.write() as tx:
        one = alerts.insert(tx, alert(member(1, start=0, end=10), member(2, start=90, end=100)))
        two = alerts.insert(tx, alert(member(3, start=0, end=10)))
        assert alerts.of_series(tx, [1]) == [one]
        assert alerts.of_series(tx, [2, 3]) == [one, two]
        assert alerts.of_series(tx, [1], start=10, end=200) == [], "its own run was over"
        assert alerts.of_series(tx, [2], start=10, end=91) == [one]
        assert alerts.of_series(tx, []) == []


def test_of_all_alerts_of_a_series_only_those_that_taught_something_are_named(ledger: Ledger) -> None:
    with ledger.write() as tx:
        ids = [alerts.insert(tx, alert(member(one))).id for one in (1, 1, 1, 2)]
        for number, deed in ((0, Deed.LEARN), (1, Deed.COMMENT), (2, Deed.LEARN), (3, Deed.LEARN), (0, Deed.LEARN)):
            handlings.add(tx, Handling(id=0, alert=ids[number], by="Ada", at=5, deed=deed, text="Look first"))
        assert handlings.taught(tx, [1], 10) == [ids[0], ids[2]]
        assert handlings.taught(tx, [1, 2], 2) == [ids[0], ids[3]]
        assert handlings.taught(tx, [3], 10) == []


# transitions and deliveries


def test_transitions_queue_until_each_target_has_them(ledger: Ledger) -> None:
    with ledger.write() as tx:
        stored = alerts.insert(tx, alert(member(1)))
        opened = transitions.add(tx, stored.id, Change.OPENED, at=10, recorded_at=20)
        resolved = transitions.add(tx, stored.id, Change.RESOLVED, at=30, recorded_at=40, detail="back inside")
    with ledger.write() as tx:
        assert transitions.of_alert(tx, stored.id) == [opened, resolved]
        assert transitions.undelivered(tx, "chat", 10) == [opened, resolved]
        assert transitions.undelivered(tx, "chat", 1) == [opened]
        assert deliveries.record(tx, opened.id, "chat", delivered_at=50)
        assert transitions.undelivered(tx, "chat", 10) == [resolved]
        assert transitions.undelivered(tx, "mail", 10) == [opened, resolved]
        assert deliveries.record(tx, resolved.id, "chat", delivered_at=60, outcome="held", reason="resolved by itself")
        assert transitions.undelivered(tx, "chat", 10) == []
        assert [
            (one.transition, one.target, one.outcome, one.reason) for one in deliveries.of_alert(tx, stored.id)
        ] == [
            (opened.id, "chat", "sent", ""),
            (resolved.id, "chat", "held", "resolved by itself"),
        ]


def test_an_alert_counts_as_told_from_the_first_change_that_was_sent(ledger: Ledger) -> None:
    with ledger.write() as tx:
        ids = [alerts.insert(tx, alert(member(1), member(2))).id for _ in range(3)]
        for number, changes in ((0, ("opened", "updated")), (1, ("updated", "updated")), (2, ("flipped",))):
            for at, change in enumerate(changes):
                kept = transitions.add(tx, ids[number], Change(change), at=10 * (at + 1), recorded_at=50)
                outcome: deliveries.Outcome = "held" if (number, at) == (1, 0) else "sent"
                deliveries.record(tx, kept.id, "chat", delivered_at=60, outcome=outcome)
        assert deliveries.told_of(tx, "chat", [1], 0, 100) == {ids[0], ids[1]}
        assert deliveries.told_of(tx, "chat", [1, 2], 15, 100) == {ids[1]}, "the other one was told before"
        assert deliveries.told_of(tx, "chat", [1], 0, 15) == {ids[0]}
        assert deliveries.told_of(tx, "chat", [3], 0, 100) == deliveries.told_of(tx, "mail", [1], 0, 100) == set()


def test_the_first_record_of_a_delivery_stays(ledger: Ledger) -> None:
    with ledger.write() as tx:
        stored = alerts.insert(tx, alert(member(1)))
        opened = transitions.add(tx, stored.id, Change.OPENED, at=10, recorded_at=20)
        assert deliveries.record(tx, opened.id, "chat", delivered_at=50)
        assert not deliveries.record(tx, opened.id, "chat", delivered_at=70, outcome="failed", reason="again")
        (kept,) = deliveries.of_alert(tx, stored.id)
        assert (kept.delivered_at, kept.outcome) == (50, "sent")


def test_a_transition_needs_its_alert(ledger: Ledger) -> None:
    with pytest.raises(StoreError, match="refused"), ledger.write() as tx:
        transitions.add(tx, 99, Change.OPENED, at=1, recorded_at=1)


# watermarks, sessions, audit


def test_a_watermark_never_goes_back(ledger: Ledger) -> None:
    with ledger.write() as tx:
        assert watermarks.get(tx, "orders") is None
        for until in (100, 50, 200):
            watermarks.advance(tx, "orders", until)
        assert watermarks.get(tx, "orders") == 200


def test_a_link_signs_in_once_and_in_time(ledger: Ledger) -> None:
    with ledger.write() as tx:
        token = sessions.make_link(tx, now=1000, lifetime_s=60)
        late = sessions.make_link(tx, now=1000, lifetime_s=60)
        assert sessions.redeem(tx, "guess", 1001) is None
        key = sessions.redeem(tx, token, 1059, lifetime_s=100)
        assert key is not None
        assert sessions.redeem(tx, token, 1059) is None, "once"
        assert sessions.redeem(tx, late, 1060) is None, "too late"
        assert sessions.find(tx, key, 1158) is not None
        assert sessions.find(tx, key, 1159) is None
        assert sessions.find(tx, token, 1059) is None


def test_only_hashes_are_stored(ledger: Ledger) -> None:
    with ledger.write() as tx:
        token = sessions.make_link(tx, now=1000, lifetime_s=60)
        other = sessions.make_link(tx, now=1000, lifetime_s=60)
        key = sessions.redeem(tx, other, 1001)
        stored = tx.execute(text("SELECT token_hash FROM sign_in_link UNION SELECT key_hash FROM session")).scalars()
        assert not {token, other, key} & set(stored)


def test_the_audit_log_is_read_from_its_end(ledger: Ledger) -> None:
    with ledger.write() as tx:
        for n in range(3):
            audit.add(tx, "ann", n, "apply", f"metric {n}")
        found = audit.newest(tx, 2)
    assert [(one.by, one.at, one.what, one.detail) for one in found] == [
        ("ann", 2, "apply", "metric 2"),
        ("ann", 1, "apply", "metric 1"),
    ]
