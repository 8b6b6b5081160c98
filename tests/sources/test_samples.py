"""Samples as Prometheus and OpenTelemetry send them become points of periods."""

from __future__ import annotations

import math
import struct

import cramjam
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from watchkeeper.domain.errors import InputError
from watchkeeper.domain.metric import Kind, Metric
from watchkeeper.domain.times import DAY, HOUR
from watchkeeper.sources import samples
from watchkeeper.sources.otlp import read_export_request
from watchkeeper.sources.remote_write import read_write_request
from watchkeeper.sources.samples import How, Sample, Standing, fold, lacking, place

METRIC = Metric(name="orders", source="push", step="1h", kind=Kind.COUNT, dimensions=("country",))
DE = (("country", "DE"), ("pod", "a"))


class Server:
    """Keeps where instruments stand as the ledger does, and the points as the history does."""

    def __init__(self, points: dict[tuple[str, int], float] | None = None, metric: Metric = METRIC) -> None:
        self.metric = metric
        self.kept: dict[tuple[str, ...], bytes] = {}
        self.points = dict(points or {})

    def take(self, *given: Sample, now: int = 0) -> dict[tuple[str, int], float]:
        """The points that the samples changed."""
        standings = {key: msgspec.json.decode(one, type=Standing) for key, one in self.kept.items()}
        placed = place(self.metric, given)
        unknown = lacking(placed, standings)
        known = {(key, at): self.points.get((*key, at), math.nan) for key, at in unknown}
        folded = fold(placed, standings, known, now)
        self.rejected = folded.rejected
        found = {}
        for key, standing in folded.changed.items():
            for period, one in standing.sums.items():
                if one.is_new:
                    found[*key, period] = math.nan if one.value is None else one.value
                    one.is_new = False
            self.kept[key] = msgspec.json.encode(standing)
        self.points |= found
        return found


def sample(
    at_s: float,
    value: float,
    how: How,
    labels: tuple[tuple[str, str], ...] = DE,
    *,
    origin: str = "",
    start_s: float = 0,
) -> Sample:
    return Sample("orders", labels, int(at_s * 1000), value, how, origin, int(start_s * 1000))


def test_the_last_gauge_of_a_period_is_its_value() -> None:
    found = Server().take(*(sample(at, at, How.GAUGE) for at in (10, HOUR - 1, HOUR, HOUR + 5)))
    assert found == {("DE", 0): HOUR - 1, ("DE", HOUR): HOUR + 5}


def test_deltas_add_up_over_pushes_and_instruments() -> None:
    server = Server()
    other = (("country", "DE"), ("pod", "b"))
    assert server.take(sample(1, 2, How.DELTA), sample(2, 3, How.DELTA, other)) == {("DE", 0): 5}
    assert server.take(sample(3, 4, How.DELTA)) == {("DE", 0): 9}
    assert server.take(sample(HOUR, 1, How.DELTA)) == {("DE", HOUR): 1}


def test_a_running_total_adds_what_it_grew_by_and_may_begin_anew() -> None:
    server = Server()
    assert server.take(sample(0, 1000, How.TOTAL)) == {}
    assert server.take(sample(15, 1004, How.TOTAL), sample(30, 1010, How.TOTAL)) == {("DE", 0): 10}
    assert server.take(sample(45, 3, How.TOTAL)) == {("DE", 0): 13}, "the program started again"
    began = sample(60, 8, How.TOTAL, start_s=50)
    assert server.take(began) == {("DE", 0): 21}, "and again, and says so: eight since then"
    assert server.take(sample(75, 9, How.TOTAL, start_s=50)) == {("DE", 0): 22}
    assert server.take(sample(90, 10, How.TOTAL, start_s=90)) == {("DE", 0): 23}, "it does not know when it began"


def test_samples_sent_again_change_nothing() -> None:
    server = Server()
    push = [sample(0, 5, How.TOTAL), sample(15, 7, How.TOTAL)]
    assert server.take(*push) == {("DE", 0): 2}
    assert server.take(*push) == {}


