"""OTLP/HTTP metrics (opentelemetry-proto, collector/metrics/v1): gauges, sums and histograms become samples.

A histogram is two metrics, NAME.count and NAME.sum. A sum that may fall (an up-down counter) is a gauge. Attributes of
the point are labels, and so is `service.name` of the resource.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

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
        for sample in _samples(metric, _teller(resource.resource, scope.scope))
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


class _Teller(NamedTuple):
    """Who counts: `labels` of the resource that are labels of its points, and `origin`, because two processes of one
    service, or two of its libraries, are two instruments.
    """

    labels: list[Any]
    origin: str


def _teller(resource: Any, scope: Any) -> _Teller:
    said = sorted((one.key, str(one.value)) for one in resource.attributes)
    labels = [one for one in resource.attributes if one.key in _OF_RESOURCE]
    return _Teller(labels, repr((said, scope.name)) if said or scope.name else "")


def _samples(metric: Any, teller: _Teller) -> Iterator[Sample]:
    kind = metric.WhichOneof("data")
    if kind == "gauge":
        for point in metric.gauge.data_points:
            yield _sample(metric.name, point, teller, _number(point), How.GAUGE)
    elif kind == "sum":
        how = _how(metric.sum.aggregation_temporality, is_rising=metric.sum.is_monotonic)
        for point in metric.sum.data_points:
            yield _sample(metric.name, point, teller, _number(point), how)
    elif kind in ("histogram", "exponential_histogram"):
        data = getattr(metric, kind)
        how = _how(data.aggregation_temporality, is_rising=True)
        for point in data.data_points:
            yield _sample(f"{metric.name}.count", point, teller, float(point.count), how)
            if point.HasField("sum"):
                yield _sample(f"{metric.name}.sum", point, teller, point.sum, how)


def _how(temporality: int, *, is_rising: bool) -> How:
    if temporality == _DELTA:
        return How.DELTA
    return How.TOTAL if is_rising and temporality == _CUMULATIVE else How.GAUGE


def _number(point: Any) -> float:
    has_value = point.WhichOneof("value")
    return float("nan") if has_value is None else float(getattr(point, has_value))


def _sample(name: str, point: Any, teller: _Teller, value: float, how: How) -> Sample:
    labels = {one.key: _text(one.value) for one in (*teller.labels, *point.attributes)}
    at_ms, start_ms = point.time_unix_nano // 1_000_000, point.start_time_unix_nano // 1_000_000
    return Sample(name, tuple(sorted(labels.items())), at_ms, value, how, teller.origin, start_ms)


def _text(value: Any) -> str:
    kind = value.WhichOneof("value")
    if kind is None:
        return ""
    found = getattr(value, kind)
    return str(found).lower() if kind == "bool_value" else str(found)
