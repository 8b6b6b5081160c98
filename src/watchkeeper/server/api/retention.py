"""`/retention`: how long things are kept, and what would go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from litestar import Request, get, post

from watchkeeper.client.records import RetentionRecord
from watchkeeper.domain.access import Scope
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import needs
from watchkeeper.server.session import caller

if TYPE_CHECKING:
    from watchkeeper.watch.retention import Outlook

TAGS = ["retention"]


def retention_record(found: Outlook, *, is_removed: bool) -> RetentionRecord:
    """What goes as the API gives it."""
    return RetentionRecord(
        kept=found.retention,
        points=found.points,
        alerts=found.alerts,
        audit=found.audit,
        held_series=found.held_series,
        held_alerts=found.held_alerts,
        is_removed=is_removed,
    )


@get("/retention", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS)
def look_at_retention(request: Request[Any, Any, Any]) -> RetentionRecord:
    """How long things are kept, and what is older and would go; removes nothing."""
    return retention_record(desk_of(request).service.retention.look(), is_removed=False)


@post("/retention/apply", sync_to_thread=True, status_code=200, opt=needs(Scope.ADMIN), tags=TAGS)
def apply_retention(request: Request[Any, Any, Any]) -> RetentionRecord:
    """Remove now what is older; the service does it once a day by itself."""
    return retention_record(desk_of(request).service.retention.clear(caller(request).name), is_removed=True)


HANDLERS = (look_at_retention, apply_retention)