def test_a_delta_that_another_one_has_overtaken_is_counted_once() -> None:
    server = Server()
    first, second, third = (sample(at, 1 << at // 10, How.DELTA, start_s=at - 10) for at in (20, 30, 40))
    server.take(second)
    server.take(third)
    assert server.take(first) == {("DE", 0): 4 + 8 + 16}, "it is from before the first that was heard of"
    for one in (first, second, third):
        assert server.take(one) == {}
    last = sample(60, 64, How.DELTA, start_s=50)
    assert server.take(last) == {("DE", 0): 28 + 64}
    assert server.take(sample(50, 32, How.DELTA, start_s=40)) == {("DE", 0): 92 + 32}
    assert server.take(sample(50, 32, How.DELTA, start_s=40)) == {}
    assert server.take(sample(55, 1, How.DELTA)) == {}, "it does not say what stretch it is of"


def test_two_processes_of_a_service_are_two_instruments() -> None:
    server = Server()
    for at, first, second in ((10, 100, 5), (20, 104, 6), (30, 109, 8)):
        server.take(sample(at, first, How.TOTAL, origin="a"), sample(at, second, How.TOTAL, origin="b"))
    assert server.points == {("DE", 0): 9 + 3}


def test_all_that_a_process_counted_is_counted_where_it_began_in_the_period() -> None:
    server = Server()
    job = sample(30, 7, How.TOTAL, origin="job", start_s=10)
    assert server.take(job) == {("DE", 0): 7}
    assert server.take(job) == {}
    assert server.take(sample(HOUR + 30, 9, How.TOTAL, origin="older", start_s=10)) == {}
    later = 3 * 24 * HOUR
    assert server.take(sample(later + 20, 4, How.TOTAL, origin="other", start_s=later + 10)) == {("DE", later): 4}
    assert server.take(job) == {}, "it was forgotten, and counted before that"


def test_a_period_goes_on_from_what_the_history_knows() -> None:
    server = Server({("DE", 0): 40.0, ("DE", HOUR): 1.0})
    assert server.take(sample(1, 2, How.DELTA)) == {("DE", 0): 42}
    one = sample(0, 100, How.TOTAL, (("country", "DE"), ("pod", "b")))
    assert server.take(one) == {}
    assert server.take(one._replace(at_ms=5, value=101.0)) == {("DE", 0): 43}


def test_a_late_sample_is_added_to_its_own_period() -> None:
    server = Server()
    server.take(sample(10, 1, How.DELTA), sample(HOUR + 10, 5, How.DELTA))
    other = (("country", "DE"), ("pod", "b"))
    assert server.take(sample(20, 2, How.DELTA, other), now=2 * HOUR) == {("DE", 0): 3}
    server.take(sample(3 * HOUR, 5, How.DELTA), now=4 * HOUR)
    third = (("country", "DE"), ("pod", "c"))
    assert server.take(sample(20, 2, How.DELTA, third), now=4 * HOUR) == {("DE", 0): 5}, "known from the history"
    assert server.take(sample(HOUR + 20, 1, How.DELTA, third), now=4 * HOUR) == {("DE", HOUR): 6}


def test_a_late_gauge_says_its_own_period_and_never_a_newer_one() -> None:
    server = Server()
    server.take(sample(HOUR + 10, 7, How.GAUGE), sample(HOUR + 20, 8, How.GAUGE))
    assert server.take(sample(HOUR + 15, 1, How.GAUGE)) == {}
    assert server.take(sample(10, 3, How.GAUGE)) == {("DE", 0): 3}
    assert server.take(sample(5, 2, How.GAUGE)) == {}


def test_gauges_that_no_dimension_tells_apart_are_rejected_until_the_first_has_ended() -> None:
    server = Server()
    other = (("country", "DE"), ("pod", "b"))
    assert server.take(sample(1, 1, How.GAUGE), sample(1, 2, How.GAUGE, other)) == {("DE", 0): 1}
    assert server.rejected == {"labels that are no dimension tell several gauges apart; aggregate them first": 1}
    assert server.take(sample(400, 2, How.GAUGE, other)) == {("DE", 0): 2}, "the first pod has gone"
    assert server.rejected == {}


def test_what_has_ended_is_forgotten_and_too_many_instruments_are_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "MOST_INSTRUMENTS", 2)
    server = Server()
    pods = [(("country", "DE"), ("pod", name)) for name in "abc"]
    server.take(*(sample(1, 1, How.DELTA, pod) for pod in pods))
    assert server.points == {("DE", 0): 2}
    assert server.rejected == {"more than 2 instruments add up in one series; aggregate them first": 1}
    server.take(sample(3 * DAY, 1, How.DELTA, pods[0]), now=3 * DAY)
    assert server.take(sample(3 * DAY, 1, How.DELTA, pods[2]), now=3 * DAY) == {("DE", 3 * DAY): 2}
    assert len(msgspec.json.decode(server.kept["DE",], type=Standing).sums) == 1


@st.composite
def sending(draw: st.DrawFn) -> tuple[list[Sample], list[list[Sample]]]:
    """A stream of samples in the order of their times, and the requests that it came in, some of them sent again."""
    stream = []
    totals = {"a": 0, "b": 0}
    for at in range(60, 60 * draw(st.integers(1, 40)), 60):
        pod = draw(st.sampled_from("ab"))
        how = {"a": How.TOTAL, "b": How.DELTA}[pod]
        grown = draw(st.integers(0, 9))
        totals[pod] = grown if how is How.DELTA or draw(st.integers(0, 9)) == 0 else totals[pod] + grown
        stream.append(sample(at, totals[pod], how, (("country", "DE"), ("pod", pod)), start_s=at - 1))
    requests: list[list[Sample]] = []
    left = 0
    while left < len(stream):
        right = draw(st.integers(left + 1, len(stream)))
        requests.append(stream[left:right])
        if draw(st.booleans()):
            requests.append(draw(st.sampled_from(requests)))
        left = right
    return stream, requests


@given(sending())
def test_any_split_of_a_stream_with_resends_gives_the_same_points(
    sent: tuple[list[Sample], list[list[Sample]]],
) -> None:
    stream, requests = sent
    metric = msgspec.structs.replace(METRIC, step="10m")
    whole, parts = Server(metric=metric), Server(metric=metric)
    stream = [one._replace(start_ms=0) if one.how is How.TOTAL else one for one in stream]
    whole.take(*stream)
    for number, request in enumerate(requests):
        parts.take(*(one._replace(start_ms=0) if one.how is How.TOTAL else one for one in request), now=number * 1000)
    assert parts.points == whole.points


# remote write


def field(number: int, wire: int, payload: bytes) -> bytes:
    return varint(number << 3 | wire) + (varint(len(payload)) + payload if wire == 2 else payload)


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def write_request(labels: dict[str, str], samples: list[tuple[float, int]]) -> bytes:
    """What Prometheus would send: prompb.WriteRequest, packed with snappy."""
    series = b"".join(
        field(1, 2, field(1, 2, name.encode()) + field(2, 2, value.encode())) for name, value in labels.items()
    )
    for value, at_ms in samples:
        series += field(2, 2, field(1, 1, struct.pack("<d", value)) + field(2, 0, varint(at_ms)))
    metadata = field(3, 2, field(1, 0, varint(1)) + field(2, 2, b"orders_total"))
    return bytes(cramjam.snappy.compress_raw(field(1, 2, series) + metadata))


def test_remote_write_is_read_without_its_generated_code() -> None:
    body = write_request({"__name__": "orders_total", "pod": "a", "country": "DE"}, [(1.5, 1000), (2.5, 16_000)])
    found = read_write_request(body, {"orders_total": How.TOTAL}.get)
    assert found == [
        Sample("orders_total", DE, 1000, 1.5, How.TOTAL),
        Sample("orders_total", DE, 16_000, 2.5, How.TOTAL),
    ]
    assert read_write_request(body, {}.get) == [], "what nobody asked for is dropped"


def test_a_staleness_marker_is_no_value() -> None:
    (stale,) = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))
    assert read_write_request(write_request({"__name__": "up"}, [(stale, 1)]), lambda name: How.GAUGE) == []


