"""Can the data be assessed at all? Each thing found has a verdict, the key or column, and words with the mend."""

from __future__ import annotations

import difflib
import math
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from watchkeeper.assess.record import Assessment
from watchkeeper.assess.report import Plot
from watchkeeper.domain.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

MIN_ROWS = 100
"""Below this the 95 % interval of any share is wider than ±10 points at its worst (normal approximation, p = 0.5)."""


class Finding(msgspec.Struct, frozen=True):
    """`stop`: nothing can be said before this is mended; `warn`: it can, with care; `fact`: as it should be."""

    verdict: Literal["stop", "warn", "fact"]
    about: str
    words: str


def read_rows(path: Path, max_rows: int) -> pa.Table:
    """The first `max_rows` rows of a .parquet or .csv file, and one more where there are more: `check_data` tells."""
    import pyarrow as pa
    import pyarrow.dataset as ds

    kind = path.suffix.lower().removeprefix(".")
    if kind not in ("parquet", "csv"):
        raise InputError(f"{path}: data must be a .parquet or a .csv file")
    if not path.is_file():
        raise InputError(f"{path}: no such file; data is read relative to the assessment's folder")
    try:
        rows = ds.dataset(path, format=kind).head(max_rows + 1)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path}: not readable as {kind}: {' '.join(str(error).split())}") from None
    twice = sorted({name for name in rows.column_names if rows.column_names.count(name) > 1})
    if twice:
        raise InputError(f"{path}: {', '.join(twice)}: more than one column has this name; rename all but one")
    return rows


def check_data(record: Assessment, rows: pa.Table) -> list[Finding]:
    """What is found in the rows, the worst first."""
    import pyarrow as pa

    is_cut = rows.num_rows > record.max_rows
    rows = rows.slice(0, record.max_rows)
    found = [_size(record, rows, is_cut)]
    for key, column in record.named_columns():
        if column not in rows.column_names:
            near = difflib.get_close_matches(column, rows.column_names, n=1)
            mend = f"did you mean {near[0]}?" if near else f"the columns are {', '.join(rows.column_names)}"
            found.append(Finding("stop", key, f"there is no column {column}; {mend}"))
        elif pa.types.is_nested(rows[column].type):
            found.append(Finding("stop", key, f"{column} holds {rows[column].type}; name a column of single values"))
        elif key == "target":
            found.append(_target(column, rows[column]))
        elif key == "time":
            found.append(_time(column, rows[column]))
        elif key == "entity":
            found.append(_entity(column, rows[column]))
    named = {column for key, column in record.named_columns() if key == "target"}
    for column in rows.column_names:
        if column not in named and rows.num_rows and not pa.types.is_nested(rows[column].type):
            found += _column(column, rows[column])
    return sorted(found, key=lambda finding: ("stop", "warn", "fact").index(finding.verdict))


def _size(record: Assessment, rows: pa.Table, is_cut: bool) -> Finding:
    n = rows.num_rows
    if n < MIN_ROWS:
        width = f"a share measured on them is known to ±{98 / math.sqrt(n):.0f} points at worst" if n else "it is empty"
        return Finding("stop", "data", f"{n} rows ({record.row}): {width}; bring at least {MIN_ROWS}")
    if is_cut:
        return Finding("warn", "data", f"only the first {n:,} rows are read; raise max_rows for later ones")
    return Finding("fact", "data", f"{n:,} rows ({record.row}), {rows.num_columns} columns")


def _target(column: str, values: pa.ChunkedArray) -> Finding:
    import pyarrow.compute as pc

    known = len(values) - values.null_count
    counts = sorted(pc.value_counts(values.drop_null()).to_pylist(), key=lambda each: -each["counts"])
    if len(counts) < 2:
        what = "is missing in every row" if not counts else f"is {counts[0]['values']} in every row"
        return Finding("stop", "target", f"{column} {what}: there is nothing to predict; bring rows of both kinds")
    missing = f", missing in {values.null_count:,} rows" if values.null_count else ""
    most = f"most often {counts[0]['values']} ({100 * counts[0]['counts'] / known:.1f} %)"
    verdict: Literal["warn", "fact"] = "warn" if values.null_count else "fact"
    return Finding(verdict, "target", f"{column} has {len(counts):,} values, {most}{missing}")


def _time(column: str, values: pa.ChunkedArray) -> Finding:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_temporal(values.type):
        mend = "write dates as 2026-11-23 or 2026-11-23T09:00:00"
        return Finding("stop", "time", f"{column} holds {values.type}, not times; {mend}")
    if values.null_count == len(values):
        return Finding("stop", "time", f"{column} is missing in every row; name a column that is filled")
    ends = pc.min_max(values).as_py()
    missing = f", missing in {values.null_count:,} rows" if values.null_count else ""
    return Finding("warn" if missing else "fact", "time", f"{column} from {ends['min']} to {ends['max']}{missing}")


def _entity(column: str, values: pa.ChunkedArray) -> Finding:
    import pyarrow.compute as pc

    counts = sorted(each["counts"] for each in pc.value_counts(values.drop_null()).to_pylist())
    if not counts:
        return Finding("stop", "entity", f"{column} is missing in every row; name a column that is filled")
    middle = counts[len(counts) // 2]
    once = sum(count == 1 for count in counts)
    return Finding(
        "fact", "entity", f"{len(counts):,} of {column}, the middle one has {middle:,} rows, {once:,} have 1"
    )


def _column(column: str, values: pa.ChunkedArray) -> list[Finding]:
    import pyarrow.compute as pc

    if values.null_count == len(values):
        return [Finding("warn", column, "is missing in every row; it can tell nothing")]
    if values.null_count == 0 and pc.count_distinct(values).as_py() == 1:
        return [Finding("warn", column, "is the same in every row; it can tell nothing")]
    return []


def target_plot(rows: pa.Table, target: str, most: int = 12) -> Plot | None:
    """How often each value of the target occurs; of a number with many values, of twelfths of its range."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if target not in rows.column_names or pa.types.is_nested(rows[target].type):
        return None
    values = rows[target].drop_null()
    counts = sorted(pc.value_counts(values).to_pylist(), key=lambda each: -each["counts"])
    if not counts:
        return None
    is_number = pa.types.is_integer(values.type) or pa.types.is_floating(values.type)
    if len(counts) > most and is_number:
        numbers = values.cast(pa.float64()).to_numpy()
        numbers = numbers[np.isfinite(numbers)]
        low, high = np.quantile(numbers, [0.01, 0.99])
        size, edges = np.histogram(np.clip(numbers, low, high), bins=most)
        bars = [(f"{left:.4g} to {right:.4g}", int(n)) for left, right, n in zip(edges, edges[1:], size, strict=False)]
    else:
        bars = [(str(each["values"])[:40], int(each["counts"])) for each in counts[:most]]
    return Plot(
        kind="bars",
        title=f"How many rows have each value of {target}",
        rows=tuple({"name": name, "value": count} for name, count in bars),
        x="rows",
    )
