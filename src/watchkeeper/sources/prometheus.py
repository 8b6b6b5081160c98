"""Prometheus, VictoriaMetrics and whatever else answers range queries of the Prometheus HTTP API.

A period's value is what the query says at its end, so `sum(increase(orders_total[1h]))` with a step of an hour counts
the hour: the point is stamped with the hour's start, as every point is. Labels are dimensions.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from watchkeeper.domain.errors import ConfigError, SourceError
from watchkeeper.domain.metric import Metric, Source
from watchkeeper.domain.times import periods
from watchkeeper.references import look_up
from watchkeeper.sources.points import (
    BATCH_ROWS,
    CASES,
    GROUP_SIZE,
    NONE_WITHHELD,
    TooManyRowsError,
    check_points,
    failure,
)
from watchkeeper.sources.secrets import Secrets

if TYPE_CHECKING:
    import httpx

MOST_STEPS = 11_000
"""A Prometheus server answers no more steps of a series at once."""
_PATH = "/api/v1/query_range"
_LABELS = re.compile(r"\{[^{}]*\}")
_PLACEHOLDER = re.compile(r"(?<!\w):(start|end)(_local|_s)?\b")


class _Series(msgspec.Struct):
    metric: dict[str, str]
    values: list[tuple[float, str]] = []


class _Data(msgspec.Struct, rename="camel"):
    result_type: str = ""
    result: list[_Series] = []


class _Answer(msgspec.Struct, rename="camel"):
    status: str = ""
    data: _Data | None = None
    error_type: str = ""
    error: str = ""


class _Line:
    """The connection that a client speaks over, so that it can be cut: time-outs of HTTP are of one read each, and a
    server that sends a byte now and then would outlast them.
    """

    def __init__(self) -> None:
        self._stream: Any = None
        self.is_late = False

    def heard(self, event: str, info: dict[str, Any]) -> None:
        """What the client does (the extension `trace` of httpcore)."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._stream = info["return_value"]
            if self.is_late:
                self.cut()

    def cut(self) -> None:
        """End what is being sent; whoever waits for it gets an error."""
        self.is_late = True
        line = self._stream and self._stream.get_extra_info("socket")
        if line:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)


