"""A few times a month the watch asks about what it kept quiet, and what people reply counts as any answer."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.watch import shop
from tests.watch.test_service import same_state, state
from watchkeeper.cli import main
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.errors import ConfigError, InputError
from watchkeeper.domain.feedback import Answer
from watchkeeper.domain.question import Reply
from watchkeeper.domain.times import DAY, HOUR
from watchkeeper.learn import least_sure
from watchkeeper.stores.ledger import metrics, watermarks
from watchkeeper.stores.ledger import questions as ledger_questions
from watchkeeper.watch import judgements
from watchkeeper.watch.questions import Questions, chosen, slot_of
from watchkeeper.watch.service import Watchkeeper
from watchkeeper.watch.views import Draft


def config(home: Path, questions: str) -> str:
    text = shop.CONFIG.format(shop=home / "shop.db", told=home / "told.txt")
    return text.replace("kind: count", f"kind: count\n    questions_per_month: {questions}")


def test_the_quiet_row_nearest_to_the_bar_is_chosen_and_nothing_later_matters():
    time = np.arange(6, dtype=np.int64)
    above = np.array([np.nan, -1.5, -0.4, 0.5, -0.1, -0.05])
    quiet = np.array([True, True, True, False, False, True])
    assert least_sure(time, above, quiet, 0, 5) == 2
    assert least_sure(time, above, quiet, 0, 6) == 5
    assert least_sure(time, above - 3.0, quiet, 0, 6) is None


def test_a_question_is_asked_once_about_a_window_that_nobody_was_told_of(service: Watchkeeper):
    (question,) = service.questions.listed()
    assert question.slot_end <= shop.END
    assert -2.0 <= question.decades < 0.0
    charts = {page.chosen.id: page.chart for page in state(service)}
    assert not charts[question.series].is_alert[charts[question.series].time.index(question.start)]
    assert service.questions.ask(shop.END) == 0
    service.run_until(shop.END + 16 * DAY)
    assert len(service.questions.listed()) <= 2


def test_what_is_too_large_to_be_held_is_looked_through_in_pieces_and_asked_the_same(
    service: Watchkeeper, monkeypatch: pytest.MonkeyPatch
):
    (question,) = service.questions.listed()
    held = service._judgements
    with service._ledger.read() as tx:
        metric = metrics.metric(tx, "orders")
    slot = slot_of(metric, shop.END)
    assert slot is not None
    monkeypatch.setattr(judgements, "MOST_ROWS", 0)
    monkeypatch.setattr(judgements, "ROWS_AT_ONCE", 1)
    pieces = list(held.pieces(metric))
    assert [len(one.series) for one in pieces] == [1, 1]
    found = [one for one in (chosen(piece, *slot, now=0) for piece in pieces) if one is not None]
    assert (question.series, question.start, question.decades) in [
        (one.series, one.start, one.decades) for one in found
    ]
    assert max(one.decades for one in found) == question.decades
    again = Questions(service._ledger, held, lambda: 0.0, service.answer)
    monkeypatch.setattr(ledger_questions, "asked_until", lambda tx: {})
    assert again.ask(shop.END) == 1
    assert service.questions.listed()[0].start == question.start
    service.answer(Draft(answer=Answer.FALSE_ALARM, by="ann", series=(1,), start=shop.DROP, end=shop.DROP + HOUR))
    assert [len(one.series) for one in held.pieces(metric)] == [2]  # a label speaks of every series


def test_missed_raises_sensitivity_and_fine_is_a_negative_label(service: Watchkeeper):
    (question,) = service.questions.listed(is_open=True)
    before = state(service)
    receipt = service.questions.reply(question.id, Reply.MISSED, "ann")
    assert receipt is not None
    assert "sensitive enough to catch it" in receipt.sentence
    assert receipt.feedback.answer is Answer.MISSED
    assert service.questions.listed(is_open=True) == ()
    assert service.questions.listed()[0].feedback == receipt.feedback.id
    with pytest.raises(InputError, match="was answered by ann: missed"):
        service.questions.reply(question.id, Reply.FINE, "bob")
    service.undo(receipt.feedback.id, "ann")
    assert same_state(state(service), before)


def test_fine_is_an_answer_of_the_log_given_from_the_command_line(service: Watchkeeper, home: Path):
    (question,) = service.questions.listed()
    service.close()
    place = ["--home", str(home / "watchkeeper")]
    (line,) = CliRunner().invoke(main, ["questions", "list", "--json", *place]).output.splitlines()
    assert json.loads(line)["id"] == question.id
    said = CliRunner().invoke(main, ["questions", "answer", str(question.id), "fine", *place])
    assert "Noted as fine: nobody was told of the" in said.output
    with shop.open_service(home) as again:
        (kept,) = again.export_feedback()
        assert (kept["kind"], kept["note"]) == ("false_alarm", f"question {question.id}")
    assert "No question is open." in CliRunner().invoke(main, ["questions", "list", *place]).output


def test_the_budget_of_questions_is_a_setting(home: Path):
    with shop.open_service(home) as service:
        service.apply(parse_config(config(home, "0")), "tester")
        service.run_until(shop.END)
        assert service.questions.listed() == ()
    with pytest.raises(ConfigError, match="between 0"):
        parse_config(config(home, "31"))


def test_only_what_people_may_remember_waits_for_a_reply(service: Watchkeeper):
    (question,) = service.questions.listed()
    (waiting,) = service.questions.waiting(5)
    assert (waiting.question, waiting.metric.name, waiting.series.id) == (question, "orders", question.series)
    assert service.questions.waiting(0) == ()
    with service._ledger.write() as tx:
        watermarks.advance(tx, "orders", question.slot_end + 31 * DAY)
    assert service.questions.waiting(5) == ()
    assert service.questions.listed() == (question,)


def test_skipping_says_nothing(service: Watchkeeper):
    (question,) = service.questions.listed()
    assert service.questions.reply(question.id, Reply.SKIP, "ann") is None
    assert list(service.export_feedback()) == []
