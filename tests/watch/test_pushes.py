"""What programs push: taken row by row, durable once accepted, the same when it is sent again."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from sqlalchemy import Engine, event

from tests.stores.shared import given_up
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.errors import InputError, NotFoundError, StoreError
from watchkeeper.domain.times import HOUR, parse_instant
from watchkeeper.sources.arrow_push import read_arrow
from watchkeeper.sources.pushed import Columns, read_json
from watchkeeper.sources.samples import How, Sample
from watchkeeper.stores.ledger import standings
from watchkeeper.stores.push_log import Pushed, PushLog
from watchkeeper.watch import pushes
from watchkeeper.watch.service import Watchkeeper

NOW = parse_instant("2026-06-01T12:30Z")
CONFIG = """
sources: {push: {kind: push}, shop: {url: "sqlite:///shop.db"}}
metrics:
  orders: {source: push, step: 1h, kind: count, dimensions: [country, device], since: 2026-06-01}
  total: {source: push, step: 1h, kind: count, timezone: Asia/Kolkata, since: 2026-06-01}
  private: {source: push, step: 1h, min_group_size: 20, since: 2026-06-01}
  grouped: {source: push, step: 1h, min_group_size: 20, since: 2026-06-01, dimensions: [who]}
  failed: {source: push, step: 1h, kind: rate, since: 2026-06-01}
  read: {source: shop, step: 1h, query: "select 1 where :start < :end"}
"""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Watchkeeper]:
    with Watchkeeper.open(tmp_path / "home", clock=lambda: NOW) as service:
        service.apply(parse_config(CONFIG), "tester")
        yield service


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """What ledgers are asked."""
    heard: list[str] = []

    def hear(connection: object, cursor: object, statement: str, *rest: object) -> None:
        heard.append(statement)

    event.listen(Engine, "before_cursor_execute", hear)
    yield heard
    event.remove(Engine, "before_cursor_execute", hear)


def kept(service: Watchkeeper, metric: str) -> dict[tuple[str, ...], dict[int, float]]:
    """Every point of a metric, as its page has it once it was judged."""
    service.run_until(NOW + 90 * 60)
    found = {}
    for one in service.metric_page(metric).series:
        chart = service.metric_page(metric, one.id).chart
        pairs = zip(chart.time, chart.value, strict=True)
        found[one.values] = {time: value for time, value in pairs if value is not None and value == value}
    return found


def hidden(service: Watchkeeper, metric: str) -> dict[tuple[str, ...], list[int]]:
    """The times of a metric's points that are known to be withheld."""
    found = {}
    for one in service.metric_page(metric).series:
        chart = service.metric_page(metric, one.id).chart
        found[one.values] = [time for time, is_hidden in zip(chart.time, chart.is_withheld, strict=False) if is_hidden]
    return found


def at(hour: int) -> int:
    return parse_instant(f"2026-06-01T{hour:02}:00Z")


def body(text: str) -> Columns:
    return read_json(text.encode())


def test_columns_in_json_become_points_of_series(service: Watchkeeper) -> None:
    taken = service.pushes.store(body(
        f'{{"metric": "orders", "time": [{at(10)}, "2026-06-01T11:00:00+00:00"], "value": [5, null],'
        '"dimensions": {"device": ["phone", null], "country": "DE"}}'
    ))  # fmt: skip
    assert (taken.accepted, taken.refused, taken.withheld) == (2, 0, 0)
    assert kept(service, "orders") == {("DE", "phone"): {at(10): 5.0}, ("DE", "(none)"): {}}


def test_an_arrow_stream_says_the_same_as_json(service: Watchkeeper) -> None:
    hours = np.array([at(9), at(9), at(10)])
    plain = pa.table(
        {
            "time": pa.array(hours * 1000).cast(pa.timestamp("ms", "UTC")),
            "value": [1.0, 2.0, 3.0],
            "country": pa.array(["DE", "US", "DE"]).dictionary_encode(),
            "device": ["phone", "phone", None],
        }
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, plain.schema) as stream:
        stream.write_table(plain)
    assert service.pushes.store(read_arrow(sink.getvalue().to_pybytes(), "orders")).accepted == 3
    assert kept(service, "orders") == {
        ("DE", "phone"): {at(9): 1.0},
        ("US", "phone"): {at(9): 2.0},
        ("DE", "(none)"): {at(10): 3.0},
    }


