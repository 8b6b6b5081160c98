"""OTLP/HTTP metrics (opentelemetry-proto, collector/metrics/v1): gauges, sums and histograms become samples.

A histogram is two metrics, NAME.count and NAME.sum. A sum that may fall (an up-down counter) is a gauge. Attributes of
the point are labels, and so is `service.name` of the resource.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from watchkeeper.domain.errors import InputError
from watchkeeper.sources.samples import How, Sample

_DELTA, _CUMULATIVE = 1, 2
_OF_RESOURCE = ("service.name",)


def read_export_request(body: bytes, *, is_json: bool) -> list[Sample]:
    """The samples of an ExportMetricsServiceRequest, in protobuf or JSON; InputError for a body that is none."""
    from google.protobuf import json_format
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

    request = ExportMetricsServiceRequest()
    try:
        if is_json:
            json_format.Parse(body, request, ignore_unknown_fields=True)
        else:
            request.ParseFromString(body)
    except (DecodeError, json_format.ParseError, UnicodeDecodeError) as error:
        raise InputError(f"OTLP: the body is no ExportMetricsServiceRequest: {error}") from None
    return [
        sample
        for resource in request.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for sample in _samples(metric, [one for one in resource.resource.attributes if one.key in _OF_RESOURCE])
    ]


def write_partial_success(rejected: int, why: str, *, is_json: bool) -> bytes:
    """The answer that OTLP wants: what was rejected, and why."""
    from google.protobuf import json_format
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse

    answer = ExportMetricsServiceResponse()
    if rejected:
        answer.partial_success.rejected_data_points = rejected
        answer.partial_success.error_message = why
    return json_format.MessageToJson(answer).encode() if is_json else bytes(answer.SerializeToString())


def _samples(metric: Any, resource: Iterable[Any]) -> Iterator[Sample]:
    kind = metric.WhichOneof("data")
    if kind == "gauge":
        for point in metric.gauge.data_points:
            yield _sample(metric.name, point, resource, _number(point), How.GAUGE)
    elif kind == "sum":
        how = _how(metric.sum.aggregation_temporality, is_rising=metric.sum.is_monotonic)
        for point in metric.sum.data_points:
            yield _sample(metric.name, point, resource, _number(point), how)
    elif kind in ("histogram", "exponential_histogram"):
        data = getattr(metric, kind)
        how = _how(data.aggregation_temporality, is_rising=True)
        for point in data.data_points:
            yield _sample(f"{metric.name}.count", point, resource, float(point.count), how)
            if point.HasField("sum"):
                yield _sample(f"{metric.name}.sum", point, resource, point.sum, how)


def _how(temporality: int, *, is_rising: bool) -> How:
    if temporality == _DELTA:
        return How.DELTA
    return How.TOTAL if is_rising and temporality == _CUMULATIVE else How.GAUGE


def _number(point: Any) -> float:
    has_value = point.WhichOneof("value")
    return float("nan") if has_value is None else float(getattr(point, has_value))


def _sample(name: str, point: Any, resource: Iterable[Any], value: float, how: How) -> Sample:
    labels = {one.key: _text(one.value) for one in (*resource, *point.attributes)}
    return Sample(name, tuple(sorted(labels.items())), point.time_unix_nano // 1_000_000, value, how)


def _text(value: Any) -> str:
    kind = value.WhichOneof("value")
    if kind is None:
        return ""
    found = getattr(value, kind)
    return str(found).lower() if kind == "bool_value" else str(found)
