"""What programs push, as columns, and columnar JSON; see arrow_push for streams, otlp and remote_write for samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec
import numpy as np
from numpy.typing import NDArray

from watchkeeper.domain.errors import InputError
from watchkeeper.domain.times import parse_instant
from watchkeeper.sources.points import NO_VALUE


@dataclass(frozen=True)
class Columns:
    """n rows of one metric. `key` int64[n] is the place of each row's dimension values in `keys`.

    `time` int64[n] seconds UTC, `value` float64[n] (NaN: missing), `group_size` and `cases` float64[n] (NaN: not known)
    where they were sent; `keys` holds values in the order of `dimensions`.
    """

    metric: str
    time: NDArray[np.int64]
    value: NDArray[np.float64]
    dimensions: tuple[str, ...]
    keys: Sequence[tuple[str, ...]]
    key: NDArray[np.int64]
    group_size: NDArray[np.float64] | None = None
    cases: NDArray[np.float64] | None = None

    def ordered(self, dimensions: tuple[str, ...]) -> Columns:
        """The same rows with the dimensions in another order."""
        if dimensions == self.dimensions or set(dimensions) != set(self.dimensions):
            return self
        places = [self.dimensions.index(name) for name in dimensions]
        keys = [tuple(key[place] for place in places) for key in self.keys]
        return replace(self, dimensions=dimensions, keys=keys)


class JsonPush(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a push in JSON: one metric, column by column; a dimension that is one text holds for every row."""

    metric: str
    time: list[int | str]
    value: list[float | None]
    dimensions: dict[str, str | list[str | None]] = {}
    group_size: list[float | None] | None = None
    cases: list[float | None] | None = None


_DECODER = msgspec.json.Decoder(JsonPush)


def read_json(body: bytes) -> Columns:
    """Columns of a JSON body; InputError says what is wrong with it, and where."""
    try:
        push = _DECODER.decode(body)
    except msgspec.ValidationError as error:
        raise InputError(f"push: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"push: the body is no JSON: {error}") from None
    rows = len(push.time)
    lengths = {"value": len(push.value)}
    more = {"group_size": push.group_size, "cases": push.cases}
    lengths |= {name: len(one) for name, one in more.items() if one is not None}
    lengths |= {name: len(one) for name, one in push.dimensions.items() if isinstance(one, list)}
    for name, length in lengths.items():
        if length != rows:
            raise InputError(f"push: {name} has {length} rows and time {rows}; columns have one length")
    keys, key = _json_keys(push.dimensions, rows)
    return Columns(
        push.metric,
        _json_times(push.time),
        np.array(push.value, np.float64),
        tuple(push.dimensions),
        keys,
        key,
        **{name: np.array(one, np.float64) for name, one in more.items() if one is not None},
    )


def _json_times(time: list[int | str]) -> NDArray[np.int64]:
    try:
        return plausible(np.array(time, np.int64))
    except (ValueError, TypeError, OverflowError):
        pass
    return plausible(np.array([_instant(row, one) for row, one in enumerate(time)], np.int64))


def _instant(row: int, said: int | str) -> int:
    if isinstance(said, int):
        return said
    try:
        if datetime.fromisoformat(said).tzinfo is not None:
            return parse_instant(said)
    except ValueError:
        pass
    raise InputError(
        f"push: time, row {row}: {said[:40]!r}: write seconds since 1970, or ISO 8601 with an offset: 2026-11-23T09:00Z"
    )


def plausible(time: NDArray[np.int64]) -> NDArray[np.int64]:
    """The times; InputError where one cannot be in seconds."""
    if len(time) and (time.max() >= 10**11 or time.min() <= -(10**11)):
        row = int(np.argmax(np.abs(time)))
        raise InputError(
            f"push: time, row {row}: {time[row]} is too large for seconds since 1970; divide milliseconds by 1000"
        )
    return time


def _json_keys(
    dimensions: dict[str, str | list[str | None]], rows: int
) -> tuple[list[tuple[str, ...]], NDArray[np.int64]]:
    if all(isinstance(one, str) for one in dimensions.values()):
        return [tuple(map(str, dimensions.values()))], np.zeros(rows, np.int64)
    columns = [[one] * rows if isinstance(one, str) else one for one in dimensions.values()]
    places: dict[tuple[str | None, ...], int] = {}
    key = np.fromiter((places.setdefault(one, len(places)) for one in zip(*columns, strict=True)), np.int64, rows)
    return [tuple(NO_VALUE if value is None else value for value in one) for one in places], key
