"""Points that programs send: checked row by row, on disk before they are accepted, drained into the history.

One door, `take_in`, for whatever the points were written in. Accepted means durable: a point that was accepted survives
kill -9 at any moment. Sending it again changes nothing.
"""

from __future__ import annotations

import logging
import math
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from watchkeeper.domain.errors import InputError, StoreError, WatchkeeperError
from watchkeeper.domain.metric import Kind, Metric, SourceKind
from watchkeeper.domain.points import WITHHELD
from watchkeeper.domain.times import HOUR, format_instant, local_seconds
from watchkeeper.sources.arrow_push import read_arrow
from watchkeeper.sources.otlp import read_export_request, write_partial_success
from watchkeeper.sources.points import ROUNDING
from watchkeeper.sources.pushed import Columns, read_json
from watchkeeper.sources.remote_write import read_write_request
from watchkeeper.sources.samples import How, Sample
from watchkeeper.stores.history import History
from watchkeeper.stores.ledger import Ledger, metrics, series
from watchkeeper.stores.push_log import Done, Pushed, PushLog
from watchkeeper.watch.instruments import Instruments

log = logging.getLogger("watchkeeper.push")

ARROW = "application/vnd.apache.arrow.stream"

MOST_SERIES = 100_000
"""How many series a pushed metric may have: a dimension that is an order's number would make a million."""
NAMED_REFUSALS = 20
"""How many refused rows an answer names; it counts all."""
DRAIN_EVERY_S = 1.0
BURST = 500_000
"""While so many points arrive between two looks, the senders have the processors: what they sent is moved later."""
MOST_WAITING = 2_000_000
"""And so many are not waited for: about 40 MB."""
_NO_SIGN = re.compile(r"[^a-z0-9_.-]")
_FUTURE_S = HOUR
"""How far in the future a period may start: clocks differ, but not by more."""


