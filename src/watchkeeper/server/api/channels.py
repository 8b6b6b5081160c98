"""`/channels`: who is told, and how that fares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from litestar import Request, get, post

from watchkeeper.client.records import ChannelList, ChannelRecord
from watchkeeper.domain.access import Scope
from watchkeeper.server.api.common import MANY, Cursor, Many, Name, page_of, to_datetime
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import needs
from watchkeeper.server.session import caller

if TYPE_CHECKING:
    from watchkeeper.watch.channels import ChannelLine

TAGS = ["channels"]


def channel_record(line: ChannelLine) -> ChannelRecord:
    """A channel as the API gives it."""
    return ChannelRecord(
        name=line.name,
        kind=line.way,
        is_failing=line.is_failing,
        sentence=line.sentence,
        pending=line.pending,
        delivered_at=None if line.delivered_at is None else to_datetime(line.delivered_at),
    )


@get("/channels", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS)
def list_channels(request: Request[Any, Any, Any], limit: Many = MANY, cursor: Cursor = "") -> ChannelList:
    """Every channel, without its address, and how it fares."""
    page, more = page_of(desk_of(request).service.channels.lines(), lambda one: one.name, limit, cursor)
    return ChannelList(items=[channel_record(one) for one in page], next=more)


@post("/channels/{name:str}/test", sync_to_thread=True, status_code=200, opt=needs(Scope.CONFIGURE), tags=TAGS)
def test_channel(request: Request[Any, Any, Any], name: Name) -> ChannelRecord:
    """Send a test message. 503 (`channel`) says why it did not arrive; a success ends a back-off."""
    return channel_record(desk_of(request).service.channels.test(name, caller(request).name))


HANDLERS = (list_channels, test_channel)
