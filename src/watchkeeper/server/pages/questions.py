"""Replies to what the watch asks about quiet windows."""

from __future__ import annotations

from typing import Annotated

from litestar import post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect

from watchkeeper.domain.access import Scope
from watchkeeper.domain.errors import InputError
from watchkeeper.domain.question import Reply
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import needs
from watchkeeper.server.pages.answers import own_place, with_receipt
from watchkeeper.server.session import NAMELESS, PageRequest, visitor

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


@post("/questions/{question_id:int}/reply", sync_to_thread=True, opt=needs(Scope.FEEDBACK))
def reply(request: PageRequest, question_id: FromPath[int], data: Form) -> Redirect:
    """Say that a quiet window was fine, that it was missed, or skip it."""
    try:
        said = Reply(data.get("reply", ""))
    except ValueError:
        raise InputError(f"reply: use one of {', '.join(each.value for each in Reply)}") from None
    found = visitor(request)
    receipt = desk_of(request).service.questions.reply(question_id, said, found.name if found else NAMELESS)
    back = own_place(data.get("next", ""), "/metrics")
    return Redirect(back if receipt is None else with_receipt(back, [receipt.feedback.id]), status_code=303)


HANDLERS = (reply,)
