"""Rows made ready for learners: numbers, codes of categories, the target, who and when; why columns were left out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from watchkeeper.assess.record import Assessment
from watchkeeper.domain.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Task = Literal["binary", "classes", "number"]

MOST_CATEGORIES = 200
"""A text column with more different values than this is an identifier or free text, and is not learned from."""
MOST_CLASSES = 20
DAY_S = 86_400


@dataclass(frozen=True)
class Frame:
    """`values`: float64[n, d], NaN missing, codes for categories; `target`: 0/1, class codes, or the number itself.

    `recent` is the target of the row before of the same entity (of all rows where there is no entity), `count` how
    many rows of the entity came before, `mean` their mean target; NaN where there are none or no time is known.
    `total` is how many usable rows there were before `sample`.
    """

    names: tuple[str, ...]
    values: Floats
    is_category: tuple[bool, ...]
    categories: dict[str, tuple[str, ...]]
    target: Floats
    task: Task
    classes: tuple[str, ...]
    time: Ints | None
    entity: Ints | None
    today: Floats | None
    recent: Floats
    mean: Floats
    count: Ints
    left_out: dict[str, str]
    total: int
    row: Ints

    def __len__(self) -> int:
        return len(self.target)

    def take(self, rows: Ints) -> Frame:
        """The frame of some of the rows, in that order."""
        return replace(
            self,
            values=self.values[rows],
            target=self.target[rows],
            time=None if self.time is None else self.time[rows],
            entity=None if self.entity is None else self.entity[rows],
            today=None if self.today is None else self.today[rows],
            recent=self.recent[rows],
            mean=self.mean[rows],
            count=self.count[rows],
            row=self.row[rows],
        )

    def without(self, names: set[str]) -> Frame:
        """The frame without some of the columns."""
        keep = [place for place, name in enumerate(self.names) if name.split(" · ")[0] not in names]
        return replace(
            self,
            names=tuple(self.names[place] for place in keep),
            values=self.values[:, keep],
            is_category=tuple(self.is_category[place] for place in keep),
        )

    def sample(self, most: int, seed: int = 0) -> Frame:
        """At most so many rows, drawn at random, in their order."""
        if len(self) <= most:
            return self
        rng = np.random.default_rng(seed)
        return self.take(np.sort(rng.choice(len(self), most, replace=False)).astype(np.int64))

    def labels(self) -> Ints:
        """The target as class codes; a number is cut at its median."""
        if self.task == "number":
            return (self.target > np.median(self.target)).astype(np.int64)
        return self.target.astype(np.int64)


def make_frame(record: Assessment, rows: pa.Table) -> Frame:
    """Rows in time order where there is a time, without those whose target (or time) is missing.

    Raises InputError where the target is neither a number nor a few classes.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    usable = pc.is_valid(rows[record.target])
    if pa.types.is_floating(rows[record.target].type):
        usable = pc.and_(usable, pc.is_finite(pc.fill_null(rows[record.target], float("nan"))))
    if record.time is not None:
        usable = pc.and_(usable, pc.is_valid(rows[record.time]))
    place = np.flatnonzero(usable.to_numpy(zero_copy_only=False)).astype(np.int64)
    if len(place) < rows.num_rows:
        rows = rows.take(pa.array(place))
    time = None
    if record.time is not None:
        time = seconds(rows[record.time])
        order = np.argsort(time, kind="stable")
        if (np.diff(order) != 1).any():
            rows, time, place = rows.take(pa.array(order)), time[order], place[order]
    target, task, classes = _target(record, rows[record.target])
    entity = None if record.entity is None else codes(rows[record.entity])[0]
    recent, mean, count = _history(target, entity, time, task)
    names, columns, kinds, categories, left_out = _features(record, rows, time)
    values = np.column_stack(columns) if columns else np.empty((len(target), 0))
    today = None if record.today is None else _today(record, rows, task, classes)
    return Frame(
        tuple(names), values, tuple(kinds), categories, target, task, classes, time, entity, today,
        recent, mean, count, left_out, len(target), place,
    )  # fmt: skip