class PrometheusSource:
    """A server with the Prometheus HTTP API as a source of points; `url` is what stands before `/api/v1`.

    `bearer`, or `user` and `password`, authenticate; `client` takes the place of the connection in tests.
    """

    def __init__(
        self,
        source: Source,
        resolve_secret: Callable[[str], str | None] = look_up,
        client: httpx.Client | None = None,
    ) -> None:
        self._source = source
        self._secrets = Secrets(resolve_secret)
        self._client = client
        self._line = _Line()
        self.outside = 0
        """How many rows the last pull left out because they lay outside its window: none, ever."""
        self.withheld = NONE_WITHHELD
        """What it left out because its group was smaller than the metric's `min_group_size`."""

    def check(self, metric: Metric) -> None:
        """Check the metric's query without connecting; ConfigError names the metric and the mend."""
        if _PLACEHOLDER.search(metric.query):
            raise ConfigError(
                f"metric {metric.name}: query: PromQL has no :start and :end; the window is asked for by itself"
            )
        if metric.min_group_size and not metric.group_size:
            raise ConfigError(
                f"metric {metric.name}: min_group_size: say with group_size, a query with the same labels, how large "
                "each group is"
            )

    def pull(self, metric: Metric, start: int, end: int) -> Iterator[pa.RecordBatch]:
        """The metric's points in `[start, end)`; see `Reader.pull`.

        Raises SourceError where the server cannot be reached, refuses, or answers something else, TooManyRowsError
        where there are more points than the source's `max_rows`.
        """
        self.check(metric)
        ends = np.append(periods(start, end, metric.step_s, metric.timezone)[1:], end)
        starts = np.append(start, ends[:-1])
        columns = self._points(metric, metric.query, ends, starts)
        if metric.min_group_size:
            sizes = self._points(metric, metric.group_size, ends, starts)
            columns = _with(columns, GROUP_SIZE, sizes, metric.dimensions)
        if metric.cases:
            columns = _with(columns, CASES, self._points(metric, metric.cases, ends, starts), metric.dimensions)
        checked = check_points(metric, columns, start, end, "UTC")
        self.outside, self.withheld = checked.outside, checked.withheld
        yield from checked.table.to_batches(max_chunksize=BATCH_ROWS)

    def close(self) -> None:
        """Let go of what is open."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _points(
        self, metric: Metric, query: str, ends: NDArray[np.int64], starts: NDArray[np.int64]
    ) -> dict[str, list[Any]]:
        """Columns of what the query says at `ends`, each stamped with the start of its period."""
        begin = dict(zip(ends.tolist(), starts.tolist(), strict=True))
        found = [one for chunk in _chunks(ends) for one in self._ask(metric, query, chunk)]
        labels = sorted({name for one in found for name in one.metric} | set(metric.dimensions))
        columns: dict[str, list[Any]] = {"time": [], "value": [], **{name: [] for name in labels}}
        for one in found:
            told = [(begin[round(at)], float(value)) for at, value in one.values if round(at) in begin]
            columns["time"] += [time for time, _ in told]
            columns["value"] += [value for _, value in told]
            for name in labels:
                columns[name] += [one.metric.get(name)] * len(told)
            if len(columns["time"]) > self._source.max_rows:
                raise TooManyRowsError(
                    str(failure(metric, f"the query returned more than {self._source.max_rows:,} points, the source's "
                                "max_rows; aggregate by fewer labels, or raise max_rows"))
                )  # fmt: skip
        return columns

    def _ask(self, metric: Metric, query: str, at: NDArray[np.int64]) -> list[_Series]:
        step = int(at[1] - at[0]) if len(at) > 1 else metric.step_s
        asked = {
            "query": query,
            "start": str(at[0]),
            "end": str(at[-1]),
            "step": str(step),
            "timeout": f"{self._source.timeout_s}s",
        }
        return self._result(metric, self._post(metric, asked))

    def _post(self, metric: Metric, asked: dict[str, str]) -> httpx.Response:
        import httpx

        self._line.is_late = False
        alarm = threading.Timer(self._source.timeout_s, self._line.cut)
        alarm.daemon = True
        alarm.start()
        try:
            client, url = self._connect()
            answer = client.post(url, data=asked, extensions={"trace": self._line.heard})
            if self._line.is_late:  # an answer that ends where its connection does looks whole
                raise httpx.ReadTimeout("cut")
            return answer
        except SourceError as error:
            raise failure(metric, str(error)) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            if self._line.is_late or isinstance(error, httpx.TimeoutException):
                raise failure(
                    metric,
                    f"no answer within the source's timeout of {self._source.timeout}; aggregate by fewer labels, "
                    "record the query as a rule, or raise timeout",
                ) from None
            said = self._secrets.blot_out(error)
            raise failure(metric, f"the server cannot be reached: {said}; mend url, or see whether it runs") from None
        finally:
            alarm.cancel()

    def _result(self, metric: Metric, answer: httpx.Response) -> list[_Series]:
        if answer.status_code in (401, 403):
            raise failure(
                metric,
                f"the server refuses these credentials ({answer.status_code}); mend user and password, or bearer",
            )
        try:
            told = msgspec.json.decode(answer.content, type=_Answer)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise failure(
                metric,
                f"the server answered {answer.status_code} with something that is no answer of the Prometheus API; url "
                f"is what stands before {_PATH}",
            ) from None
        if told.status != "success" or told.data is None:
            said = self._secrets.blot_out(told.error or f"status {answer.status_code}")
            if metric.min_group_size:  # of series that clash it names the labels
                said = _LABELS.sub("{…}", said)
            raise failure(metric, f"the server says: {told.error_type or 'error'}: {said}")
        if told.data.result_type != "matrix":
            raise failure(metric, f"the query gives a {told.data.result_type}; it must give numbers over time")
        return told.data.result

    def _connect(self) -> tuple[httpx.Client, str]:
        import httpx

        url = self._secrets.fill("url", self._source.url).rstrip("/") + _PATH
        headers, auth = {}, None
        if self._source.bearer:
            headers["Authorization"] = f"Bearer {self._secrets.fill('bearer', self._source.bearer)}"
        elif self._source.user:
            auth = httpx.BasicAuth(
                self._secrets.fill("user", self._source.user), self._secrets.fill("password", self._source.password)
            )
        if self._client is None:
            # Proxies of the environment are not meant for what stands in the own network, and would see the secret.
            self._client = httpx.Client(timeout=self._source.timeout_s, headers=headers, auth=auth, trust_env=False)
        return self._client, url


def _chunks(at: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Instants as runs of one distance (a day may have 23 hours), none longer than a server answers."""
    cuts = [0, *(np.flatnonzero(np.diff(np.diff(at))) + 2).tolist(), len(at)]
    for left, right in pairwise(dict.fromkeys(cuts)):
        for first in range(left, right, MOST_STEPS):
            yield at[first : min(right, first + MOST_STEPS)]


def _with(
    columns: dict[str, list[Any]], name: str, found: dict[str, list[Any]], dimensions: tuple[str, ...]
) -> dict[str, list[Any]]:
    """The columns, and as `name` what a second query says of each row; None where it says nothing of it."""
    keys = ("time", *dimensions)
    known = dict(zip(zip(*(found[key] for key in keys), strict=True), found["value"], strict=True))
    rows = zip(*(columns[key] for key in keys), strict=True)
    return {**columns, name: [known.get(row) for row in rows]}
