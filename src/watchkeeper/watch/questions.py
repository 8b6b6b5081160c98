"""The watch asks about quiet windows it was least sure of, a few times a month: misses are measured, not assumed."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np

from watchkeeper.domain.errors import InputError
from watchkeeper.domain.feedback import Answer
from watchkeeper.domain.metric import Metric
from watchkeeper.domain.question import Question, Reply
from watchkeeper.domain.times import MONTH
from watchkeeper.learn import least_sure
from watchkeeper.stores.ledger import Ledger, audit, metrics, questions, series, watermarks
from watchkeeper.watch.judge import Judgement
from watchkeeper.watch.judgements import Judgements
from watchkeeper.watch.views import Asked, Draft, Receipt

LIVING_S = int(MONTH)
"""A question is open while its stretch ended so long ago at most, by the metric's points: later nobody remembers."""
JUDGED_AT_ONCE = 2
"""Metrics looked through for a question in one run: each is judged whole, and no run should wait for that."""


class Questions:
    """What people are asked about windows that nobody was told of. Methods may be called from any thread."""

    def __init__(
        self,
        ledger: Ledger,
        judgements: Judgements,
        clock: Callable[[], float],
        answer: Callable[[Draft], Receipt],
    ) -> None:
        self._ledger = ledger
        self._judgements = judgements
        self._clock = clock
        self._answer = answer
        self._looked_until: dict[str, int] = {}

    def ask(self, now: int) -> int:
        """Ask what is due at `now`; returns how many questions that were.

        A month is cut into as many stretches as it may have questions; when one is over, its least sure quiet point is
        asked about. Stretches that ended long before `now` are let go.
        """
        with self._ledger.read() as tx:
            known = metrics.metrics(tx)
            marks, asked = watermarks.all_of(tx), questions.asked_until(tx)
        due = []
        for metric in known:
            slot = slot_of(metric, marks.get(metric.name, 0))
            if slot is None or slot[1] < now - 2 * (slot[1] - slot[0]):
                continue
            if slot[1] > max(asked.get(metric.name, 0), self._looked_until.get(metric.name, 0)):
                due.append((slot, metric))
        count = 0
        for slot, metric in sorted(due, key=lambda one: one[0])[:JUDGED_AT_ONCE]:
            self._looked_until[metric.name] = slot[1]
            found = (chosen(one, *slot, now=now) for one in self._judgements.pieces(metric))
            question = max((one for one in found if one is not None), key=lambda one: one.decades, default=None)
            if question is not None:
                with self._ledger.write() as tx:
                    questions.ask(tx, question)
                count += 1
        return count

    def listed(self, metric: str | None = None, *, is_open: bool = False) -> tuple[Question, ...]:
        """The questions (of one metric), the newest first; only those that wait for a reply if asked for."""
        with self._ledger.read() as tx:
            found, marks, gone = questions.listed(tx, metric), watermarks.all_of(tx), metrics.removed(tx)
        return tuple(
            one
            for one in found
            if not is_open
            or (one.reply is None and one.slot_end >= marks.get(one.metric, 0) - LIVING_S and one.metric not in gone)
        )

    def waiting(self, limit: int, metric: str | None = None) -> tuple[Asked, ...]:
        """The newest questions that wait for a reply, with what they are about; at most one of each metric."""
        first: dict[str, Question] = {}
        for one in self.listed(metric, is_open=True):
            first.setdefault(one.metric, one)
        chosen = list(first.values())[:limit]
        with self._ledger.read() as tx:
            members = {one.id: one for one in series.by_id(tx, [one.series for one in chosen])}
            return tuple(
                Asked(question=one, metric=metrics.metric(tx, one.metric), series=members[one.series]) for one in chosen
            )

    def reply(self, question_id: int, said: Reply, by: str) -> Receipt | None:
        """Say what a quiet window was: fine and missed become answers, with their receipt; skipped is left alone.

        Raises NotFoundError, InputError where it has a reply, and GuardError as any answer does.
        """
        with self._ledger.read() as tx:
            question = questions.get(tx, question_id)
        if question.reply is not None:
            raise InputError(
                f"question {question_id} was answered by {question.by}: {question.reply.value}; "
                "undo that answer on the metric's page to change it"
            )
        receipt = None
        if said is not Reply.SKIP:
            kind = Answer.MISSED if said is Reply.MISSED else Answer.FALSE_ALARM
            receipt = self._answer(
                Draft(
                    answer=kind,
                    by=by,
                    series=(question.series,),
                    start=question.start,
                    end=question.end,
                    note=f"question {question_id}",
                )
            )
        now = int(self._clock())
        with self._ledger.write() as tx:
            questions.reply(tx, question_id, said, by, now, None if receipt is None else receipt.feedback.id)
            audit.add(tx, by, now, "question", f"#{question_id} {said.value}")
        return receipt


def slot_of(metric: Metric, until: int) -> tuple[int, int] | None:
    """The newest stretch of time `[start, end)` that is over at `until`; None where the metric asks nothing.

    Metrics take turns: each has its own beginning of stretches.
    """
    if not metric.questions_per_month:
        return None
    length = int(MONTH / metric.questions_per_month)
    offset = zlib.crc32(metric.name.encode()) % length
    end = (until - offset) // length * length + offset
    return end - length, end


def chosen(judgement: Judgement, start: int, end: int, *, now: int) -> Question | None:
    """The question about a stretch: the quiet period, of any series, that came nearest to the bar."""
    metric, columns = judgement.metric, judgement.columns
    above = judgement.surprise - judgement.bar
    quiet = ~judgement.alert & ~judgement.explained & np.isfinite(columns.value)
    row = least_sure(columns.time, above, quiet, start, end)
    if row is None:
        return None
    place = int(np.searchsorted(columns.start, row, side="right")) - 1
    time = int(columns.time[row])
    return Question(
        id=0,
        metric=metric.name,
        series=judgement.series[place].id,
        start=time,
        end=time + metric.step_s,
        decades=float(above[row]),
        slot_end=end,
        asked_at=now,
    )
