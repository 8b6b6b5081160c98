"""`/feedback`: say an answer, see before what it would change, take it back; the log."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import JSONBody

from watchkeeper.client.records import (
    CalendarDraft,
    CalendarRecord,
    DraftRecord,
    FeedbackLines,
    FeedbackPage,
    FeedbackRecord,
    ImportDraft,
    ImportedRecord,
    ReceiptRecord,
    SeveralDraft,
    SeveralRecord,
)
from watchkeeper.domain.access import Scope
from watchkeeper.domain.feedback import Feedback
from watchkeeper.server.api.common import Cursor, Id, Limit, from_cursor, to_cursor, to_datetime, to_seconds
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import needs
from watchkeeper.server.session import caller
from watchkeeper.server.several import answer_several
from watchkeeper.watch.views import Draft, Receipt

TAGS = ["feedback"]
LARGEST_IMPORT = 50_000_000
LARGEST_CALENDAR = 10_000_000


def feedback_record(line: Feedback, is_in_force: bool) -> FeedbackRecord:
    """A line of the log as the API gives it."""
    return FeedbackRecord(
        id=line.id,
        by=line.by,
        given_at=to_datetime(line.given_at),
        answer=line.answer,
        alert=line.alert,
        series=line.series,
        start=to_datetime(line.start),
        end=to_datetime(line.end),
        note=line.note,
        repeat=line.repeat,
        undoes=line.undoes,
        is_in_force=is_in_force,
        is_forced=line.is_forced,
    )


def receipt_record(receipt: Receipt) -> ReceiptRecord:
    """A receipt as the API gives it."""
    return ReceiptRecord(
        feedback=feedback_record(receipt.feedback, True),
        sentence=receipt.sentence,
        before=receipt.before,
        after=receipt.after,
        vanished=receipt.vanished,
        appeared=len(receipt.appeared),
        confirmed=receipt.confirmed,
        confirmed_kept=receipt.confirmed_kept,
        price=receipt.price,
    )


def draft_of(said: DraftRecord, by: str) -> Draft:
    """What is said, signed. InputError for a time out of reach."""
    return Draft(
        answer=said.answer,
        by=by,
        alert=said.alert,
        series=said.series,
        start=to_seconds(said.start, "start"),
        end=to_seconds(said.end, "end"),
        note=said.note,
        force=said.force,
        reach=said.reach,
        dimension=said.dimension,
        repeat=said.repeat,
    )


@get("/feedback", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS)
def list_feedback(request: Request[Any, Any, Any], limit: Limit = 50, cursor: Cursor = "") -> FeedbackPage:
    """The log of what people said, the newest line first."""
    place = from_cursor(cursor, 1)
    found = desk_of(request).service.listing.feedback(limit + 1, None if place is None else place[0])
    items = found[:limit]
    more = to_cursor(items[-1][0].id) if len(found) > limit else None
    return FeedbackPage(items=[feedback_record(*pair) for pair in items], next=more)


@get("/feedback/{feedback_id:int}", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS)
def get_receipt(request: Request[Any, Any, Any], feedback_id: Id) -> ReceiptRecord:
    """The receipt of an answer or an undo, as it was told then."""
    return receipt_record(desk_of(request).service.receipt(feedback_id))


@post("/feedback/preview", sync_to_thread=True, status_code=200, opt=needs(Scope.FEEDBACK, is_read=True), tags=TAGS)
def preview(request: Request[Any, Any, Any], data: JSONBody[DraftRecord]) -> ReceiptRecord:
    """What an answer would change; nothing is written. The `id` of its feedback is 0."""
    return receipt_record(desk_of(request).service.preview(draft_of(data, caller(request).name)))


@post("/feedback", sync_to_thread=True, opt=needs(Scope.FEEDBACK), tags=TAGS)
def answer(request: Request[Any, Any, Any], data: JSONBody[DraftRecord]) -> ReceiptRecord:
    """Say an answer. 409 (`guard`) where a confirmed alert would be lost: say it again with `force` to accept that.

    A missed window so ordinary that its like would cost more than the budget is noted, and its like is not told: the
    receipt names the `price` in alerts a month, and saying it again with `force` accepts it.
    """
    return receipt_record(desk_of(request).service.answer(draft_of(data, caller(request).name)))


@post("/feedback/several", sync_to_thread=True, opt=needs(Scope.FEEDBACK), tags=TAGS)
def answer_alerts(request: Request[Any, Any, Any], data: JSONBody[SeveralDraft]) -> SeveralRecord:
    """Say one answer on several alerts. Those on which it would cost a confirmed alert are left out, and numbered."""
    said = answer_several(desk_of(request).service, data.answer, data.alerts, caller(request).name, data.note)
    return SeveralRecord(receipts=[receipt_record(one) for one in said.receipts], left=tuple(said.left))


@post("/feedback/{feedback_id:int}/undo", sync_to_thread=True, opt=needs(Scope.FEEDBACK), tags=TAGS)
def undo(request: Request[Any, Any, Any], feedback_id: Id) -> ReceiptRecord:
    """Take an answer back; taking an undo back brings its answer back."""
    return receipt_record(desk_of(request).service.undo(feedback_id, caller(request).name))


@get("/feedback/export", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS)
def export(request: Request[Any, Any, Any]) -> FeedbackLines:
    """The whole log, the oldest line first, with series named so that another Watchkeeper knows them."""
    return FeedbackLines(lines=list(desk_of(request).service.export_feedback()))


@post(
    "/feedback/import",
    sync_to_thread=True,
    status_code=200,
    opt=needs(Scope.ADMIN),
    tags=TAGS,
    request_max_body_size=LARGEST_IMPORT,
)
def take_in(request: Request[Any, Any, Any], data: JSONBody[ImportDraft]) -> ImportedRecord:
    """Append the lines that are not in the log yet, all or none. Who said them stays as written: admins only.

    409 (`guard`) where a confirmed alert would be lost: send it again with `force` to accept that.
    """
    lines = [one if isinstance(one, str) else msgspec.json.encode(one).decode() for one in data.lines]
    done = desk_of(request).service.import_feedback(lines, data.place, caller(request).name, force=data.force)
    return ImportedRecord(added=done.added, present=done.present, unknown=done.unknown)


@post(
    "/feedback/calendar",
    sync_to_thread=True,
    status_code=200,
    opt=needs(Scope.ADMIN),
    tags=TAGS,
    request_max_body_size=LARGEST_CALENDAR,
)
def take_calendar(request: Request[Any, Any, Any], data: JSONBody[CalendarDraft]) -> CalendarRecord:
    """Make the events of an iCalendar file known events of metrics. The same file again adds nothing.

    Each is undone as any answer. 409 (`guard`) where a confirmed alert would be lost, as for an import.
    """
    service = desk_of(request).service
    lines = service.read_calendar(data.text, data.metrics, data.place)
    if data.dry_run:
        return CalendarRecord(lines=lines, added=0, present=0)
    written = [msgspec.json.encode(line).decode() for line in lines]
    done = service.import_feedback(written, data.place, caller(request).name, force=data.force)
    return CalendarRecord(lines=lines, added=done.added, present=done.present)


HANDLERS = (list_feedback, get_receipt, preview, answer, answer_alerts, undo, export, take_in, take_calendar)