@pytest.mark.parametrize("body", [b"", b"nonsense", bytes(cramjam.snappy.compress_raw(b"\x0a\xff")), b"\xff" * 12])
def test_a_body_that_is_no_write_request_is_refused(body: bytes) -> None:
    with pytest.raises(InputError, match="remote write: "):
        read_write_request(body, lambda name: How.GAUGE)


# OTLP


def export(metric: dict[str, object]) -> bytes:
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    return msgspec.json.encode(
        {"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"metrics": [{"name": "orders", **metric}]}]}]}
    )


def point(**more: object) -> dict[str, object]:
    country = {"key": "country", "value": {"stringValue": "DE"}}
    return {"attributes": [country], "timeUnixNano": "1500000000", **more}


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ({"gauge": {"dataPoints": [point(asDouble=2.5)]}}, [("orders", 2.5, How.GAUGE)]),
        (
            {"sum": {"aggregationTemporality": 1, "isMonotonic": True, "dataPoints": [point(asInt="3")]}},
            [("orders", 3.0, How.DELTA)],
        ),
        (
            {"sum": {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": [point(asInt="3")]}},
            [("orders", 3.0, How.TOTAL)],
        ),
        (
            {"sum": {"aggregationTemporality": 2, "isMonotonic": False, "dataPoints": [point(asInt="3")]}},
            [("orders", 3.0, How.GAUGE)],
        ),
        (
            {"histogram": {"aggregationTemporality": 2, "dataPoints": [point(count="4", sum=9.5)]}},
            [("orders.count", 4.0, How.TOTAL), ("orders.sum", 9.5, How.TOTAL)],
        ),
    ],
)
def test_otlp_in_json_and_protobuf_says_the_same(
    metric: dict[str, object], expected: list[tuple[str, float, How]]
) -> None:
    from google.protobuf import json_format

    body = export(metric)
    labels = (("country", "DE"), ("service.name", "shop"))
    found = read_export_request(body, is_json=True)
    assert [one[:5] for one in found] == [(name, labels, 1500, value, how) for name, value, how in expected]
    binary = json_format.Parse(body, ExportMetricsServiceRequest()).SerializeToString()
    assert read_export_request(binary, is_json=False) == found


def test_otlp_tells_processes_and_libraries_apart_and_says_when_counting_began() -> None:
    total = {"sum": {"aggregationTemporality": 2, "isMonotonic": True}}
    total["sum"]["dataPoints"] = [point(asInt="3", startTimeUnixNano="500000000")]

    def found(instance: str, library: str) -> Sample:
        request = msgspec.json.decode(export(total))
        (resource,) = request["resourceMetrics"]
        attribute = {"key": "service.instance.id", "value": {"stringValue": instance}}
        resource["resource"]["attributes"].append(attribute)
        resource["scopeMetrics"][0]["scope"] = {"name": library}
        (one,) = read_export_request(msgspec.json.encode(request), is_json=True)
        return one

    one = found("a", "http")
    assert (one.start_ms, dict(one.labels)) == (500, {"country": "DE", "service.name": "shop"})
    placed = place(METRIC, [one, found("a", "http"), found("b", "http"), found("a", "grpc")])
    assert placed[0].instrument == placed[1].instrument
    assert len({each.instrument for each in placed}) == 3


@pytest.mark.parametrize(("body", "is_json"), [(b"{", True), (b"\xff\xff", False)])
def test_a_body_that_is_no_export_is_refused(body: bytes, is_json: bool) -> None:
    with pytest.raises(InputError, match="OTLP: the body is no ExportMetricsServiceRequest"):
        read_export_request(body, is_json=is_json)
