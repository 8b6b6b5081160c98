"""Detection power of one series of a table, a file or a watched metric: what could be seen of it."""

from __future__ import annotations

import difflib
import json
import os
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from watchkeeper import learn
from watchkeeper.detect import Points, Power, SeriesSettings, ValueKind, find_step, measure_power
from watchkeeper.domain.errors import InputError, NotFoundError
from watchkeeper.domain.feedback import Feedback
from watchkeeper.domain.metric import Metric
from watchkeeper.domain.points import PointColumns
from watchkeeper.domain.times import local_seconds
from watchkeeper.sources.columns import Rows, read_rows
from watchkeeper.sources.files import SUFFIXES, read_table
from watchkeeper.watch.borrowing import settings_of
from watchkeeper.watch.power_words import sentences
from watchkeeper.watch.score_file import STEP_TIMES

PLOTS = (".png", ".svg")

Report = Callable[[str, int, int], None]
"""Told of progress: the stage, how much of it is done, of how much."""


@dataclass(frozen=True)
class SeriesPower:
    """The power of one series, and what to say of it.

    `was_named` is whether the series was asked for, or taken as the one with the most values of `of_series`.
    """

    series: str
    was_named: bool
    of_series: int
    values: int
    power: Power
    sentences: tuple[str, ...]


def power(
    table: pa.Table,
    *,
    series: str | None = None,
    false_alerts_per_month: float = 1.0,
    seed: int = 0,
    report: Report = lambda stage, done, total: None,
) -> SeriesPower:
    """Put drops and rises into the history of one series of an Arrow table, and say what is seen of them.

    `table` as for `watchkeeper.score`. `series` names the one (default: the one with the most values). `seed` draws the
    places of the changes: the same arguments give the same answer. See `detect.power.measure_power` for what is done.

    Raises NotFoundError where there is no such series, InputError where the table cannot be read, or the series is too
    short.
    """
    return _power(table, "table", series, false_alerts_per_month, seed, report)


def power_file(
    source: Path,
    *,
    series: str | None = None,
    false_alerts_per_month: float = 1.0,
    seed: int = 0,
    plot: Path | None = None,
    report: Report = lambda stage, done, total: None,
) -> SeriesPower:
    """`power` of a series of the Parquet or CSV file `source`; draws it into `plot`, a .png or an .svg, if given.

    Raises InputError besides where `source` cannot be read or `plot` cannot be written, the latter before any work.
    """
    _check(source, plot)
    report("reading", 0, 1)
    table = read_table(source)
    report("reading", 1, 1)
    found = _power(table, str(source), series, false_alerts_per_month, seed, report)
    if plot is not None:
        from watchkeeper.notify.power_chart import draw

        _write(plot, draw(found.power, plot.suffix.lower(), title=found.series, lines=found.sentences))
    return found


def metric_power(
    metric: Metric,
    columns: PointColumns,
    series_id: int,
    log: Sequence[Feedback] = (),
    *,
    seed: int = 0,
    report: Report = lambda stage, done, total: None,
) -> Power:
    """The power of one series of a metric on its own history, with the metric's settings and what people said of it.

    `columns` holds all series of the metric, as `History.read` gives them: the budget of the metric is shared among
    them, as when they are judged. `power_words.sentences(power, metric.unit)` says it.

    Raises NotFoundError where the series is not among them, InputError where its history is too short.
    """
    if series_id not in columns.series:
        raise NotFoundError(f"metric {metric.name}: there is no history of series {series_id}; read its points first")
    at = columns.of(columns.series.index(series_id))
    time, value = columns.time[at], columns.value[at]
    local = local_seconds(time, metric.timezone)
    cases = None if columns.cases is None else columns.cases[at]
    mark = learn.marks(time, value, learn.fold(log).of(series_id), columns.known_at[at])
    settings = settings_of(metric, (series_id,), {})
    return measure_power(
        Points(np.array([0, len(time)]), time, value, local=local, mark=mark, cases=cases),
        settings,
        false_alerts_per_month=metric.false_alerts_per_month / len(columns.series),
        seed=seed,
        report=lambda done, total: report("trying changes", done, total),
    )


def _power(table: pa.Table, place: str, series: str | None, budget: float, seed: int, report: Report) -> SeriesPower:
    rows = read_rows(table, place)
    names = [_spelled(name) for name in rows.names.to_pylist()]
    code = _most_values(rows) if series is None else _named(series, names, place)
    mine = np.flatnonzero(rows.series == code)
    mine = mine[np.argsort(rows.time[mine], kind="stable")]
    time, value = rows.time[mine], rows.value[mine]
    cases = None if rows.cases is None else rows.cases[mine]
    values = int(np.isfinite(value).sum())
    # The step is what `score` finds, so that power is that of the detector which would run.
    step = find_step(np.unique(time)[:STEP_TIMES])
    local = None if rows.zone == "UTC" else local_seconds(time, rows.zone)
    try:
        found = measure_power(
            Points(np.array([0, len(time)]), time, value, local=local, cases=cases),
            SeriesSettings.uniform(1, step=step, kind=ValueKind.GAUGE if cases is None else ValueKind.RATE),
            false_alerts_per_month=budget,
            seed=seed,
            report=lambda done, total: report("trying changes", done, total),
        )
    except InputError as error:
        raise InputError(f"{place}: series {names[code]}: {error}") from None
    return SeriesPower(names[code], series is not None, len(names), values, found, tuple(sentences(found)))


def _most_values(rows: Rows) -> int:
    return int(np.argmax(np.bincount(rows.series[np.isfinite(rows.value)], minlength=len(rows.names))))


def _named(series: str, names: list[str], place: str) -> int:
    if series in names:
        return names.index(series)
    near = difflib.get_close_matches(series, names, 3) or [name for name in names if series in name][:3] or names[:3]
    raise NotFoundError(f"{place}: there is no series {series!r} among {len(names):,}; there is {', '.join(near)}")


def _spelled(name: Any) -> str:
    """A series name as a person would type it; no name is `null`."""
    return name if isinstance(name, str) else json.dumps(name, default=str).strip('"')


def _check(source: Path, plot: Path | None) -> None:
    if source.suffix.lower() not in SUFFIXES:
        raise InputError(f"{source}: files end in {' or '.join(SUFFIXES)}; rename it or convert it")
    if not source.is_file():
        raise InputError(f"{source}: {'is not a file' if source.exists() else 'there is no such file'}")
    if plot is None:
        return
    if plot.suffix.lower() not in PLOTS:
        raise InputError(f"{plot}: plots end in {' or '.join(PLOTS)}; name it so")
    if plot.is_dir():
        raise InputError(f"{plot}: is a folder; name a file to write")
    folder = Path(os.path.realpath(plot)).parent
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"{plot}: there is no folder {folder} that can be written; make it, or choose another")


def _write(path: Path, content: bytes) -> None:
    """All or nothing: written to a hidden neighbour and renamed."""
    target = Path(os.path.realpath(path))
    neighbour = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        neighbour.write_bytes(content)
        os.replace(neighbour, target)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        with suppress(OSError):
            neighbour.unlink(missing_ok=True)
