"""The reader of each kind of source: the one door through which points are pulled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

import pyarrow as pa

from watchkeeper.domain.errors import ConfigError
from watchkeeper.domain.metric import Metric, Source, SourceKind
from watchkeeper.sources.pipelined import Asked, Pulled
from watchkeeper.sources.points import Withheld


class Reader(Protocol):
    """A source of points that is asked. Methods may be called from any thread; what it holds open ends with `close`."""

    outside: int
    """How many rows the last pull left out because they lay outside its window."""
    withheld: Withheld
    """What it left out because its group was smaller than the metric's `min_group_size`."""

    def check(self, metric: Metric) -> None:
        """Check what the metric asks without connecting; ConfigError names the metric and the mend."""

    def pull(self, metric: Metric, start: int, end: int) -> Iterator[pa.RecordBatch]:
        """The metric's points in `[start, end)` (seconds UTC), after all of them were checked.

        Batches have the columns time int64 (seconds UTC), value float64 (NaN: missing), one string a dimension, in the
        metric's order, and perhaps cases float64 (NaN: not known), how many a rate rests on. Raises ConfigError or
        SourceError; they name metric, source and mend, and no secret.
        """

    def close(self) -> None:
        """Let go of what is open; once more does no harm."""


@runtime_checkable
class ManyReader(Protocol):
    """A source that can be asked for many metrics at once."""

    def pull_together(self, asked: Sequence[Asked]) -> Iterator[Pulled]:
        """Short windows of many metrics, checked as by `pull`; those that come back as `alone` are left to it.

        What fails of one metric is in `failed`; SourceError where the source itself is not reached.
        """


def reader_of(source: Source, *, holds: bool = False) -> Reader:
    """The reader of a source; ConfigError for one that is not asked, because programs push to it.

    One that `holds` keeps its connection from one pull to the next, until `close`, and is for one thread.
    """
    if source.kind is SourceKind.SQL:
        from watchkeeper.sources.sql import SqlSource

        return SqlSource(source, holds=holds)
    if source.kind is SourceKind.FILES:
        from watchkeeper.sources.files_source import FilesSource

        return FilesSource(source)
    if source.kind is SourceKind.PROMETHEUS:
        from watchkeeper.sources.prometheus import PrometheusSource

        return PrometheusSource(source)
    if source.kind is SourceKind.DBT:
        from watchkeeper.sources.dbt_source import DbtSource

        return DbtSource(source)
    raise ConfigError(f"source {source.name}: nothing can be read from a source of kind {source.kind.value}")
