"""Feedback as JSON Lines."""

from __future__ import annotations

import json
import re

import pytest

from watchkeeper.domain.errors import InputError
from watchkeeper.domain.feedback import Answer
from watchkeeper.learn import read_lines

KNOWN = {"a": 0, "b": 1, "7": 2}
EVENT = {"kind": "event", "series": "a", "start": "2024-01-01", "end": "2024-01-02", "given_at": "2024-01-03"}
DAY = 86400
NEW_YEAR = 1_704_067_200


def test_a_line_becomes_an_entry() -> None:
    (entry,), unknown = read_lines([json.dumps(EVENT | {"by": "ann", "note": "launch", "id": "x", "more": [1]})], KNOWN)
    assert (entry.answer, entry.series, entry.by, entry.note) == (Answer.EVENT, (0,), "ann", "launch")
    assert (entry.start, entry.end, entry.given_at) == (NEW_YEAR, NEW_YEAR + DAY, NEW_YEAR + 2 * DAY)
    assert unknown == {}


@pytest.mark.parametrize(
    ("series", "ids"),
    [("*", (0, 1, 2)), (["b", "a", "b"], (1, 0)), (7, (2,)), ([7, "a"], (2, 0))],
)
def test_series_are_a_name_a_list_or_all(series: object, ids: tuple[int, ...]) -> None:
    assert read_lines([EVENT | {"series": series}], KNOWN).entries[0].series == ids


def test_other_spellings_of_scalars() -> None:
    known = {"true": 0, "1.5": 1, "*": 2}
    log = read_lines([EVENT | {"series": name} for name in (True, 1.5, "*")], known)
    assert [one.series for one in log.entries] == [(0,), (1,), (2,)]


def test_unknown_series_are_counted() -> None:
    log = read_lines([EVENT | {"series": ["a", "x"]}, EVENT | {"series": "x"}], KNOWN)
    assert log.unknown == {"x": 2}
    assert [one.series for one in log.entries] == [(0,), ()]


def test_lines_are_put_in_order_of_their_giving_and_blank_ones_passed_over() -> None:
    late, early = EVENT | {"id": 1}, EVENT | {"id": 2, "given_at": "2024-01-02T12:00:00+01:00"}
    undo = {"kind": "undo", "undoes": 2, "given_at": "2024-01-05"}
    entries = read_lines([json.dumps(undo), "", b"  \n", json.dumps(late).encode(), json.dumps(early)], KNOWN).entries
    assert [one.id for one in entries] == [1, 2, 3]
    assert entries[2].undoes == 1
    assert entries[0].given_at == NEW_YEAR + DAY + 11 * 3600


def test_new_normal_needs_no_end() -> None:
    line = {key: value for key, value in EVENT.items() if key != "end"} | {"kind": "new_normal"}
    assert read_lines([line], KNOWN).entries[0].start == NEW_YEAR


def test_times_without_an_offset_are_on_the_wall_clock_of_the_zone() -> None:
    assert read_lines([EVENT], KNOWN, zone="Europe/Berlin").entries[0].start == NEW_YEAR - 3600


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "not a JSON object; write one object a line"),
        ("[1]", "Expected `object`, got `array`"),
        (b"\xff{}", "not a JSON object"),
        ({key: value for key, value in EVENT.items() if key != "given_at"}, "needs the key `given_at`"),
        (EVENT | {"kind": "maybe"}, "kind 'maybe' is not known; use one of real, false_alarm, missed"),
        (EVENT | {"given_at": "soon"}, "given_at: 'soon' is not a time; write it as 2026-"),
        (EVENT | {"start": "soon"}, "start: 'soon' is not a time"),
        (EVENT | {"end": "01/02/2024"}, "end: '01/02/2024' is not a time"),
        (EVENT | {"end": "2024-01-01"}, "end 2024-01-01 does not lie after start 2024-01-01"),
        (EVENT | {"end": None}, "event needs start and end"),
        (EVENT | {"kind": "new_normal", "start": None}, "new_normal needs start,"),
        (EVENT | {"series": None}, "event needs series"),
        (EVENT | {"series": []}, "event needs series"),
        (EVENT | {"start": 5}, "Expected `str | null`, got `int` in start"),
        (EVENT | {"id": "first"}, "id 'first' was used before"),
        ({"kind": "undo", "given_at": "2024-01-05"}, "an undo needs undoes"),
        ({"kind": "undo", "given_at": "2024-01-05", "undoes": "?"}, "undoes '?', but no line given before it"),
    ],
)
def test_a_bad_line_is_named_with_its_mend(line: object, told: str) -> None:
    lines = [EVENT | {"id": "first"}, line]
    with pytest.raises(InputError, match=re.escape(told)) as caught:
        read_lines(lines, KNOWN, place="answers.jsonl")  # type: ignore[arg-type]
    assert str(caught.value).startswith("answers.jsonl: line 2")
