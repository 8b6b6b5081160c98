"""`watchkeeper score --feedback`: what each answer does, and from when."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import watchkeeper
from tests.cli.points import COLUMNS, DROP, SPIKE, at, column, feedback, run, same, scored, table, values

LATER = 440


def line(kind: str, start: int, end: int, given: int, series: Any = "a", **more: Any) -> dict[str, Any]:
    return {"kind": kind, "series": series, "start": at(start), "end": at(end), "given_at": at(given)} | more


def told(folder: Path, given: pa.Table, *lines: dict[str, Any], budget: float = 1) -> pa.Table:
    return scored(folder, given, "--feedback", feedback(folder, *lines), f"--false-alerts-per-month={budget}")


def twice() -> pa.Table:
    """A spike, and the same again later."""
    value = values()
    value[LATER] = value[SPIKE] - 1
    return table(value=value)


def test_no_answers_change_nothing(tmp_path: Path) -> None:
    assert same(told(tmp_path, table()), scored(tmp_path, table()))


def test_nothing_changes_before_an_answer_was_given(tmp_path: Path) -> None:
    plain = scored(tmp_path, table())
    for kind in ("real", "false_alarm", "missed", "event", "new_normal", "bad_data"):
        out = told(tmp_path, table(), line(kind, SPIKE, SPIKE + 9, 350))
        assert same(out[:350], plain[:350]), kind


def test_a_false_alarm_makes_its_like_silent_later(tmp_path: Path) -> None:
    plain = scored(tmp_path, twice())
    assert column(plain, "alert")[LATER]
    out = told(tmp_path, twice(), line("false_alarm", SPIKE, SPIKE + 3, 350))
    assert column(out, "alert")[SPIKE], "it was told before it was called false"
    assert column(out, "alert")[DROP], "the other direction stays as it was"
    assert not column(out, "alert")[LATER], "it is no larger"
    assert same(out, plain, COLUMNS[:-1]), "labels change no score"


def test_a_confirmed_alert_outweighs_false_alarms(tmp_path: Path) -> None:
    lines = [line("real", SPIKE, SPIKE + 2, 350), line("false_alarm", SPIKE, SPIKE + 3, 351)]
    out = told(tmp_path, twice(), *lines)
    assert column(out, "alert")[LATER]


def test_a_missed_window_less_than_a_decade_below_the_bar_makes_its_like_told_later(tmp_path: Path) -> None:
    value = values()
    value[LATER] = value[SPIKE] - 20  # Hardly smaller, and more surprising for its hour.
    given = table(value=value)
    score = column(scored(tmp_path, given), "score")
    just_above = 0.01
    budget = 10 ** -(score[LATER] + just_above)
    assert -1.0 < score[SPIKE] - score[LATER] - just_above < -0.9
    assert not column(scored(tmp_path, given, f"--false-alerts-per-month={budget}"), "alert")[LATER]
    out = told(tmp_path, given, line("missed", SPIKE, SPIKE + 2, 350), budget=budget)
    assert column(out, "alert")[LATER]
    assert not column(out, "alert")[:350].any()


def test_what_was_missed_far_below_the_bar_makes_its_like_told_by_a_second_yes_only(tmp_path: Path) -> None:
    given = twice()
    score = column(scored(tmp_path, given), "score")
    budget = 10 ** -(score[SPIKE] + 1.5)
    missed = line("missed", SPIKE, SPIKE + 2, 350)
    assert not column(told(tmp_path, given, missed, budget=budget), "alert")[LATER]
    forced = column(told(tmp_path, given, missed | {"force": True}, budget=budget), "alert")
    assert forced[LATER]
    assert not forced[SPIKE], "it was told of afterwards only"


def test_an_event_known_in_advance_explains_and_teaches_nothing(tmp_path: Path) -> None:
    plain = scored(tmp_path, table())
    out = told(tmp_path, table(), line("event", SPIKE, SPIKE + 6, 100))
    assert not column(out, "alert")[SPIKE : SPIKE + 6].any()
    assert column(out, "score")[SPIKE] == column(plain, "score")[SPIKE], "the score stays"
    assert same(out[:SPIKE], plain[:SPIKE])


def test_what_is_inside_an_event_has_no_effect_after_it(tmp_path: Path) -> None:
    other = values()
    other[SPIKE : SPIKE + 6] = 1e5
    event = line("event", SPIKE, SPIKE + 6, 100)
    assert same(
        told(tmp_path, table(), event)[SPIKE + 6 :], told(tmp_path, table(value=other), event)[SPIKE + 6 :], COLUMNS[3:]
    )


def test_an_event_told_afterwards_leaves_what_was_told(tmp_path: Path) -> None:
    plain = scored(tmp_path, table())
    out = told(tmp_path, table(), line("event", SPIKE, SPIKE + 6, SPIKE + 6))
    assert same(out[: SPIKE + 6], plain[: SPIKE + 6])
    assert not same(out[SPIKE + 6 :], plain[SPIKE + 6 :])


def test_bad_data_is_void_the_value_echoed_and_the_score_empty(tmp_path: Path) -> None:
    out = told(tmp_path, table(), line("bad_data", SPIKE, SPIKE + 2, 100))
    assert out["value"].equals(table()["value"])
    assert out["score"][SPIKE : SPIKE + 2].null_count == 2
    assert out["expected"][SPIKE : SPIKE + 2].null_count == 0
    assert not column(out, "alert")[SPIKE : SPIKE + 2].any()
    value = values()
    value[SPIKE : SPIKE + 2] = np.nan
    assert same(out, scored(tmp_path, table(value=value)), COLUMNS[3:])


def test_a_new_normal_is_in_force_at_once(tmp_path: Path) -> None:
    value = values(800)
    value[LATER:] += 70
    given = table(seconds=None, value=value) if len(value) == 480 else table_of(value)
    plain, out = scored(tmp_path, given), None
    line_ = {"kind": "new_normal", "series": "a", "start": at(LATER), "given_at": at(LATER + 6)}
    out = scored(tmp_path, given, "--feedback", feedback(tmp_path, line_))
    assert same(out[: LATER + 6], plain[: LATER + 6])
    error = [np.abs(column(one, "expected") - value)[LATER + 6 : LATER + 30].mean() for one in (plain, out)]
    assert error[1] < 0.7 * error[0]
    assert not column(out, "alert")[LATER + 12 : LATER + 30].any()


def table_of(value: np.ndarray) -> pa.Table:
    from tests.cli.points import hours

    return table(seconds=hours(len(value)), value=value)


def test_an_undo_leaves_what_was_from_then_on(tmp_path: Path) -> None:
    plain = scored(tmp_path, twice())
    event = line("event", SPIKE, SPIKE + 6, 100, id="e")
    undo = {"kind": "undo", "undoes": "e", "given_at": at(420)}
    out = told(tmp_path, twice(), event, undo)
    assert same(out[:420], told(tmp_path, twice(), event)[:420])
    assert same(out[420:], plain[420:])
    again = {"kind": "undo", "undoes": "u", "given_at": at(430)}
    both = told(tmp_path, twice(), event, undo | {"id": "u"}, again)
    assert same(both[430:], told(tmp_path, twice(), event)[430:])


def test_series_are_named_one_by_one_in_a_list_or_all(tmp_path: Path) -> None:
    given = pa.concat_tables([table(name) for name in "abc"])
    for series, explained in (("b", "b"), (["a", "c"], "ac"), ("*", "abc")):
        out = told(tmp_path, given, line("event", SPIKE, SPIKE + 6, 100, series))
        alert = column(out, "alert").reshape(3, 480)[:, SPIKE]
        assert [name for name, is_told in zip("abc", alert, strict=True) if not is_told] == list(explained)


def test_numbers_name_series_too(tmp_path: Path) -> None:
    given = table(names=pa.array([7] * 480))
    for name in (7, "7", [7]):
        assert not column(told(tmp_path, given, line("event", SPIKE, SPIKE + 6, 100, name)), "alert")[SPIKE]


def test_unknown_series_are_counted_and_the_rest_holds(tmp_path: Path) -> None:
    pq.write_table(table(), tmp_path / "in.parquet")
    answers = feedback(tmp_path, line("event", SPIKE, SPIKE + 6, 100, ["a", "x"]), line("event", 1, 2, 3, ["x", "y"]))
    result = run(tmp_path / "in.parquet", tmp_path / "out.parquet", "--feedback", answers)
    assert result.exit_code == 0
    assert "2 series named in the feedback are not in the table" in result.stderr
    assert not column(pq.read_table(tmp_path / "out.parquet"), "alert")[SPIKE]


def test_a_library_call_takes_objects_or_a_file(tmp_path: Path) -> None:
    event = line("event", SPIKE, SPIKE + 6, 100)
    path = feedback(tmp_path, event)
    from_file, from_objects = watchkeeper.score(table(), feedback=path), watchkeeper.score(table(), feedback=[event])
    assert same(from_file, from_objects)
    assert same(from_file, watchkeeper.score(table(), feedback=str(path)))
    assert same(from_file, told(tmp_path, table(), event))


def test_times_without_an_offset_are_on_the_wall_clock_of_the_file(tmp_path: Path) -> None:
    event = line("event", SPIKE, SPIKE + 1, 100)
    local = {key: text.replace("Z", "") if key in ("start", "end", "given_at") else text for key, text in event.items()}
    berlin = table().set_column(1, "ts", table()["ts"].cast(pa.timestamp("us", "Europe/Berlin")))
    out = watchkeeper.score(berlin, feedback=[local])
    assert not column(out, "alert")[SPIKE - 1]
    assert column(out, "alert")[SPIKE], "in Berlin the hour was over by then"
    assert not column(watchkeeper.score(table(), feedback=[local]), "alert")[SPIKE]