class Refusal(msgspec.Struct, frozen=True):
    """A row that was not taken (the first is 0), and why."""

    row: int
    why: str


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the rows of a push: how many are durable, withheld because their group is small, refused."""

    accepted: int
    withheld: int = 0
    refused: int = 0
    refusals: tuple[Refusal, ...] = ()


def _sent(name: str) -> str:
    """The name of the metric for a name of Prometheus or OpenTelemetry: `job:errors:rate5m` is `job_errors_rate5m`."""
    return _NO_SIGN.sub("_", name.lower())


class _Known:
    """A pushed metric as take_in needs it: its record, and the ids of its series by their dimension values."""

    def __init__(self, metric: Metric, ids: dict[tuple[str, ...], int]) -> None:
        self.metric = metric
        self.ids = ids


class Pushes:
    """Takes points in. `on_change` is called with the name of a metric whose points changed, `on_withheld` with one of
    which rows were withheld and how many.
    """

    def __init__(
        self,
        ledger: Ledger,
        history: History,
        folder: Path,
        on_change: Callable[[str], None],
        clock: Callable[[], float],
        on_withheld: Callable[[str, int], None] = lambda metric, rows: None,
    ) -> None:
        self._ledger = ledger
        self._history = history
        self._on_change = on_change
        self._on_withheld = on_withheld
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._sent: dict[str, Metric] | None = None
        self._owner: dict[int, str] = {}
        self._making = threading.Lock()
        self._draining = threading.Lock()
        self._log = PushLog(folder)
        self._instruments = Instruments(ledger, history, clock, self._drain_log, on_change, most_series=MOST_SERIES)
        self._stop = threading.Event()
        self._drained = 0
        self._thread: threading.Thread | None = None
        self.drain()

    def forget(self) -> None:
        """The configuration changed: ask the ledger again."""
        self._known = {}
        self._sent = None
        self._instruments.forget()

    @staticmethod
    def read(kind: str, body: bytes, metric: str) -> Columns:
        """The columns of a body of that media type; `metric` names what an Arrow stream is of. InputError."""
        if kind == ARROW:
            if not metric:
                raise InputError("push: name the metric of an Arrow stream in the address: ?metric=NAME")
            return read_arrow(body, metric)
        if kind in ("application/json", ""):
            return read_json(body)
        raise InputError(f"push: a body of type {kind[:60]!r} is not known; send application/json or {ARROW}")

    def take_remote_write(self, body: bytes) -> None:
        """Take in a Prometheus remote write; samples that no metric asks for are dropped. InputError, StoreError."""
        self.take_samples(read_write_request(body, self.how))

    def take_otlp(self, body: bytes, *, is_json: bool) -> bytes:
        """Take in an OTLP export; returns the answer that OTLP wants. InputError, StoreError."""
        rejected, why = self.take_samples(read_export_request(body, is_json=is_json))
        return write_partial_success(rejected, why, is_json=is_json)

    def is_ready(self, columns: Columns) -> bool:
        """Whether `take_in` would neither read nor write the ledger: then it is quick."""
        known = self._known.get(columns.metric)
        if known is None:
            return False
        return all(key in known.ids for key in columns.ordered(known.metric.dimensions).keys)

    def metric(self, name: str) -> Metric:
        """The pushed metric of that name; NotFoundError, and InputError for one that is read from a source."""
        return self._of(name).metric

    def take_in(self, columns: Columns, done: Done) -> Taken:
        """Check the rows and put those that are good into the log; `done` is called once they are on disk.

        Where no row is good `done` is called at once. Raises NotFoundError for an unknown metric, InputError where the
        columns do not fit it: then nothing was taken.
        """
        known = self._of(columns.metric)
        self._check_columns(known.metric, columns)
        columns = columns.ordered(known.metric.dimensions)
        is_small = _is_small(known.metric, columns)
        ids = self._ids_of_rows(known, columns, is_small)
        is_good, refusals = self._check_rows(known.metric, columns, ids, is_small)
        taken = int((is_good if is_small is None else is_good & ~is_small).sum())
        withheld = 0 if is_small is None else int(is_small.sum())
        if withheld:
            self._on_withheld(known.metric.name, withheld)
        if is_good.any():
            every = bool(is_good.all())
            value = columns.value if is_small is None else np.where(is_small, WITHHELD, columns.value)
            cases = columns.cases
            if cases is not None and is_small is not None:
                cases = np.where(is_small, np.nan, cases)
            points = Pushed(
                int(self._clock()),
                ids if every else ids[is_good],
                columns.time if every else columns.time[is_good],
                value if every else value[is_good],
                cases if every or cases is None else cases[is_good],
            )
            self._log.append(points, done)
            self._start()
        else:
            done(None)
        refused = len(ids) - taken - withheld
        return Taken(accepted=taken, withheld=withheld, refused=refused, refusals=tuple(refusals))

    def how(self, name: str) -> How | None:
        """What a Prometheus series of that name is: a running total for counts and sums; None for no pushed metric."""
        metric = self._by_sent_name().get(_sent(name))
        if metric is None:
            return None
        return How.TOTAL if metric.kind in (Kind.COUNT, Kind.SUM) else How.GAUGE

    def take_samples(self, samples: Sequence[Sample]) -> tuple[int, str]:
        """Fold samples into points and store them; returns how many samples were rejected, and why, in words.

        They are on disk when this returns; StoreError where they cannot be put there.
        """
        by_metric: dict[str, list[Sample]] = defaultdict(list)
        reasons: dict[str, int] = {}
        known = self._by_sent_name()
        for one in samples:
            metric = known.get(_sent(one.name))
            if metric is not None:
                by_metric[metric.name].append(one)
            else:
                why = f"no pushed metric is called {_sent(one.name)}"
                reasons[why] = reasons.get(why, 0) + 1
        counted: list[tuple[Metric, list[Sample]]] = []
        latest_ms = (self._clock() + _FUTURE_S) * 1000
        for name, members in by_metric.items():
            metric = known[name]
            if metric.min_group_size:
                reasons[f"{name} withholds small groups, and samples do not say how large theirs is"] = len(members)
                self._on_withheld(name, len(members))
                continue
            good = [one for one in members if one.at_ms <= latest_ms and not math.isinf(one.value)]
            if len(good) < len(members):
                reasons[f"{name}: a sample lies in the future, or its value is infinite"] = len(members) - len(good)
            if good:
                counted.append((metric, good))
        if counted:
            reasons |= self._instruments.take(counted)
            self._start()
        return sum(reasons.values()), "; ".join(list(reasons)[:NAMED_REFUSALS])

    def store(self, columns: Columns) -> Taken:
        """`take_in`, and wait until the rows are on disk; StoreError where they cannot be put there."""
        is_done, problems = threading.Event(), []

        def done(problem: StoreError | None) -> None:
            problems.append(problem)
            is_done.set()

        taken = self.take_in(columns, done)
        is_done.wait()
        if problems[0] is not None:
            raise problems[0]
        return taken

    def drain(self) -> None:
        """Move what is durable into the history."""
        self._drain_log()
        settled = self._instruments.settle()
        with self._draining:
            self._drained += settled

    def _drain_log(self) -> None:
        with self._draining:
            points, segments = self._log.take()
            if points:
                try:
                    self._drained += self._keep(points)
                except BaseException:
                    self._log.put_back(points, segments)
                    raise
            self._log.forget(segments)

    def take_drained(self) -> int:
        """How many points were new or different since this was last asked."""
        self.drain()
        with self._draining:
            drained, self._drained = self._drained, 0
        return drained

    def close(self) -> None:
        """Finish what was begun: what is durable goes into the history."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._log.close()
        self.drain()

    def _by_sent_name(self) -> dict[str, Metric]:
        if self._sent is None:
            with self._ledger.read() as tx:
                pushed = {one.name for one in metrics.sources(tx) if one.kind is SourceKind.PUSH}
                self._sent = {one.name: one for one in metrics.metrics(tx) if one.source in pushed}
        return self._sent

    def _of(self, name: str) -> _Known:
        known = self._known.get(name)
        if known is not None:
            return known
        with self._ledger.read() as tx:
            metric = metrics.metric(tx, name)
            source = next(one for one in metrics.sources(tx) if one.name == metric.source)
            if source.kind is not SourceKind.PUSH:
                raise InputError(
                    f"metric {name}: it is read from source {source.name}; points are pushed to metrics of kind push"
                )
            ids = {one.values: one.id for one in series.of_metric(tx, name)}
        made = self._known[name] = _Known(metric, ids)
        self._owner |= dict.fromkeys(ids.values(), name)
        return made

    @staticmethod
    def _check_columns(metric: Metric, columns: Columns) -> None:
        wanted, given = set(metric.dimensions), set(columns.dimensions)
        if wanted != given:
            lacking, extra = sorted(wanted - given), sorted(given - wanted)
            said = [f"lacks {', '.join(lacking)}"] if lacking else []
            said += [f"has {', '.join(extra)}, which is no dimension of it"] if extra else []
            raise InputError(f"metric {metric.name}: dimensions: the push {' and '.join(said)}")
        if metric.min_group_size and columns.group_size is None:
            raise InputError(
                f"metric {metric.name}: group_size: groups under {metric.min_group_size} are withheld; "
                "say how large each is"
            )
        if columns.cases is not None and metric.kind is not Kind.RATE:
            raise InputError(
                f"metric {metric.name}: cases: a {metric.kind.value} rests on none; leave them out, or set kind: rate"
            )

    def _make(self, known: _Known, keys: Sequence[tuple[str, ...]]) -> None:
        """Make the series of these keys that are not there yet, as long as there are not too many."""
        with self._making:
            fresh = [key for key in dict.fromkeys(keys) if key not in known.ids][: MOST_SERIES - len(known.ids)]
            if fresh:
                with self._ledger.write() as tx:
                    made = series.intern(tx, known.metric.name, fresh)
                known.ids |= {one.values: one.id for one in made}
                self._owner |= dict.fromkeys((one.id for one in made), known.metric.name)

    def _ids_of_rows(self, known: _Known, columns: Columns, is_small: NDArray[np.bool_] | None) -> NDArray[np.int32]:
        """The series of each row; none is made where all its rows are withheld or refused: -1."""
        try:
            return np.array([known.ids[key] for key in columns.keys], np.int32)[columns.key]
        except KeyError:
            pass
        shows, _ = self._check_rows(known.metric, columns, np.zeros(len(columns.key), np.int32), is_small)
        if is_small is not None:
            shows = shows & ~is_small
        has_name = np.zeros(len(columns.keys), np.bool_)
        has_name[columns.key[shows]] = True
        self._make(known, [key for key, is_named in zip(columns.keys, has_name, strict=True) if is_named])
        return np.array([known.ids.get(key, -1) for key in columns.keys], np.int32)[columns.key]

    def _check_rows(
        self, metric: Metric, columns: Columns, ids: NDArray[np.int32], is_small: NDArray[np.bool_] | None
    ) -> tuple[NDArray[np.bool_], list[Refusal]]:
        """Which rows are good, withheld ones too, and the first of those to be shown that are refused."""
        time = columns.time
        local = time if metric.timezone == "UTC" else local_seconds(time, metric.timezone)
        latest = self._clock() + _FUTURE_S
        if (  # as nearly always
            columns.cases is None
            and len(time)
            and time.max() <= latest
            and not (local % metric.step_s).any()
            and not np.isinf(columns.value).any()
            and ids.min() >= 0
        ):
            return np.ones(len(ids), np.bool_), []
        wrong = [
            (local % metric.step_s != 0, f"does not start a step of {metric.step} on the clock of {metric.timezone}"),
            (time > latest, "lies in the future"),
            (np.isinf(columns.value), "has an infinite value; send null where there is none"),
            (ids < 0, f"would be one series more than {MOST_SERIES:,}; leave a dimension out"),
        ]
        if columns.cases is not None:
            is_there, cases, value = np.isfinite(columns.value), columns.cases, columns.value
            is_beyond = is_there & (cases > 0) & ((value < 0) | (value > 1 + ROUNDING))
            wrong += [
                (is_there & ((cases <= 0) | np.isinf(cases)), "has a value of no cases; send null where there is none"),
                (is_beyond, "is no share: of cases, a value lies between 0 and 1"),
            ]
        is_good, refusals = np.ones(len(ids), np.bool_), list[Refusal]()
        for is_wrong, why in wrong:
            if is_wrong.any():
                is_told = is_wrong & is_good if is_small is None else is_wrong & is_good & ~is_small
                for row in np.flatnonzero(is_told)[:NAMED_REFUSALS].tolist():
                    refusals.append(Refusal(row, f"time {format_instant(int(time[row]))} {why}"))
                is_good = is_good & ~is_wrong
        return is_good, sorted(refusals, key=lambda one: one.row)[:NAMED_REFUSALS]

    def _keep(self, points: Sequence[Pushed]) -> int:
        by_moment: dict[int, list[Pushed]] = defaultdict(list)
        for one in points:
            by_moment[one.known_at].append(one)
        changed = 0
        for known_at, members in sorted(by_moment.items()):
            ids = np.concatenate([one.series for one in members])
            time = np.concatenate([one.time for one in members])
            value = np.concatenate([one.value for one in members])
            cases = None
            if any(one.cases is not None for one in members):
                cases = np.concatenate(
                    [np.full(len(one.time), np.nan) if one.cases is None else one.cases for one in members]
                )
            changed += self._history.append(ids, time, value, known_at=known_at, cases=cases)
            for name in {self._owner.get(one, "") for one in np.unique(ids).tolist()}:
                if name:
                    self._on_change(name)
        return changed

    def _start(self) -> None:
        if self._thread is None:
            with self._making:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._work, name="push drain", daemon=True)
                    self._thread.start()

    def _work(self) -> None:
        written = 0
        while not self._stop.wait(DRAIN_EVERY_S):
            before, written = written, self._log.written
            if written - before >= BURST and self._log.waiting < MOST_WAITING:
                continue
            try:
                self.drain()
            except WatchkeeperError as error:
                log.error("%s", error)
            except Exception:
                log.exception("pushed points could not be stored; it is tried again")


def _is_small(metric: Metric, columns: Columns) -> NDArray[np.bool_] | None:
    """Which rows are of groups too small to be shown, or of unknown size; None where the metric withholds none."""
    if not metric.min_group_size:
        return None
    assert columns.group_size is not None
    return ~(columns.group_size >= metric.min_group_size)
