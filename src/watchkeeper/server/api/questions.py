"""`/questions`: what people are asked about quiet windows."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.params import FromQuery, JSONBody

from watchkeeper.client.records import QuestionAnswered, QuestionList, QuestionRecord, QuestionReply
from watchkeeper.domain.access import Scope
from watchkeeper.domain.question import Question
from watchkeeper.server.api.common import MANY, Cursor, Id, Many, page_of, to_datetime
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import needs
from watchkeeper.server.session import caller

TAGS = ["questions"]


def question_record(one: Question) -> QuestionRecord:
    """A question as the API gives it."""
    return QuestionRecord(
        id=one.id,
        metric=one.metric,
        series=one.series,
        start=to_datetime(one.start),
        end=to_datetime(one.end),
        reply=one.reply,
        by=one.by,
        feedback=one.feedback,
        decades=one.decades,
    )


@get("/questions", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS)
def list_questions(
    request: Request[Any, Any, Any], answered_too: FromQuery[bool] = False, limit: Many = MANY, cursor: Cursor = ""
) -> QuestionList:
    """Questions without a reply (`answered_too`: every one), the newest first."""
    page, more = page_of(
        desk_of(request).service.questions.listed(is_open=not answered_too),
        lambda one: one.id,
        limit,
        cursor,
        is_newest_first=True,
    )
    return QuestionList(items=[question_record(one) for one in page], next=more)


@post("/questions/{question_id:int}/reply", sync_to_thread=True, opt=needs(Scope.FEEDBACK), tags=TAGS)
def reply_to_question(
    request: Request[Any, Any, Any], question_id: Id, data: JSONBody[QuestionReply]
) -> QuestionAnswered:
    """Say what a quiet window was: fine and missed become answers. 422 where it has a reply."""
    questions = desk_of(request).service.questions
    receipt = questions.reply(question_id, data.reply, caller(request).name)
    question = next(one for one in questions.listed() if one.id == question_id)
    return QuestionAnswered(question=question_record(question), sentence="" if receipt is None else receipt.sentence)


HANDLERS = (list_questions, reply_to_question)
