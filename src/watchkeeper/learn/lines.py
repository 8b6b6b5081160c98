"""Feedback as text: one JSON object a line, read into the records of the log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from watchkeeper.domain.errors import InputError
from watchkeeper.domain.feedback import Answer, Feedback
from watchkeeper.domain.recurrence import check_rule
from watchkeeper.domain.times import parse_instant, zone_info

KINDS = (*(answer.value for answer in Answer), "undo")
_WINDOWED = frozenset(Answer) - {Answer.NEW_NORMAL}


class Log(NamedTuple):
    """What was read: `entries` by (`given_at`, line), and how often each name that is no known series occurs."""

    entries: tuple[Feedback, ...]
    unknown: dict[str, int]


class _Line(msgspec.Struct):
    """One line; any further keys are left to whoever wrote them."""

    kind: str
    given_at: str
    id: str | int | None = None
    series: str | int | float | bool | list[str | int | float | bool] | None = None
    start: str | None = None
    end: str | None = None
    by: str = ""
    note: str = ""
    undoes: str | int | None = None
    repeat: str = ""
    zone: str = ""
    force: bool = False


def read_lines(
    lines: Iterable[str | bytes | Mapping[str, Any]],
    series: Mapping[str, int],
    *,
    zone: str = "UTC",
    place: str = "feedback",
) -> Log:
    """Read a log of feedback, one JSON object a line (or the objects themselves).

    `kind` is one of `KINDS`; `given_at`, `start` and `end` are ISO times, on the wall clock of `zone` where they have
    no offset; windows are `[start, end)`. `series` is a name, a list of names, or `"*"` for all of `series` (name to
    id). An undo names in `undoes` the `id` of a line given before it. Lines may stand in any order; blank ones are
    passed over.

    An event may `repeat` (`domain.recurrence`), on the wall clock of its own `zone` (default: `zone`). `force` is a
    second yes: with missed, its like is told whatever that costs.

    Names that `series` does not hold are counted, not refused: a log may speak of more than one file holds.

    Raises InputError naming `place` and the line where a line is not of this shape.
    """
    read = []
    for number, raw in enumerate(lines, start=1):
        if isinstance(raw, (str, bytes)) and not raw.strip():
            continue
        where = f"{place}: line {number}"
        line = _decode(raw, where)
        read.append((parse_time(line.given_at, zone, f"{where}: given_at"), number, where, line))
    read.sort(key=lambda entry: entry[:2])
    ids: dict[str, int] = {}
    unknown: dict[str, int] = {}
    entries = []
    for order, (given_at, _, where, line) in enumerate(read, start=1):
        entries.append(_entry(order, given_at, line, where, series, zone, ids, unknown))
        if line.id is not None:
            if str(line.id) in ids:
                raise InputError(f"{where}: id {line.id!r} was used before; give each answer an id of its own")
            ids[str(line.id)] = order
    return Log(tuple(entries), unknown)


def parse_time(text: str, zone: str, where: str) -> int:
    """Seconds since 1970 UTC; InputError naming `where`."""
    try:
        return parse_instant(text, zone)
    except InputError:
        raise InputError(f"{where}: {text!r} is not a time; write it as 2026-11-23T09:00:00Z") from None


def _decode(raw: str | bytes | Mapping[str, Any], where: str) -> _Line:
    try:
        if isinstance(raw, (str, bytes)):
            line = msgspec.json.decode(raw, type=_Line)
        else:
            line = msgspec.convert(dict(raw), _Line)
    except msgspec.ValidationError as error:
        raise InputError(f"{where}: {_plain(error)}") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InputError(f"{where}: not a JSON object; write one object a line, such as {_EXAMPLE}") from None
    except RecursionError:
        raise InputError(f"{where}: it nests too deep; write it flat, such as {_EXAMPLE}") from None
    if line.kind not in KINDS:
        raise InputError(f"{where}: kind {line.kind!r} is not known; use one of {', '.join(KINDS)}")
    return line


_EXAMPLE = '{"kind": "event", "series": "*", "start": "2026-11-23", "end": "2026-11-24", "given_at": "2026-11-24"}'


def _plain(error: msgspec.ValidationError) -> str:
    """The library's message without the path syntax: people see the key."""
    text = str(error)
    for key in _Line.__struct_fields__:
        text = text.replace(f" - at `$.{key}`", f" in {key}").replace(f" - at `$.{key}[...]`", f" in {key}")
    return text.replace("Object missing required field", "needs the key")


def _entry(
    order: int,
    given_at: int,
    line: _Line,
    where: str,
    series: Mapping[str, int],
    zone: str,
    ids: Mapping[str, int],
    unknown: dict[str, int],
) -> Feedback:
    if line.kind == "undo":
        if line.undoes is None:
            raise InputError(f"{where}: an undo needs undoes, the id of the line that it takes back")
        target = ids.get(str(line.undoes))
        if target is None:
            raise InputError(f"{where}: undoes {line.undoes!r}, but no line given before it has that id")
        return Feedback(id=order, by=line.by, given_at=given_at, note=line.note, undoes=target)
    answer = Answer(line.kind)
    if line.start is None or (line.end is None and answer in _WINDOWED):
        wanted = "start and end" if answer in _WINDOWED else "start"
        raise InputError(f"{where}: {line.kind} needs {wanted}, ISO times such as 2026-11-23T09:00:00Z")
    start = parse_time(line.start, zone, f"{where}: start")
    end = start if line.end is None else parse_time(line.end, zone, f"{where}: end")
    if answer in _WINDOWED and end <= start:
        raise InputError(f"{where}: end {line.end} does not lie after start {line.start}; a window is [start, end)")
    if line.repeat and answer is not Answer.EVENT:
        raise InputError(f"{where}: only an event can repeat, not {line.kind}; leave repeat out")
    try:
        if line.repeat:
            check_rule(line.repeat)
        zone_info(line.zone or zone)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    return Feedback(
        id=order,
        by=line.by,
        given_at=given_at,
        answer=answer,
        repeat=line.repeat,
        zone=line.zone or zone,
        series=_series(line, where, series, unknown),
        start=start,
        end=end,
        note=line.note,
        is_forced=line.force,
    )


def _series(line: _Line, where: str, series: Mapping[str, int], unknown: dict[str, int]) -> tuple[int, ...]:
    if line.series is None or line.series == []:
        raise InputError(f'{where}: {line.kind} needs series: a name, a list of names, or "*" for all')
    if line.series == "*" and "*" not in series:
        return tuple(series.values())
    names = line.series if isinstance(line.series, list) else [line.series]
    found = []
    for name in names:
        text = spelled(name)
        if text in series:
            found.append(series[text])
        else:
            unknown[text] = unknown.get(text, 0) + 1
    return tuple(dict.fromkeys(found))


def spelled(name: str | int | float | bool) -> str:
    """A series name as text: JSON's `true` and `1.5` are the names `true` and `1.5`."""
    if isinstance(name, bool):
        return str(name).lower()
    return name if isinstance(name, str) else format(name, "g") if isinstance(name, float) else str(name)