def seconds(values: pa.ChunkedArray) -> Ints:
    """Times as seconds since 1970 UTC; missing as the smallest integer."""
    import pyarrow as pa
    import pyarrow.compute as pc

    zone = getattr(values.type, "tz", None)
    whole = pc.cast(pc.cast(values, pa.timestamp("us", tz=zone)), pa.int64())
    found = pc.fill_null(whole, np.iinfo(np.int64).min).to_numpy()
    return np.asarray(np.where(found == np.iinfo(np.int64).min, found, found // 1_000_000), dtype=np.int64)


def codes(values: pa.ChunkedArray) -> tuple[Ints, list[Any]]:
    """Codes of the different values, most frequent first, −1 where missing; and the values."""
    import pyarrow.compute as pc

    encoded = values.combine_chunks().dictionary_encode()
    if hasattr(encoded, "combine_chunks"):
        encoded = encoded.combine_chunks()
    raw = pc.fill_null(encoded.indices, -1).to_numpy().astype(np.int64)
    seen = encoded.dictionary.to_pylist()
    counts = np.bincount(raw[raw >= 0], minlength=len(seen))
    order = np.argsort(-counts, kind="stable")
    rank = np.empty(len(seen) + 1, dtype=np.int64)
    rank[order], rank[-1] = np.arange(len(seen)), -1
    return rank[raw], [seen[place] for place in order]


def _target(record: Assessment, values: pa.ChunkedArray) -> tuple[Floats, Task, tuple[str, ...]]:
    import pyarrow as pa

    kind = values.type
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if record.above is not None:
        if not is_number:
            raise InputError(f"target: {record.target} holds {kind}; above needs numbers")
        found = np.asarray(values.cast(pa.float64()).to_numpy()) > record.above
        return found.astype(np.float64), "binary", (f"at most {record.above:g}", f"above {record.above:g}")
    code, seen = codes(values)
    if record.positive is not None:
        hits = [place for place, value in enumerate(seen) if str(value).lower() == str(record.positive).lower()]
        if not hits:
            few = ", ".join(map(str, seen[:6]))
            raise InputError(f"positive: {record.target} is never {record.positive}; among its values are {few}")
        return (code == hits[0]).astype(np.float64), "binary", (f"not {record.positive}", str(record.positive))
    if len(seen) == 2:
        order = sorted(range(2), key=lambda place: str(seen[place]))
        return (code == order[1]).astype(np.float64), "binary", tuple(str(seen[place]) for place in order)
    if is_number and len(seen) > 10:
        return np.asarray(values.cast(pa.float64()).to_numpy(), dtype=np.float64), "number", ()
    if len(seen) > MOST_CLASSES:
        mend = f"name one value with positive, or bring at most {MOST_CLASSES} classes"
        raise InputError(f"target: {record.target} has {len(seen):,} different texts; {mend}")
    return code.astype(np.float64), "classes", tuple(map(str, seen))


def yes_or_no(record: Assessment, values: pa.ChunkedArray) -> NDArray[np.bool_]:
    """The target of each row as true or false, missing as false; InputError where it is neither yes nor no."""
    found, task, _ = _target(record, values)
    if task != "binary":
        raise InputError(f"target: {record.target} is neither yes nor no; say what is with above or positive")
    return np.asarray(found == 1.0)


def _today(record: Assessment, rows: pa.Table, task: Task, classes: tuple[str, ...]) -> Floats:
    import pyarrow as pa

    values = rows[record.today]
    kind = values.type
    if task == "number" or pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        found = np.asarray(values.cast(pa.float64()).to_numpy(), dtype=np.float64)
        return (found > record.above).astype(np.float64) if record.above is not None and found.max() > 1 else found
    texts = [None if text is None else str(text) for text in values.to_pylist()]
    if task == "binary":
        return np.array([np.nan if text is None else float(text == classes[1]) for text in texts])
    known = {name: float(place) for place, name in enumerate(classes)}
    return np.array([np.nan if text is None else known.get(text, np.nan) for text in texts])


def _history(target: Floats, entity: Ints | None, time: Ints | None, task: Task) -> tuple[Floats, Floats, Ints]:
    """For each row the target before, the mean target before, and the number of rows before, of the same entity.

    Rows at the same time of an entity do not know one another.
    """
    n = len(target)
    if time is None or n == 0:
        return np.full(n, np.nan), np.full(n, np.nan), np.zeros(n, dtype=np.int64)
    who = np.zeros(n, dtype=np.int64) if entity is None else entity
    order = np.lexsort((time, who))
    sorted_who, sorted_time, value = who[order], time[order], target[order]
    is_first = np.r_[True, sorted_who[1:] != sorted_who[:-1]]
    is_new = is_first | np.r_[True, sorted_time[1:] != sorted_time[:-1]]
    start = np.maximum.accumulate(np.where(is_first, np.arange(n), 0))
    before = np.maximum.accumulate(np.where(is_new, np.arange(n), 0))
    total = np.r_[0.0, np.cumsum(value)]
    count = before - start
    has_some = count > 0
    recent = np.where(has_some, value[np.maximum(before - 1, 0)], np.nan)
    mean = np.where(has_some, (total[before] - total[start]) / np.maximum(count, 1), np.nan)
    if task == "classes":
        mean = recent
    back = np.empty(n, dtype=np.int64)
    back[order] = np.arange(n)
    return recent[back], mean[back], count[back].astype(np.int64)


def _features(
    record: Assessment, rows: pa.Table, time: Ints | None
) -> tuple[list[str], list[Floats], list[bool], dict[str, tuple[str, ...]], dict[str, str]]:
    import pyarrow as pa

    roles = {record.target: "the target", record.entity: "the entity", record.today: "what is predicted today"}
    left_out: dict[str, str] = dict.fromkeys(record.known_after, "said to be known only after")
    left_out |= dict.fromkeys(record.ignore, "to be ignored")
    names: list[str] = []
    columns: list[Floats] = []
    kinds: list[bool] = []
    categories: dict[str, tuple[str, ...]] = {}
    for name in rows.column_names:
        if name in roles or name in left_out:
            continue
        values, kind = rows[name], rows[name].type
        if values.null_count == len(values):
            left_out[name] = "missing in every row"
        elif pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind):
            found = values.cast(pa.float64(), safe=False).to_numpy()
            found = np.where(np.isfinite(found), found, np.nan)
            known = found[~np.isnan(found)]
            if len(known) == len(found) and len(found) and (known == known[0]).all():
                left_out[name] = "the same in every row"
                continue
            names.append(name)
            columns.append(found)
            kinds.append(False)
        elif pa.types.is_timestamp(kind) or pa.types.is_date(kind):
            for label, part in _calendar(name, seconds(values), time, is_time=name == record.time):
                names.append(label)
                columns.append(part)
                kinds.append(False)
        elif pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind):
            code, seen = codes(values)
            if len(seen) > MOST_CATEGORIES or len(seen) * 3 > len(values):
                left_out[name] = f"text with {len(seen):,} different values"
                continue
            if len(seen) < 2 and values.null_count == 0:
                left_out[name] = "the same in every row"
                continue
            names.append(name)
            columns.append(np.where(code < 0, np.nan, code.astype(np.float64)))
            kinds.append(True)
            categories[name] = tuple(map(str, seen))
        else:
            left_out[name] = f"{kind} is not learned from"
    return names, columns, kinds, categories, left_out


def _calendar(name: str, at: Ints, time: Ints | None, *, is_time: bool) -> list[tuple[str, Floats]]:
    """Hour, weekday and month of the row's own time; another time as hours since (or before) it."""
    is_missing = at == np.iinfo(np.int64).min
    if not is_time:
        away = at - time if time is not None else at
        label = f"{name} · hours after" if time is not None else f"{name} · days"
        unit = 3600.0 if time is not None else DAY_S
        return [(label, np.where(is_missing, np.nan, away / unit))]
    day = at // DAY_S
    months = at.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64) % 12 + 1
    parts = [("hour", at % DAY_S // 3600), ("weekday", (day + 3) % 7), ("month", months)]
    return [(f"{name} · {what}", part.astype(np.float64)) for what, part in parts if len(np.unique(part)) > 1]