def test_points_that_could_not_be_stored_for_any_reason_are_tried_again(
    service: Watchkeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacks_memory(*columns: object, **named: object) -> int:
        raise MemoryError

    service.pushes.drain()
    with monkeypatch.context() as short:
        short.setattr(service._history, "append", lacks_memory)
        service.pushes.store(body('{"metric": "total", "time": ["2026-06-01T09:30Z"], "value": [7]}'))
        with pytest.raises(MemoryError):
            service.pushes.drain()
    service.pushes.drain()
    assert list(kept(service, "total")[()].values()) == [7.0]


def test_points_accepted_while_duckdb_gives_the_history_up_arrive(service: Watchkeeper, tmp_path: Path) -> None:
    push = '{"metric": "total", "time": ["2026-06-01T%02d:30Z"], "value": [7]}'
    for hour in (9, 10, 11):
        assert service.pushes.store(body(push % hour)).accepted == 1
        given_up(tmp_path / "home" / "history.duckdb")
        service.pushes.drain()
    assert list(kept(service, "total")[()].values()) == [7.0, 7.0, 7.0]


def test_sending_again_changes_nothing_and_a_correction_counts(service: Watchkeeper) -> None:
    push = '{"metric": "private", "time": [%d], "value": [%s], "group_size": [50]}'
    service.pushes.store(body(push % (at(10), "7")))
    assert service.run_until(NOW).points == 1
    service.pushes.store(body(push % (at(10), "7")))
    assert service.run_until(NOW).points == 0
    service.pushes.store(body(push % (at(10), "8")))
    assert service.run_until(NOW).points == 1
    assert kept(service, "private")[()] == {at(10): 8.0}


def test_a_rate_is_pushed_with_its_cases(service: Watchkeeper) -> None:
    hours = [at(hour) for hour in range(7, 12)]
    push = body(
        f'{{"metric": "failed", "time": {hours}, "value": [0.5, 0.5, 2, 0.5, null], "cases": [40, null, 9, 0, 0]}}'
    )
    taken = service.pushes.store(push)
    assert (taken.accepted, taken.refused) == (3, 2)
    assert "no share: of cases, a value lies between 0 and 1" in taken.refusals[0].why
    assert "has a value of no cases; send null" in taken.refusals[1].why
    table = pa.table({"time": [at(6)], "value": [0.25], "cases": pa.array([4], pa.int16())})
    service.pushes.store(read_arrow(stream(table), "failed"))
    kept(service, "failed")
    (one,) = service.metric_page("failed").series
    chart = service.metric_page("failed", one.id).chart
    assert chart.time[0] == at(6)
    assert chart.value[:3] == [0.25, 0.5, 0.5]
    assert chart.cases == [4.0, 40.0, *[None] * (len(chart.time) - 2)]
    with pytest.raises(InputError, match="metric total: cases: a count rests on none"):
        service.pushes.store(body(f'{{"metric": "total", "time": [{at(7)}], "value": [1], "cases": [1]}}'))
    with pytest.raises(InputError, match="cases has 2 rows and time 1"):
        body(f'{{"metric": "failed", "time": [{at(7)}], "value": [1], "cases": [1, 2]}}')


def stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def test_rows_that_cannot_be_are_named_and_the_others_are_taken(service: Watchkeeper) -> None:
    half = at(5) + HOUR // 2  # Kolkata is half an hour off
    rows = [half, at(5), half + 48 * HOUR, half + HOUR]
    taken = service.pushes.store(body(f'{{"metric": "total", "time": {rows}, "value": [1, 2, 3, 4]}}'))
    assert taken.accepted == 2
    assert taken.refused == 2
    assert [one.row for one in taken.refusals] == [1, 2]
    assert "2026-06-01T05:00:00Z does not start a step of 1h on the clock of Asia/Kolkata" in taken.refusals[0].why
    assert "lies in the future" in taken.refusals[1].why
    assert set(kept(service, "total")[()]) == {half, half + HOUR}


def test_a_refused_row_makes_no_series(service: Watchkeeper) -> None:
    late = at(5) + 48 * HOUR
    dimensions = '{"device": "phone", "country": ["DE", "ZZ"]}'
    push = f'{{"metric": "orders", "time": [%d, %d], "value": [1, 2], "dimensions": {dimensions}}}'
    taken = service.pushes.store(body(push % (at(5), late)))
    assert [(one.row, one.why) for one in taken.refusals] == [(1, "time 2026-06-03T05:00:00Z lies in the future")]
    assert kept(service, "orders") == {("DE", "phone"): {at(5): 1.0}}


def test_small_groups_are_withheld_and_counted(service: Watchkeeper) -> None:
    push = '{"metric": "private", "time": [%d, %d, %d], "value": [1, 2, 3], "group_size": [50, 19, null]}'
    taken = service.pushes.store(body(push % (at(8), at(9), at(10))))
    assert (taken.accepted, taken.withheld, taken.refused) == (1, 2, 0)
    assert kept(service, "private")[()] == {at(8): 1.0}
    assert hidden(service, "private") == {(): [at(9), at(10)]}
    assert b'watchkeeper_rows_withheld_total{metric="private"} 2.0' in service.vitals.text()
    with pytest.raises(InputError, match="metric private: group_size: groups under 20 are withheld; say how large"):
        service.pushes.store(body('{"metric": "private", "time": [0], "value": [1]}'))


def test_a_group_that_shrinks_takes_back_what_was_shown_and_a_new_small_one_gets_no_name(service: Watchkeeper) -> None:
    push = (
        '{"metric": "grouped", "time": [%d, %d], "value": [1, 2], "group_size": [%d, 19],'
        ' "dimensions": {"who": ["a", "b"]}}'
    )
    service.pushes.store(body(push % (at(8), at(8), 50)))
    service.run_until(NOW)
    assert kept(service, "grouped") == {("a",): {at(8): 1.0}}
    taken = service.pushes.store(body(push % (at(8), at(8), 3)))
    assert (taken.accepted, taken.withheld, taken.refused) == (0, 2, 0)
    service.run_until(NOW)
    assert kept(service, "grouped") == {("a",): {}}
    assert hidden(service, "grouped") == {("a",): [at(8)]}


def test_samples_of_a_metric_that_withholds_small_groups_are_withheld_and_counted(service: Watchkeeper) -> None:
    one = Sample("private", (), at(8) * 1000, 7.0, How.GAUGE)
    rejected, why = service.pushes.take_samples([one, one._replace(at_ms=at(9) * 1000)])
    assert (rejected, why) == (2, "private withholds small groups, and samples do not say how large theirs is")
    service.run_until(NOW)
    with pytest.raises(NotFoundError, match="metric private has no points yet"):
        service.metric_page("private")
    assert b'watchkeeper_rows_withheld_total{metric="private"} 2.0' in service.vitals.text()


def ticking(hour: int, values: Sequence[float], how: How = How.TOTAL) -> list[Sample]:
    """Samples of the counter `total`, a minute apart."""
    begin = at(hour) + 1800  # Kolkata is half an hour off
    return [Sample("total", (), (begin + 60 * k) * 1000, one, how) for k, one in enumerate(values)]


def test_samples_that_could_not_be_stored_are_counted_when_they_are_sent_again(
    service: Watchkeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*columns: object) -> None:
        raise StoreError("the disk is full")

    service.pushes.take_samples(ticking(9, [100]))
    with monkeypatch.context() as short:
        short.setattr(standings, "put", full)
        with pytest.raises(StoreError, match="full"):
            service.pushes.take_samples(ticking(9, [100, 104, 109]))
    assert service.pushes.take_samples(ticking(9, [100, 104, 109])) == (0, "")
    assert kept(service, "total")[()] == {at(9) + 1800: 9.0}


def test_samples_that_could_not_be_moved_into_the_history_are_moved_later(
    service: Watchkeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacks_memory(*columns: object, **named: object) -> int:
        raise MemoryError

    with monkeypatch.context() as short:
        short.setattr(service._history, "append", lacks_memory)
        service.pushes.take_samples(ticking(9, [3, 4], How.DELTA))
        with pytest.raises(MemoryError):
            service.pushes.drain()
    service.pushes.take_samples(ticking(9, [3, 4, 5], How.DELTA))
    assert kept(service, "total")[()] == {at(9) + 1800: 12.0}


def test_samples_of_the_future_are_rejected_and_stand_in_nobodys_way(service: Watchkeeper) -> None:
    late = ticking(9, [100])[0]._replace(at_ms=(NOW + 2 * 24 * HOUR) * 1000)
    far, infinite = late, ticking(9, [float("inf")])[0]
    rejected, why = service.pushes.take_samples([far, infinite])
    assert rejected == 2
    assert why == "total: a sample lies in the future, or its value is infinite"
    service.pushes.take_samples(ticking(9, [100, 101]))
    assert kept(service, "total")[()] == {at(9) + 1800: 1.0}


def test_a_sample_whose_dimension_nobody_can_keep_is_rejected_and_stands_in_nobodys_way(service: Watchkeeper) -> None:
    odd = Sample("orders", (("country", "D\0E"), ("device", "phone")), at(9) * 1000, 1.0, How.DELTA)
    rejected, why = service.pushes.take_samples([odd, odd._replace(labels=(("country", "DE"), ("device", "phone")))])
    assert rejected == 1
    assert why.startswith("orders: a dimension value holds a NUL")
    service.pushes.take_samples(ticking(9, [100, 101]))
    assert kept(service, "total")[()] == {at(9) + 1800: 1.0}
    assert kept(service, "orders") == {("DE", "phone"): {at(9): 1.0}}


def test_a_counter_has_a_series_once_it_has_a_point_and_no_more_than_fit(
    service: Watchkeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service.pushes._instruments, "_most_series", 2)

    def of(country: str, value: float, minute: int) -> Sample:
        labels = (("country", country), ("device", "phone"))
        return Sample("orders", labels, (at(9) + 60 * minute) * 1000, value, How.TOTAL)

    assert service.pushes.take_samples([of("DE", 5, 0)]) == (0, "")
    service.run_until(NOW)
    with pytest.raises(NotFoundError, match="no points yet"):
        service.metric_page("orders")
    rejected, why = service.pushes.take_samples([of("DE", 6, 1), of("US", 1, 1), of("FR", 1, 1)])
    assert (rejected, why) == (1, "orders: would be one series more than 2; leave a dimension out")
    assert service.pushes.take_samples([of("US", 4, 2)]) == (0, "")
    assert kept(service, "orders") == {("DE", "phone"): {at(9): 1.0}, ("US", "phone"): {at(9): 3.0}}


def test_a_request_of_many_metrics_asks_the_ledger_as_often_as_one_of_few(
    service: Watchkeeper, statements: list[str]
) -> None:
    def request(names: Sequence[str], minute: int) -> list[Sample]:
        labels = (("country", "DE"), ("device", "phone"))
        return [Sample(name, labels, (at(9) + 1800 + 60 * minute) * 1000, 1.0 + minute, How.TOTAL) for name in names]

    asked = []
    for names in (["orders"], ["orders", "total"]):
        service.pushes.take_samples(request(names, 1))
        service.pushes.take_samples(request(names, 2))
        service.pushes.drain()
        statements.clear()
        service.pushes.take_samples(request(names, 3))
        service.pushes.drain()
        asked.append(len(statements))
    assert asked[0] == asked[1] > 0


def test_a_restart_between_samples_changes_nothing(tmp_path: Path) -> None:
    """Each request in a process of its own, sent again to the next one."""
    requests = [ticking(9, values, how) for how, values in ((How.TOTAL, [5.0, 7.0]), (How.TOTAL, [5.0, 7.0, 2.0, 9.0]))]
    requests.append([one._replace(origin="other") for one in ticking(9, [5.0, 1.0], How.DELTA)])
    for number, request in enumerate(requests):
        with Watchkeeper.open(tmp_path / "home", clock=lambda: NOW) as service:
            if number == 0:
                service.apply(parse_config(CONFIG), "tester")
            else:
                service.pushes.take_samples(requests[number - 1])
            service.pushes.take_samples(request)
    with Watchkeeper.open(tmp_path / "home", clock=lambda: NOW) as service:
        service.pushes.take_samples(requests[-1])
        assert kept(service, "total")[()] == {at(9) + 1800: 2 + 2 + 7 + 6}


def test_two_servers_count_one_instrument_together(tmp_path: Path, postgres_url: str) -> None:
    def opened(name: str) -> Watchkeeper:
        return Watchkeeper.open(tmp_path / name, ledger_url=postgres_url, history_url=postgres_url, clock=lambda: NOW)

    with opened("first") as first, opened("second") as second:
        first.apply(parse_config(CONFIG), "tester")
        second.pushes.forget()
        ticks = ticking(9, [10.0, 20.0, 30.0, 40.0, 50.0, 60.0])
        for place, one in enumerate(ticks):
            (first, second)[place % 2].pushes.take_samples([one])
            if place % 3 == 0:
                second.pushes.drain()
        second.pushes.take_samples(ticks[2:5])
        first.run_until(NOW + 90 * 60)
        second.run_until(NOW + 90 * 60)
        assert kept(second, "total")[()] == {at(9) + 1800: 50.0}


@pytest.mark.parametrize(
    ("push", "error", "said"),
    [
        ('{"metric": "nothing", "time": [0], "value": [1]}', NotFoundError, "no metric 'nothing'"),
        ('{"metric": "read", "time": [0], "value": [1]}', InputError, "read from source shop; points are pushed"),
        ('{"metric": "orders", "time": [0], "value": [1]}', InputError, "dimensions: the push lacks country, device"),
        ('{"metric": "total", "time": [0], "value": [1], "dimensions": {"x": "y"}}', InputError, "has x, which is no"),
        ('{"metric": "total", "time": [0, 1], "value": [1]}', InputError, "value has 1 rows and time 2"),
        ('{"metric": "total", "time": ["soon"], "value": [1]}', InputError, "time, row 0: 'soon'"),
        ('{"metric": "total", "time": [1780315200000], "value": [1]}', InputError, "divide milliseconds by 1000"),
        ('{"metric": "total", "time": [0], "value": ["one"]}', InputError, r"Expected `float \| null`.*value"),
        ('{"metric": "total", "times": [0]}', InputError, "unknown field `times`"),
        ('{"metric', InputError, "the body is no JSON"),
        ("null", InputError, "Expected `object`, got `null`"),
    ],
)
def test_what_is_no_push_is_refused_whole(service: Watchkeeper, push: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        service.pushes.store(body(push))


def test_a_stream_of_many_batches_is_one_push() -> None:
    first = pa.record_batch({"time": [NOW, NOW], "value": [1.0, None], "country": ["DE", None]})
    last = pa.record_batch({"time": [NOW], "value": [3.0], "country": ["US"]})
    for encode in (lambda one: one, lambda one: one.set_column(2, "country", one.column(2).dictionary_encode())):
        batches = [encode(one) for one in (first, first.slice(0, 0), last)]
        for some in (batches, batches[:1], batches[1:2], []):
            sink = pa.BufferOutputStream()
            options = pa.ipc.IpcWriteOptions(emit_dictionary_deltas=False)
            with pa.ipc.new_stream(sink, batches[0].schema, options=options) as stream:
                for one in some:
                    stream.write_batch(one)
            found = read_arrow(sink.getvalue().to_pybytes(), "orders")
            rows = [row for one in some for row in one.to_pylist()]
            assert found.time.tolist() == [row["time"] for row in rows]
            assert [None if value != value else value for value in found.value] == [row["value"] for row in rows]
            assert [found.keys[key] for key in found.key] == [(row["country"] or "(none)",) for row in rows]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (pa.table({"value": [1.0]}), "it must have one column time"),
        (pa.table({"time": ["x"], "value": [1.0]}), "time holds string"),
        (pa.table({"time": pa.array([None], pa.int64()), "value": [1.0]}), "1 rows have no time"),
        (pa.table({"time": [0], "value": ["x"]}), "value holds string; send numbers"),
    ],
)
def test_a_stream_that_is_no_push_is_refused(table: pa.Table, said: str) -> None:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    with pytest.raises(InputError, match=said):
        read_arrow(sink.getvalue().to_pybytes(), "total")
    with pytest.raises(InputError, match="no Arrow IPC stream"):
        read_arrow(b"nonsense", "total")


def test_a_burst_is_moved_once_it_is_over(service: Watchkeeper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushes, "BURST", 3)
    monkeypatch.setattr(pushes, "DRAIN_EVERY_S", 0.05)
    changed = threading.Event()
    monkeypatch.setattr(service.pushes, "_on_change", lambda name: changed.set())
    for hour in range(3):
        service.pushes.store(body(f'{{"metric": "total", "time": [{at(hour) + 1800}], "value": [1]}}'))
    assert changed.wait(30)
    assert service.pushes.take_drained() == 3


# durability

KILLED = """
import os, signal, sys
from pathlib import Path
from watchkeeper.sources.pushed import read_json
from watchkeeper.watch import pushes
from watchkeeper.watch.service import Watchkeeper
pushes.DRAIN_EVERY_S = 3600
service = Watchkeeper.open(Path(sys.argv[1]), clock=lambda: float(sys.argv[2]))
for hour in range(8, 12):
    service.pushes.store(read_json(b'{"metric": "total", "time": [%d], "value": [%d]}' % (1780315200 - 12 * 3600
        + hour * 3600 + 1800, hour)))
    print(hour, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_accepted_survives_kill_9(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with Watchkeeper.open(home, clock=lambda: NOW) as service:
        service.apply(parse_config(CONFIG), "tester")
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(home), str(NOW)], capture_output=True, text=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert killed.stdout.split() == ["8", "9", "10", "11"]
    assert list((home / "pushed").rglob("*.wal"))
    with Watchkeeper.open(home, clock=lambda: NOW) as service:
        half = at(0) + HOUR // 2
        assert kept(service, "total")[()] == {half + hour * HOUR: float(hour) for hour in range(8, 12)}
        assert not list((home / "pushed").rglob("*.wal"))


def points(value: float, n: int = 3) -> Pushed:
    return Pushed(NOW, np.arange(n, dtype=np.int32), np.full(n, at(3)), np.full(n, value))


def test_a_torn_record_ends_a_segment_and_loses_nothing_before_it(tmp_path: Path) -> None:
    log = PushLog(tmp_path)
    for second, value in enumerate((1.0, 2.0)):  # what became known together is one record
        log.append(points(value)._replace(known_at=NOW + second), lambda problem: None)
    log.close()
    (segment,) = tmp_path.rglob("*.wal")
    whole = segment.read_bytes()
    for cut in (1, 20, 60):
        segment.write_bytes(whole[:-cut])
        again = PushLog(tmp_path)
        found, _ = again.take()
        again.close()
        assert [one.value.tolist() for one in found] == [[1.0] * 3]
    segment.write_bytes(whole[:30] + b"x" + whole[31:])
    again = PushLog(tmp_path)
    assert again.take()[0] == []
    again.close()


def test_a_group_that_no_record_can_be_made_of_says_so_and_the_log_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacks_memory(data: bytes) -> int:
        raise MemoryError

    log, said = PushLog(tmp_path), queue.Queue[object]()
    with monkeypatch.context() as short:
        short.setattr("watchkeeper.stores.push_log.zlib.crc32", lacks_memory)
        log.append(points(1.0), said.put)
        assert isinstance(said.get(timeout=5), StoreError)
    log.append(points(2.0), said.put)
    assert said.get(timeout=5) is None
    found, _ = log.take()
    log.close()
    assert [one.value.tolist() for one in found] == [[2.0] * 3]


def test_what_waits_together_is_one_record_and_each_hears_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, said, is_busy, goes_on = PushLog(tmp_path), list[object](), threading.Event(), threading.Event()
    sync = os.fdatasync

    def slow(handle: int) -> None:
        is_busy.set()
        goes_on.wait(10)
        sync(handle)

    monkeypatch.setattr(os, "fdatasync", slow)
    log.append(points(0.0), said.append)
    assert is_busy.wait(10)
    for value in range(1, 20):
        log.append(points(float(value), n=1 + value % 3), said.append)
    assert said == [], "nothing is on disk yet"
    goes_on.set()
    log.close()
    assert said == [None] * 20
    again = PushLog(tmp_path)
    found, _ = again.take()
    again.close()
    assert len(found) == 2
    expected = [0.0] * 3 + [float(value) for value in range(1, 20) for _ in range(1 + value % 3)]
    assert [value for one in found for value in one.value.tolist()] == expected
    assert [len(one.series) for one in found] == [len(one.value) for one in found] == [len(one.time) for one in found]


def test_the_log_keeps_cases_beside_points_that_have_none(tmp_path: Path) -> None:
    log = PushLog(tmp_path)
    log.append(points(0.5), lambda problem: None)
    log.append(points(0.25)._replace(cases=np.array([4.0, np.nan, 8.0])), lambda problem: None)
    log.append(points(0.75), lambda problem: None)
    log.close()
    again = PushLog(tmp_path)
    found, _ = again.take()
    again.close()
    assert [one.value[0] for one in found] == [0.5, 0.25, 0.75]
    assert found[0].cases is None
    assert found[2].cases is None
    np.testing.assert_array_equal(found[1].cases, [4.0, np.nan, 8.0])


def test_segments_stay_until_they_are_forgotten(tmp_path: Path) -> None:
    log = PushLog(tmp_path)
    log.append(points(1.0), lambda problem: None)
    log.close()
    again = PushLog(tmp_path)
    taken, segments = again.take()
    again.append(points(2.0), lambda problem: None)
    again.put_back(taken, segments)
    again.close()
    third = PushLog(tmp_path)
    taken, segments = third.take()
    assert [one.value[0] for one in taken] == [1.0, 2.0]
    third.forget(segments)
    third.close()
    assert not list(tmp_path.rglob("*.wal"))


def test_a_full_disk_is_said_and_nothing_is_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = PushLog(tmp_path)

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fdatasync", full)
    said: list[object] = []
    log.append(points(1.0), said.append)
    log.close()
    assert "cannot be written: No space left on device; free the disk" in str(said[0])
    again = PushLog(tmp_path)
    assert again.take()[0] == []
    again.close()


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), MemoryError()])
def test_a_record_that_breaks_off_hides_none_that_comes_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def breaks_off(handle: int, parts: Sequence[memoryview]) -> int:
        os.write(handle, parts[0][:5])
        raise error

    log, said = PushLog(tmp_path), queue.Queue[object]()
    with monkeypatch.context() as short:
        short.setattr(os, "writev", breaks_off)
        log.append(points(1.0), said.put)
        assert isinstance(said.get(timeout=5), StoreError)
    log.append(points(2.0), said.put)
    assert said.get(timeout=5) is None
    log.close()
    again = PushLog(tmp_path)
    assert [one.value[0] for one in again.take()[0]] == [2.0]
    again.close()


def test_two_processes_write_into_parts_of_their_own(tmp_path: Path) -> None:
    first, second = PushLog(tmp_path), PushLog(tmp_path)
    for log, value in ((first, 1.0), (second, 2.0)):
        log.append(points(value), lambda problem: None)
    second.close()
    third = PushLog(tmp_path)
    taken, segments = third.take()
    assert [one.value[0] for one in taken] == [2.0], "what the living one holds is its own"
    third.forget(segments)
    first.close()
    third.close()
    last = PushLog(tmp_path)
    assert [one.value[0] for one in last.take()[0]] == [1.0]
    last.close()
