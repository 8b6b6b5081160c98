"""The log folded: undo, the latest answer, order, epochs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.learn.logs import BEGIN, HOUR, SERIES, answer, answers, logs, undo
from watchkeeper.domain.feedback import NOTHING, Answer, Feedback, SeriesKnowledge, Window
from watchkeeper.learn import fold, in_force
from watchkeeper.learn.knowledge import BEGINNING


def with_id(entry: Feedback, number: int, given_at: int) -> Feedback:
    return Feedback(**{f: getattr(entry, f) for f in entry.__struct_fields__} | {"id": number, "given_at": given_at})


@given(logs(), answers())
def test_an_answer_and_its_undo_leave_the_knowledge_without_it(log: list[Feedback], entry: Feedback) -> None:
    now = max((one.given_at for one in log), default=BEGIN)
    grown = [*log, with_id(entry, 100, now), undo(101, 100, now)]
    assert fold(grown) == fold(log)
    for series in range(SERIES):
        assert fold(grown).epochs(series) == fold(log).epochs(series)


@given(logs(), answers())
def test_an_undo_of_an_undo_restores(log: list[Feedback], entry: Feedback) -> None:
    now = max((one.given_at for one in log), default=BEGIN)
    grown = [*log, with_id(entry, 100, now)]
    assert fold([*grown, undo(101, 100, now), undo(102, 101, now)]) == fold(grown)
    assert fold([*grown, undo(101, 100, now), undo(102, 101, now), undo(103, 102, now)]) == fold(log)


@given(logs().flatmap(lambda log: st.tuples(st.just(log), st.permutations(log))))
def test_the_order_of_the_log_does_not_matter(both: tuple[list[Feedback], list[Feedback]]) -> None:
    log, shuffled = both
    assert fold(shuffled) == fold(log)
    assert in_force(shuffled) == in_force(log)
    for series in range(SERIES):
        assert fold(shuffled).epochs(series) == fold(log).epochs(series)


@given(logs())
def test_an_alert_has_one_answer_the_latest_in_force(log: list[Feedback]) -> None:
    known = [fold(log).of(series) for series in range(SERIES)]
    used = {one.feedback for each in known for one in (*each.events, *each.void, *each.restarts, *each.labels)}
    for alert in (1, 2):
        said = [one for one in in_force(log) if one.alert == alert]
        assert {one.id for one in said} & used == ({said[-1].id} if said else set())


@given(logs(), st.integers(0, 260))
def test_an_epoch_is_the_fold_of_what_was_given_by_then(log: list[Feedback], hour: int) -> None:
    now = BEGIN + hour * HOUR
    by_then = fold([one for one in log if one.given_at <= now])
    for series in range(SERIES):
        epoch = [one for one in fold(log).epochs(series) if one.since <= now][-1]
        assert epoch.knowledge == by_then.of(series)


def test_each_answer_becomes_what_the_design_says() -> None:
    kinds = list(Answer)
    log = [answer(number, kind, number, number + 2) for number, kind in enumerate(kinds, start=1)]
    known = fold(log).of(0)
    real, false_alarm, missed, event, new_normal, bad = range(1, 7)
    assert [(one.feedback, one.is_real, one.is_confirmed) for one in known.labels] == [
        (real, True, True),
        (false_alarm, False, False),
        (missed, True, False),
    ]
    assert [one.feedback for one in known.events] == [event]
    assert [one.feedback for one in known.restarts] == [new_normal]
    assert [one.feedback for one in known.void] == [bad]
    assert fold(log).of(1) == NOTHING


def test_a_later_verdict_on_the_same_window_replaces_the_earlier_one() -> None:
    log = [answer(1, Answer.FALSE_ALARM, 5, 8), answer(2, Answer.REAL, 5, 8), answer(3, Answer.FALSE_ALARM, 5, 9)]
    assert [(one.feedback, one.is_real) for one in fold(log).of(0).labels] == [(2, True), (3, False)]


def test_an_answer_on_an_alert_is_replaced_on_all_its_series() -> None:
    log = [
        answer(1, Answer.EVENT, 5, 8, series=(0, 1), alert=7),
        answer(2, Answer.REAL, 5, 8, series=(0,), alert=7, given_at=9),
    ]
    assert fold(log).of(1) == NOTHING
    assert [one.feedback for one in fold(log).of(0).labels] == [2]
    assert [epoch.since for epoch in fold(log).epochs(1)] == [BEGINNING, 0, 9]


def test_an_undo_before_its_target_says_nothing() -> None:
    log = [undo(1, 2), answer(2, Answer.REAL, 5, 8)]
    assert [one.feedback for one in fold(log).of(0).labels] == [2]


def test_in_force_tells_answers_and_if_asked_undos() -> None:
    log = [answer(1, Answer.REAL, 5, 8), answer(2, Answer.EVENT, 5, 8), undo(3, 1), undo(4, 3), undo(5, 2)]
    assert [one.id for one in in_force(log)] == [1]
    assert [one.id for one in in_force(log, with_undos=True)] == [1, 4, 5]


def test_standing_knowledge_is_there_from_the_beginning_and_stays() -> None:
    holiday = SeriesKnowledge(events=(Window(start=1, end=2, note="holiday"),))
    known = fold([answer(1, Answer.EVENT, 5, 8, given_at=9)], {0: holiday, 3: holiday})
    assert known.of(3) == holiday
    assert known.epochs(0)[0] == (BEGINNING, holiday)
    assert [one.feedback for one in known.of(0).events] == [0, 1]
    assert known.series() == {0, 3}
    assert known != fold([]), "equality looks at what is known"
    assert known != "knowledge"
