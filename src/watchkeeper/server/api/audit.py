"""`/audit`: who changed what. For admins."""

from __future__ import annotations

from typing import Any

from litestar import Request, get

from watchkeeper.client.records import AuditPage, AuditRecord
from watchkeeper.domain.access import Scope
from watchkeeper.server.api.common import Cursor, Limit, from_cursor, to_cursor, to_datetime
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import needs


@get("/audit", sync_to_thread=True, opt=needs(Scope.ADMIN), tags=["audit"])
def list_audit(request: Request[Any, Any, Any], limit: Limit = 50, cursor: Cursor = "") -> AuditPage:
    """The audit log, the newest entry first. People are named by number in the details."""
    place = from_cursor(cursor, 1)
    found = desk_of(request).service.access.changes(limit + 1, None if place is None else place[0])
    items = [
        AuditRecord(id=one.id, at=to_datetime(one.at), by=one.by, what=one.what, detail=one.detail)
        for one in found[:limit]
    ]
    return AuditPage(items=items, next=to_cursor(items[-1].id) if len(found) > limit else None)


HANDLERS = (list_audit,)
