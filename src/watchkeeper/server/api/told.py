"""`/told`: what was told where, and why not; the messages themselves where a channel writes a file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from litestar import Request, get
from litestar.params import FromQuery, QueryParameter

from watchkeeper.client.records import MessageList, MessageRecord, ToldPage, ToldRecord
from watchkeeper.domain.access import Scope
from watchkeeper.server.api.common import (
    LARGEST_ID,
    Cursor,
    Limit,
    from_cursor,
    from_pair_cursor,
    to_cursor,
    to_datetime,
    to_pair_cursor,
)
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import needs
from watchkeeper.server.messages import messages_of

TAGS = ["told"]
MOST_MESSAGES = 1_000_000
TargetFilter = Annotated[str, QueryParameter(max_length=200, description="Only at this channel, or `flag:NAME`.")]
AlertFilter = Annotated[int | None, QueryParameter(ge=1, le=LARGEST_ID, description="Only of this alert.")]


@get("/told", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS)
def list_told(
    request: Request[Any, Any, Any],
    target: TargetFilter = "",
    outcome: FromQuery[Literal["sent", "held", "failed", "waiting"] | None] = None,
    alert: AlertFilter = None,
    limit: Limit = 50,
    cursor: Cursor = "",
) -> ToldPage:
    """What became of each change of an alert at each channel and flag, the newest change first, and why."""
    found = desk_of(request).service.channels.deliveries(
        limit + 1, before=from_pair_cursor(cursor), target=target, outcome=outcome, alert=alert
    )
    items = [
        ToldRecord(
            transition=one.transition,
            alert=one.alert,
            change=one.change,
            at=to_datetime(one.at),
            target=one.target,
            outcome=one.outcome,
            reason=one.reason,
            decided_at=to_datetime(one.decided_at),
        )
        for one in found[:limit]
    ]
    more = to_pair_cursor(items[-1].transition, items[-1].target) if len(found) > limit else None
    return ToldPage(items=items, next=more)


@get("/told/messages", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS)
def list_messages(request: Request[Any, Any, Any], limit: Limit = 50, cursor: Cursor = "") -> MessageList:
    """Messages that were written into the files of channels, the newest first, without their signed links."""
    place = from_cursor(cursor, 1)
    skipped = 0 if place is None else min(place[0], MOST_MESSAGES)
    found = messages_of(desk_of(request).service.channels.told(skipped + limit + 1)[skipped:])
    return MessageList(
        items=[MessageRecord(subject=one.subject, sentence=one.sentence, rest=one.rest) for one in found[:limit]],
        next=to_cursor(skipped + limit) if len(found) > limit else None,
    )


HANDLERS = (list_told, list_messages)
