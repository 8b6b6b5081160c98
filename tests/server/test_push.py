"""Points over real HTTP: four ways to send them, one way to take them in."""

from __future__ import annotations

import asyncio
import gzip
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pyarrow as pa
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

import watchkeeper
from tests.sources.test_samples import export, point, write_request
from watchkeeper.domain.access import Role, Scope
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.errors import AccessError, InputError, StoreError
from watchkeeper.domain.times import parse_instant
from watchkeeper.server import push
from watchkeeper.server.run import running
from watchkeeper.server.security import CONTENT_SECURITY_POLICY
from watchkeeper.watch.service import Watchkeeper

NOW = parse_instant("2026-06-01T12:30Z")
CONFIG = """
sources: {push: {kind: push}}
defaults: {source: push, step: 1h, since: 2026-06-01}
metrics:
  total: {}
  orders: {kind: count, dimensions: [country]}
  orders_total: {kind: count, dimensions: [country]}
"""


AS_JSON = {"Content-Type": "application/json"}


class Served(NamedTuple):
    client: httpx.Client
    service: Watchkeeper

    def kept(self, metric: str) -> dict[tuple[str, ...], list[float]]:
        """The values of each series, the oldest first."""
        self.service.run_until(NOW + 2 * 3600)  # new metrics are judged an hour after a period
        page = self.service.metric_page(metric)
        charts = {one.values: self.service.metric_page(metric, one.id).chart for one in page.series}
        return {values: [v for v in chart.value if v is not None and v == v] for values, chart in charts.items()}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Watchkeeper.open(tmp_path / "home", clock=lambda: NOW) as service:
        service.apply(parse_config(CONFIG), "tester")
        service.access.add_user("Ada", Role.EDITOR, by="tester")
        secret, _ = service.access.make_token("Ada", "pushes", [Scope.PUSH], lifetime_s=3600, by="tester")
        with (
            running(service, tmp_path / "cache") as address,
            httpx.Client(base_url=address, headers={"Authorization": f"Bearer {secret}"}) as client,
        ):
            yield Served(client, service)


JSON = {"metric": "total", "time": [NOW - 1800, NOW - 5400], "value": [2, 1]}


def test_json_is_answered_with_what_became_of_the_rows(served: Served) -> None:
    answer = served.client.post(push.PREFIX, json={**JSON, "time": [NOW - 1800, NOW - 5401]})
    assert answer.status_code == 200
    assert answer.json() == {
        "accepted": 1,
        "withheld": 0,
        "refused": 1,
        "refusals": [{"row": 1, "why": "time 2026-06-01T10:59:59Z does not start a step of 1h on the clock of UTC"}],
    }
    assert served.kept("total") == {(): [2.0]}
    none = served.client.post(push.PREFIX, json={"metric": "total", "time": [1], "value": [1]})
    assert (none.status_code, none.json()["refused"]) == (422, 1)


def test_a_packed_body_is_unpacked(served: Served) -> None:
    packed = gzip.compress(httpx.Request("POST", "http://x", json=JSON).content)
    answer = served.client.post(push.PREFIX, content=packed, headers={"Content-Encoding": "gzip"})
    assert answer.json()["accepted"] == 2
    torn = served.client.post(push.PREFIX, content=b"no", headers={"Content-Encoding": "gzip"})
    assert (torn.status_code, torn.json()["code"]) == (422, "input")


@pytest.mark.parametrize(
    ("packed", "says"),
    [
        (lambda whole: whole[:-9], "ends early"),
        (lambda whole: whole[:12], "ends early"),
        (lambda _: b"", "ends early"),
        (lambda whole: whole + b"more", "something follows"),
        (lambda _: b"not packed", "not packed with gzip"),
    ],
)
def test_a_packed_body_that_is_not_whole_is_refused(
    served: Served, packed: Callable[[bytes], bytes], says: str
) -> None:
    body = packed(gzip.compress(b'{"metric": "total", "time": [], "value": []}'))
    answer = served.client.post(push.PREFIX, content=body, headers={"Content-Encoding": "gzip"} | AS_JSON)
    assert (answer.status_code, answer.json()["code"]) == (422, "input")
    assert says in answer.json()["detail"]


@pytest.mark.parametrize("path", [push.PREFIX, push.PROMETHEUS, push.OTLP])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_points_are_sent_with_post(served: Served, method: str, path: str) -> None:
    answer = served.client.request(method, path)
    assert (answer.status_code, answer.headers["allow"], answer.json()["code"]) == (405, "POST", "method_not_allowed")


def test_an_arrow_stream_names_its_metric_in_the_address(served: Served) -> None:
    table = pa.table({"time": JSON["time"], "value": [2.0, 1.0]})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    body, kind = sink.getvalue().to_pybytes(), {"Content-Type": "application/vnd.apache.arrow.stream"}
    assert served.client.post(push.PREFIX, content=body, headers=kind).status_code == 422
    answer = served.client.post(f"{push.PREFIX}?metric=total", content=body, headers=kind)
    assert answer.json()["accepted"] == 2
    assert served.kept("total") == {(): [1.0, 2.0]}


def test_prometheus_writes_remotely(served: Served) -> None:
    at = (NOW - 1200) * 1000
    for value, after in ((100.0, 0), (107.0, 15_000), (112.0, 30_000)):
        body = write_request({"__name__": "orders_total", "country": "DE", "pod": "a"}, [(value, at + after)])
        headers = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf"}
        answer = served.client.post(push.PROMETHEUS, content=body, headers=headers)
        assert (answer.status_code, answer.content) == (204, b"")
    assert served.kept("orders_total") == {("DE",): [12.0]}
    assert served.client.post(push.PROMETHEUS, content=b"nonsense").status_code == 422


