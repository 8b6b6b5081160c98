"""Range queries of the Prometheus API become points, over real HTTP against a server that speaks it."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from itertools import pairwise

import msgspec
import pytest

from tests.sources.prometheus_server import Prometheus, prometheus
from watchkeeper.domain.errors import ConfigError, SourceError
from watchkeeper.domain.metric import Metric, Source, SourceKind
from watchkeeper.domain.times import DAY, HOUR, parse_instant
from watchkeeper.sources.points import TooManyRowsError
from watchkeeper.sources.prometheus import PrometheusSource

NOON = parse_instant("2026-06-01T12:00Z")
ORDERS = Metric(name="orders", source="prom", query="orders", step="1h", dimensions=("country",))


@pytest.fixture
def server() -> Iterator[Prometheus]:
    with prometheus() as known:
        known.series["orders"] = [({"country": "DE"}, lambda at: at / HOUR), ({"country": "US"}, lambda at: 1.0)]
        yield known


def rows(source: PrometheusSource, metric: Metric, start: int, end: int) -> list[dict[str, object]]:
    try:
        return [row for batch in source.pull(metric, start, end) for row in batch.to_pylist()]
    finally:
        source.close()


def reader(server: Prometheus, **settings: object) -> PrometheusSource:
    known = {"TOKEN": "s3cret/1", "WORD": "open sesame"}
    return PrometheusSource(Source(name="prom", kind=SourceKind.PROMETHEUS, url=server.address, **settings), known.get)


def test_a_period_is_what_the_query_says_at_its_end(server: Prometheus) -> None:
    found = rows(reader(server), ORDERS, NOON, NOON + 2 * HOUR)
    assert [row for row in found if row["country"] == "DE"] == [
        {"time": NOON, "value": NOON / HOUR + 1, "country": "DE"},
        {"time": NOON + HOUR, "value": NOON / HOUR + 2, "country": "DE"},
    ]
    assert server.asked == [(NOON + HOUR, NOON + 2 * HOUR, HOUR)]


def test_long_windows_are_asked_for_in_parts(server: Prometheus) -> None:
    found = rows(reader(server), msgspec.structs.replace(ORDERS, step="1m"), NOON, NOON + 23_000 * 60)
    assert len(found) == 2 * 23_000
    assert len({row["time"] for row in found}) == 23_000
    assert len(server.asked) == 3


def test_days_follow_the_metrics_clock(server: Prometheus) -> None:
    zone = "Europe/Berlin"
    start, end = parse_instant("2026-10-23", zone), parse_instant("2026-10-28", zone)
    found = rows(reader(server), msgspec.structs.replace(ORDERS, step="1d", timezone=zone), start, end)
    german = {row["time"]: row["value"] for row in found if row["country"] == "DE"}
    days = [parse_instant(f"2026-10-{day}", zone) for day in range(23, 29)]
    assert german == {day: following / HOUR for day, following in pairwise(days)}
    assert {step for _, _, step in server.asked} == {DAY}


def test_gaps_are_missing_and_no_number_is_no_value(server: Prometheus) -> None:
    server.series["orders"] = [({"country": "DE"}, lambda at: {NOON + HOUR: "NaN", NOON + 2 * HOUR: "+Inf"}.get(at))]
    found = rows(reader(server), ORDERS, NOON, NOON + 3 * HOUR)
    assert [row["time"] for row in found] == [NOON, NOON + HOUR]
    assert all(math.isnan(float(str(row["value"]))) for row in found)


def test_labels_that_are_no_dimension_and_still_tell_series_apart_are_named(server: Prometheus) -> None:
    server.series["orders"] = [({"country": "DE", "pod": pod}, lambda at: 1.0) for pod in "ab"]
    with pytest.raises(SourceError, match=r"several rows .* country DE; group by .*it also returned pod: is that"):
        rows(reader(server), ORDERS, NOON, NOON + HOUR)


def test_a_group_is_as_large_as_a_second_query_says(server: Prometheus) -> None:
    server.series["people"] = [({"country": "DE"}, lambda at: 20), ({"country": "US"}, lambda at: 3)]
    private = msgspec.structs.replace(ORDERS, min_group_size=5, group_size="people")
    source = reader(server)
    assert [row["country"] for row in rows(source, private, NOON, NOON + HOUR)] == ["DE"]
    assert source.withheld.rows == 1
    with pytest.raises(ConfigError, match="say with group_size"):
        source.check(msgspec.structs.replace(ORDERS, min_group_size=5))


@pytest.mark.parametrize(
    ("server_has", "settings"),
    [
        ({"bearer": "s3cret/1"}, {"bearer": "${TOKEN}"}),
        ({"basic": "ann:open sesame"}, {"user": "ann", "password": "${WORD}"}),
    ],
)
def test_credentials_are_sent_and_never_said(
    server: Prometheus, server_has: dict[str, str], settings: dict[str, str]
) -> None:
    for name, value in server_has.items():
        setattr(server, name, value)
    assert rows(reader(server, **settings), ORDERS, NOON, NOON + HOUR)
    for name in server_has:
        setattr(server, name, "another")
    with pytest.raises(SourceError, match="metric orders, source prom: the server refuses these credentials") as caught:
        rows(reader(server, **settings), ORDERS, NOON, NOON + HOUR)
    assert "s3cret" not in str(caught.value)
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize("setting", ["bearer", "password"])
def test_a_written_secret_is_refused_and_not_repeated(setting: str) -> None:
    with pytest.raises(ConfigError, match=f"source prom: {setting}: name the secret") as caught:
        Source(name="prom", kind=SourceKind.PROMETHEUS, url="http://prom", **{setting: "hunter2"})
    assert "hunter2" not in str(caught.value)


def test_what_the_server_says_is_passed_on(server: Prometheus) -> None:
    wrong = msgspec.structs.replace(ORDERS, query="sum(")
    with pytest.raises(SourceError, match=r"metric orders, source prom: the server says: bad_data: .*parse error"):
        rows(reader(server), wrong, NOON, NOON + HOUR)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("<html>", "no answer of the Prometheus API"),
        (json.dumps({"status": "success", "data": {"resultType": "vector", "result": []}}), "gives a vector"),
        (json.dumps({"status": "success"}), "the server says: error"),
    ],
)
def test_an_answer_that_is_none_is_an_error(server: Prometheus, raw: str, said: str) -> None:
    server.raw = raw
    with pytest.raises(SourceError, match=said):
        rows(reader(server), ORDERS, NOON, NOON + HOUR)


def test_a_server_that_is_not_there_is_named() -> None:
    with prometheus() as gone:
        address = gone.address
    source = PrometheusSource(Source(name="prom", kind=SourceKind.PROMETHEUS, url=address))
    with pytest.raises(SourceError, match="source prom: the server cannot be reached"):
        rows(source, ORDERS, NOON, NOON + HOUR)


def test_more_points_than_allowed_are_an_error(server: Prometheus) -> None:
    with pytest.raises(TooManyRowsError, match="more than 3 points, the source's max_rows"):
        rows(reader(server, max_rows=3), ORDERS, NOON, NOON + 2 * HOUR)


def test_a_query_in_sql_is_refused(server: Prometheus) -> None:
    with pytest.raises(ConfigError, match="PromQL has no :start and :end"):
        reader(server).check(msgspec.structs.replace(ORDERS, query="select 1 where time > :start"))
    reader(server).check(msgspec.structs.replace(ORDERS, query="sum(job:start:rate5m)"))


def test_a_server_that_takes_too_long_is_waited_for_no_longer(server: Prometheus) -> None:
    server.series["slow"] = [({}, lambda at: time.sleep(3) or 1.0)]
    began = time.monotonic()
    with pytest.raises(SourceError, match="metric orders, source prom: no answer within the source's timeout of 1s"):
        rows(
            reader(server, timeout="1s"),
            msgspec.structs.replace(ORDERS, query="slow", dimensions=()),
            NOON,
            NOON + HOUR,
        )
    assert time.monotonic() - began < 2.5


@pytest.mark.parametrize("part", ["head", "body"])
def test_a_server_that_drips_is_waited_for_no_longer(server: Prometheus, part: str) -> None:
    server.drips = part
    source = reader(server, timeout="1s")
    with pytest.raises(SourceError, match="metric orders, source prom: no answer within the source's timeout of 1s"):
        rows(source, ORDERS, NOON, NOON + HOUR)
    server.drips = ""
    assert len(rows(source, ORDERS, NOON, NOON + HOUR)) == 2, "it is asked again"
