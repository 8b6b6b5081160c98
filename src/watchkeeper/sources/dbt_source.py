"""dbt's `sources.json` as a source of points: how old each table was when `dbt source freshness` last looked.

The file is the artifact "sources", schema version 3 (docs.getdbt.com, reference/artifacts/sources-json), as dbt leaves
it in `target/`. A result is the point of the period in which dbt looked (`snapshotted_at`); of several in one period
the last one counts. A look that failed (`runtime error`) is missing, which is not fresh.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from glob import glob
from pathlib import Path

import msgspec
import pyarrow as pa

from watchkeeper.domain.errors import ConfigError
from watchkeeper.domain.metric import Metric, Source
from watchkeeper.domain.system import Age, age_s
from watchkeeper.domain.times import parse_instant, periods
from watchkeeper.references import look_up
from watchkeeper.sources.points import NONE_WITHHELD, TooManyRowsError, check_points, failure
from watchkeeper.sources.secrets import Secrets

MEASURES = ("age", "of_warn", "of_error")
"""Hours since the newest row; the same as a share of `warn_after`, of `error_after`: above 1 where that is broken."""
DIMENSIONS = ("unique_id", "source", "table")


class _Criteria(msgspec.Struct):
    warn_after: dict[str, object] | None = None
    error_after: dict[str, object] | None = None


class _Result(msgspec.Struct):
    unique_id: str
    status: str = ""
    snapshotted_at: str = ""
    max_loaded_at_time_ago_in_s: float | None = None
    criteria: _Criteria = msgspec.field(default_factory=_Criteria)


class _Metadata(msgspec.Struct):
    dbt_schema_version: str = ""
    generated_at: str = ""


class _Artifact(msgspec.Struct):
    metadata: _Metadata
    results: list[_Result]


class DbtSource:
    """`url` is the path of a `sources.json`, or a pattern of several (`runs/*/sources.json`) that were kept."""

    def __init__(self, source: Source, resolve_secret: Callable[[str], str | None] = look_up) -> None:
        self._source = source
        self._secrets = Secrets(resolve_secret)
        self.outside = 0
        """How many rows the last pull left out because they lay outside its window: none, ever."""
        self.withheld = NONE_WITHHELD
        """What was withheld: nothing, there are no people in it."""

    def check(self, metric: Metric) -> None:
        """ConfigError where the measure or a dimension is none that dbt knows."""
        if metric.measure not in MEASURES:
            raise ConfigError(
                f"metric {metric.name}: measure {metric.measure!r}: of a dbt source use {', '.join(MEASURES)}"
            )
        for name in metric.dimensions:
            if name not in DIMENSIONS:
                raise ConfigError(
                    f"metric {metric.name}: dimensions: {name!r}: of a dbt source use {', '.join(DIMENSIONS)}"
                )

    def pull(self, metric: Metric, start: int, end: int) -> Iterator[pa.RecordBatch]:
        """See `Reader.pull`; of tables that the dimensions do not tell apart the oldest counts."""
        self.check(metric)
        ids: dict[tuple[int, str], tuple[int, float]] = {}
        starts = periods(start, end, metric.step_s, metric.timezone)
        for path in self._paths(metric):
            for result, at in self._results(metric, path):
                place = int(starts.searchsorted(at, side="right")) - 1
                if not start <= at < end or place < 0:
                    continue
                key = int(starts[place]), result.unique_id
                if at >= ids.get(key, (0, 0.0))[0]:
                    ids[key] = at, _value(metric.measure, result)
        worst: dict[tuple[object, ...], float] = {}
        for (time, unique_id), (_, value) in ids.items():
            group = (time, *(_named(name, unique_id) for name in metric.dimensions))
            if not math.isnan(value):
                worst[group] = max(value, worst.get(group, value))
        if len(worst) > self._source.max_rows:
            raise TooManyRowsError(
                str(failure(metric, f"more than {self._source.max_rows:,} points, the source's max_rows"))
            )
        columns: dict[str, list[object]] = {
            "time": [group[0] for group in worst],
            "value": list(worst.values()),
            **{name: [group[1 + place] for group in worst] for place, name in enumerate(metric.dimensions)},
        }
        yield from check_points(metric, columns, start, end, "UTC").table.to_batches()

    def close(self) -> None:
        """Nothing is held open."""

    def _paths(self, metric: Metric) -> list[str]:
        found = sorted(path for path in glob(self._secrets.fill("url", self._source.url)) if Path(path).is_file())
        if not found:
            raise failure(
                metric,
                f"no file is at {self._source.url}; run `dbt source freshness`, or mend url: target/sources.json",
            )
        return found

    def _results(self, metric: Metric, path: str) -> Iterator[tuple[_Result, int]]:
        try:
            read = msgspec.json.decode(Path(path).read_bytes(), type=_Artifact)
        except (msgspec.DecodeError, UnicodeDecodeError, OSError) as error:
            raise failure(metric, f"{path} is no sources.json of dbt: {error}") from None
        version = read.metadata.dbt_schema_version
        if "/sources/" not in version:
            raise failure(metric, f"{path}: schema {version or 'none'}: it is no sources.json of dbt; mend url")
        for result in read.results:
            yield result, parse_instant(result.snapshotted_at or read.metadata.generated_at)


def _value(measure: str, result: _Result) -> float:
    ago = result.max_loaded_at_time_ago_in_s
    if ago is None:
        return math.nan
    if measure == "age":
        return ago / 3600.0
    promised = result.criteria.warn_after if measure == "of_warn" else result.criteria.error_after
    if not promised or promised.get("count") is None:  # dbt writes {count: null, period: null} where none is promised
        return math.nan
    seconds = age_s(msgspec.convert(promised, Age))
    return ago / seconds if seconds else math.nan


def _named(dimension: str, unique_id: str) -> str:
    """`source.project.raw.orders`: its source is raw, its table raw.orders."""
    if dimension == "unique_id":
        return unique_id
    *_, source, table = ["", "", *unique_id.split(".")]
    return source if dimension == "source" else f"{source}.{table}"