def test_opentelemetry_exports_and_is_told_what_was_rejected(served: Served) -> None:
    one = point(asInt="3", timeUnixNano=str((NOW - 1200) * 10**9))
    body = export({"sum": {"aggregationTemporality": 1, "isMonotonic": True, "dataPoints": [one]}})
    assert served.client.post(push.OTLP, content=body, headers={"Content-Type": "application/json"}).json() == {}
    assert served.kept("orders") == {("DE",): [3.0]}
    from google.protobuf import json_format

    unknown = json_format.Parse(body.replace(b'"orders"', b'"other"'), ExportMetricsServiceRequest())
    answer = served.client.post(
        push.OTLP, content=unknown.SerializeToString(), headers={"Content-Type": "application/x-protobuf"}
    )
    told = ExportMetricsServiceResponse.FromString(answer.content)
    assert told.partial_success.rejected_data_points == 1
    assert "no pushed metric is called other" in told.partial_success.error_message


def test_the_client_pushes_columns_and_hears_what_became_of_them(served: Served) -> None:
    secret = served.client.headers["authorization"].removeprefix("Bearer ")
    with watchkeeper.Client(str(served.client.base_url), token=secret) as client:
        hours = [datetime.fromtimestamp(NOW - 1800 - k * 3600, UTC) for k in range(3)]
        done = client.push("total", hours, [3.0, None, float("nan")])
        assert (done.accepted, done.refused) == (3, 0)
        done = client.push("orders", [NOW - 1800] * 2, [5, 7], dimensions={"country": ["DE", "US"]})
        assert done.accepted == 2
        assert client.push("orders", [NOW - 1800], [6], dimensions={"country": "DE"}).accepted == 1
        none = client.push("total", [NOW - 1801], [1])
        assert (none.accepted, none.refused, none.refusals[0].row) == (0, 1, 0)
        assert "does not start a step" in none.refusals[0].why
        with pytest.raises(InputError, match="orders"):
            client.push("orders", [NOW - 1800], [6], dimensions={"land": "DE"})
        with pytest.raises(InputError):
            client.push("total", [NOW - 1800], [1, 2])
    with watchkeeper.Client(str(served.client.base_url), token="wk_no") as stranger, pytest.raises(AccessError):
        stranger.push("total", [NOW - 1800], [1])
    assert served.kept("total") == {(): [3.0]}
    assert served.kept("orders") == {("DE",): [6.0], ("US",): [7.0]}


def test_only_who_may_push_pushes(served: Served) -> None:
    service = served.service
    assert httpx.post(f"{served.client.base_url}{push.PREFIX}", json=JSON).status_code == 401
    wrong = served.client.post(push.PREFIX, json=JSON, headers={"Authorization": "Bearer wk_nonsense"})
    assert (wrong.status_code, wrong.headers["www-authenticate"]) == (401, "Bearer")
    reader, _ = service.access.make_token("Ada", "reads", [Scope.READ], lifetime_s=3600, by="tester")
    refused = served.client.post(push.PREFIX, json=JSON, headers={"Authorization": f"Bearer {reader}"})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert "right “push”" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "kind", "status", "said"),
    [
        ("POST", push.PREFIX, "text/csv", 422, "a body of type 'text/csv' is not known"),
        ("POST", f"{push.PREFIX}/graphite", "application/json", 404, "no such path; use"),
    ],
)
def test_what_cannot_be_pushed_is_said(
    served: Served, method: str, path: str, kind: str, status: int, said: str
) -> None:
    answer = served.client.request(method, path, content=b"{}", headers={"Content-Type": kind})
    assert answer.status_code == status
    assert said in answer.json()["detail"]
    assert answer.json()["mend"]


DEEP = "[" * 20_000 + "]" * 20_000


@pytest.mark.parametrize("path", [push.PREFIX, push.OTLP])
@pytest.mark.parametrize("body", [DEEP, '{"metric": ' + DEEP + "}", '{"resourceMetrics": ' + DEEP + "}"])
def test_a_body_that_nests_without_end_is_refused(served: Served, path: str, body: str) -> None:
    answer = served.client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "input")


def test_a_body_that_is_too_large_is_refused(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push, "LARGEST_PUSH", 10)
    answer = served.client.post(push.PREFIX, json=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_push_passes_the_host_check_and_its_answer_carries_what_every_answer_does(served: Served) -> None:
    answer = served.client.post(push.PREFIX, json=JSON)
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert answer.headers["cache-control"] == "private, no-cache"
    elsewhere = served.client.post(push.PREFIX, json=JSON, headers={"Host": "evil.example"})
    assert elsewhere.status_code == 421
    assert served.client.post(f"{push.PREFIX}over", json=JSON).status_code == 404


def test_one_ring_tells_all_that_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    async def wait() -> int:
        loop = asyncio.get_running_loop()
        bell, rings = push._Bell(), []
        ring = loop.call_soon_threadsafe
        monkeypatch.setattr(loop, "call_soon_threadsafe", lambda *what: (rings.append(what), ring(*what))[1])
        for _ in range(3):
            waiting = [bell.future() for _ in range(100)]
            problem = StoreError("full")

            def tell(waiting: list[Any] = waiting, problem: StoreError = problem) -> None:
                for number, (_, done) in enumerate(waiting):
                    done(problem if number == 7 else None)

            waiting[3][0].cancel()  # who went away
            teller = threading.Thread(target=tell)
            teller.start()
            teller.join()  # the loop is busy meanwhile
            told = await asyncio.gather(*(stored for stored, _ in waiting), return_exceptions=True)
            assert [place for place, one in enumerate(told) if one is problem] == [7]
            assert sum(one is None for one in told) == 98
        return len(rings)

    assert asyncio.run(wait()) == 3
