"""Samples as Prometheus and OpenTelemetry send them become points of periods."""

from __future__ import annotations

import math
import struct

import cramjam
import msgspec
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from watchkeeper.domain.errors import InputError
from watchkeeper.domain.metric import Kind, Metric
from watchkeeper.domain.times import HOUR
from watchkeeper.sources.otlp import read_export_request
from watchkeeper.sources.remote_write import read_write_request
from watchkeeper.sources.samples import How, Periods, Sample

METRIC = Metric(name="orders", source="push", step="1h", kind=Kind.COUNT, dimensions=("country",))
DE = (("country", "DE"), ("pod", "a"))


def nothing(key: tuple[str, ...], period: int) -> float:
    return math.nan


def folded(periods: Periods, *samples: Sample, known=nothing) -> dict[tuple[str, int], float]:
    columns, _ = periods.fold(METRIC, samples, known)
    rows = zip(columns.key.tolist(), columns.time.tolist(), columns.value.tolist(), strict=True)
    return {(columns.keys[key][0], time): value for key, time, value in rows}


def sample(at_s: float, value: float, how: How, labels: tuple[tuple[str, str], ...] = DE) -> Sample:
    return Sample("orders", labels, int(at_s * 1000), value, how)


def test_the_last_gauge_of_a_period_is_its_value() -> None:
    periods = Periods()
    found = folded(periods, *(sample(at, at, How.GAUGE) for at in (10, HOUR - 1, HOUR, HOUR + 5)))
    assert found == {("DE", 0): HOUR - 1, ("DE", HOUR): HOUR + 5}


def test_deltas_add_up_over_pushes_and_instruments() -> None:
    periods = Periods()
    other = (("country", "DE"), ("pod", "b"))
    assert folded(periods, sample(1, 2, How.DELTA), sample(2, 3, How.DELTA, other)) == {("DE", 0): 5}
    assert folded(periods, sample(3, 4, How.DELTA)) == {("DE", 0): 9}
    assert folded(periods, sample(HOUR, 1, How.DELTA)) == {("DE", HOUR): 1}


def test_a_running_total_adds_what_it_grew_by_and_may_begin_anew() -> None:
    periods = Periods()
    assert folded(periods, sample(0, 1000, How.TOTAL)) == {}
    assert folded(periods, sample(15, 1004, How.TOTAL), sample(30, 1010, How.TOTAL)) == {("DE", 0): 10}
    assert folded(periods, sample(45, 3, How.TOTAL)) == {("DE", 0): 13}, "the program started again"


def test_samples_sent_again_change_nothing() -> None:
    periods = Periods()
    push = [sample(0, 5, How.TOTAL), sample(15, 7, How.TOTAL)]
    assert folded(periods, *push) == {("DE", 0): 2}
    assert folded(periods, *push) == {}


def test_after_a_start_a_period_goes_on_from_what_is_known() -> None:
    periods = Periods()
    assert folded(periods, sample(1, 2, How.DELTA), known=lambda key, period: 40.0) == {("DE", 0): 42}


def test_a_late_sample_is_added_to_its_own_period() -> None:
    periods = Periods()
    folded(periods, sample(10, 1, How.DELTA), sample(HOUR + 10, 5, How.DELTA))
    other = (("country", "DE"), ("pod", "b"))
    assert folded(periods, sample(20, 2, How.DELTA, other), known=lambda key, period: 1.0) == {("DE", 0): 3}
    assert folded(periods, sample(HOUR + 20, 1, How.DELTA)) == {("DE", HOUR): 6}


def test_gauges_that_no_dimension_tells_apart_are_counted_as_mixed() -> None:
    columns, mixed = Periods().fold(
        METRIC, [sample(1, 1, How.GAUGE), sample(1, 2, How.GAUGE, (("country", "DE"), ("pod", "b")))], nothing
    )
    assert (len(columns.time), mixed) == (1, 1)


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
    samples = [Sample(name, labels, 1500, value, how) for name, value, how in expected]
    assert read_export_request(body, is_json=True) == samples
    binary = json_format.Parse(body, ExportMetricsServiceRequest()).SerializeToString()
    assert read_export_request(binary, is_json=False) == samples


@pytest.mark.parametrize(("body", "is_json"), [(b"{", True), (b"\xff\xff", False)])
def test_a_body_that_is_no_export_is_refused(body: bytes, is_json: bool) -> None:
    with pytest.raises(InputError, match="OTLP: the body is no ExportMetricsServiceRequest"):
        read_export_request(body, is_json=is_json)
