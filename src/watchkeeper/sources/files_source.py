"""CSV, Parquet and JSON files as a source of points, local or in an object store, read by DuckDB.

The files that the source's `url` names are the table `files`; a statement reaches no other file of the machine or of
the store, and writes none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from glob import glob
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
from sqlalchemy import Connection

from watchkeeper.domain.errors import SourceError
from watchkeeper.domain.metric import Metric, Source
from watchkeeper.references import look_up
from watchkeeper.sources.sql import SqlSource

TABLE = "files"
STORES = ("s3://", "gs://", "gcs://", "r2://", "https://", "http://")
_READERS = {
    ".csv": "read_csv",
    ".tsv": "read_csv",
    ".parquet": "read_parquet",
    ".json": "read_json",
    ".jsonl": "read_json",
    ".ndjson": "read_json",
}
_PATTERN = re.compile(r"[*?\[{]")
_PACKED = (".gz", ".zst")


class FilesSource(SqlSource):
    """Files as a source of points: `url` is a path, a pattern (`exports/*.parquet`), or an object store's.

    New files that fit the pattern are seen at the next reading. `user` and `password` are the key and the secret of an
    object store. Relative paths start at the current working directory.
    """

    def __init__(self, source: Source, resolve_secret: Callable[[str], str | None] = look_up) -> None:
        in_memory = Source(name=source.name, url="duckdb:///:memory:", timeout=source.timeout, max_rows=source.max_rows)
        super().__init__(in_memory, resolve_secret)
        self._files = source

    def check(self, metric: Metric) -> None:
        """Check the metric without opening a file; ConfigError names the metric and the mend."""
        super().check(_over_files(metric))

    def pull(self, metric: Metric, start: int, end: int) -> Iterator[pa.RecordBatch]:
        """As `SqlSource.pull`, from the files."""
        return super().pull(_over_files(metric), start, end)

    def prepare(self, connection: Connection) -> None:
        """Make the files the table, and let the statement reach nothing else: neither other files of the machine nor
        other objects of the store.
        """
        driver: Any = connection.connection.driver_connection
        driver.execute("SET allow_persistent_secrets = false")  # they stand in a folder that is about to be closed
        place = self._secrets.fill("url", self._files.url)
        if place.startswith(STORES):
            self._unlock(driver, place)
            paths = _objects(driver, place)
        else:
            paths = [str(Path(path).resolve()) for path in glob(place, recursive=True) if Path(path).is_file()]
        if not paths:
            raise SourceError(f"no file is at {self._files.url}; mend url, or wait for the first file")
        paths.sort()
        driver.execute("SET allowed_paths = ?", [paths])
        driver.execute("SET enable_external_access = false")
        driver.execute("SET lock_configuration = true")
        listed = ", ".join(_quoted(path) for path in paths)
        driver.execute(f"CREATE VIEW {TABLE} AS FROM {_reader(paths)}([{listed}], union_by_name = true)")

    def _unlock(self, driver: Any, place: str) -> None:
        """Load what speaks to object stores, and give it the key."""
        try:
            driver.execute("LOAD httpfs")
        except Exception:
            raise SourceError(
                "object stores need DuckDB's extension httpfs; install it once, as the user that runs Watchkeeper: "
                "python -c \"import duckdb; duckdb.sql('INSTALL httpfs')\""
            ) from None
        driver.execute(f"SET http_timeout = {max(1, self._files.timeout_s // 2)}")
        driver.execute("SET http_retries = 1")  # what waits for the network hears no interrupt
        kind = place.partition(":")[0]
        if kind.startswith("http") or not self._files.user:
            return
        scheme, _, host = self._files.endpoint.rpartition("://")
        said = {
            "TYPE": {"gs": "gcs"}.get(kind, kind),
            "KEY_ID": self._secrets.fill("user", self._files.user),
            "SECRET": self._secrets.fill("password", self._files.password),
            "REGION": self._files.region,
            "ENDPOINT": host,
            "URL_STYLE": "path" if host else "",  # a store of one's own has no name for each bucket
            "USE_SSL": "false" if scheme == "http" else "",
        }
        options = ", ".join(f"{name} {_quoted(value)}" for name, value in said.items() if value)
        driver.execute(f"CREATE SECRET store ({options})")


def _objects(driver: Any, place: str) -> list[str]:
    """The objects that a pattern names; an address is itself, signs of patterns in it too."""
    if place.startswith("http") or not _PATTERN.search(place):
        return [place]
    return [path for (path,) in driver.execute("SELECT file FROM glob(?)", [place]).fetchall()]


def _over_files(metric: Metric) -> Metric:
    return metric if metric.query else msgspec.structs.replace(metric, table=TABLE)


def _reader(paths: list[str]) -> str:
    kinds = set()
    for path in paths:
        name = path.partition("?")[0].lower()
        packed = next((one for one in _PACKED if name.endswith(one)), "")
        kinds.add(Path(name.removesuffix(packed)).suffix)
    if len(kinds) != 1 or not kinds <= set(_READERS):
        found = ", ".join(sorted(kind or "(none)" for kind in kinds))
        raise SourceError(f"files end in {found}; a source has files of one kind, which end in {', '.join(_READERS)}")
    return _READERS[kinds.pop()]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
