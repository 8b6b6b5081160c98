"""Tables of points for the tests of `watchkeeper score`, and the command as a call."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from click.testing import CliRunner, Result

from watchkeeper.cli import main

HOUR = 3600
BEGIN = 1_704_067_200  # 2024-01-01, a Monday
COLUMNS = ["series", "ts", "value", "expected", "lower", "upper", "score", "alert"]
SPIKE, DROP = 300, 400
"""Hours at which `values` jump up and down."""


def values(hours: int = 480, seed: int = 0) -> np.ndarray:
    """An hourly day with noise, one spike and one drop."""
    rng = np.random.default_rng(seed)
    value = 100 + 20 * np.sin(np.arange(hours) * 2 * np.pi / 24) + rng.normal(0, 2, hours)
    value[SPIKE : SPIKE + 2] += 80
    value[DROP : DROP + 2] -= 80
    return value


def hours(count: int = 480) -> np.ndarray:
    return BEGIN + np.arange(count) * HOUR


def micros(seconds: Any, zone: str | None = "UTC") -> pa.Array:
    return pa.array(np.asarray(seconds, np.int64) * 1_000_000).cast(pa.timestamp("us", zone))


def table(names: Any = "a", seconds: Any = None, value: Any = None, **columns: Any) -> pa.Table:
    """A table of points; by default series a and its 20 days."""
    seconds = hours() if seconds is None else seconds
    value = values(len(seconds)) if value is None else value
    names = [names] * len(seconds) if isinstance(names, str) else names
    return pa.table({"series": names, "ts": micros(seconds), "value": value} | columns)


def shuffled(given: pa.Table, seed: int = 1) -> tuple[pa.Table, np.ndarray]:
    """The table in another order, and where each row went: row k of the result is row `order[k]` of the table."""
    order = np.random.default_rng(seed).permutation(len(given))
    return given.take(order), order


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["score", *map(str, arguments)])


def scored(folder: Path, given: pa.Table, *options: object, out: str = "out.parquet") -> pa.Table:
    """The table through the command; it must end well."""
    pq.write_table(given, folder / "in.parquet")
    result = run(folder / "in.parquet", folder / out, *options)
    assert result.exit_code == 0, result.output
    return pq.read_table(folder / out)


def feedback(folder: Path, *lines: dict[str, Any]) -> Path:
    path = folder / "answers.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def at(hour: int) -> str:
    """The hour as an ISO time."""
    return f"{np.datetime64(BEGIN + hour * HOUR, 's')}Z"


def column(given: pa.Table, name: str) -> np.ndarray:
    return given[name].to_numpy()


def same(a: pa.Table, b: pa.Table, names: list[str] = COLUMNS) -> bool:
    """Equal to the bit, missing equal to missing."""
    return all(a[name].to_pylist() == b[name].to_pylist() for name in names)
