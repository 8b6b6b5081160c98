"""`/flags`: what each feature flag serves and why; overrides and answers to guards. Products ask over OFREP instead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Request, delete, get, post
from litestar.params import JSONBody, QueryParameter

from watchkeeper.client.records import (
    ContextDraft,
    EvaluationRecord,
    FlagChangeRecord,
    FlagList,
    FlagRecord,
    FlagWhole,
    GuardAnswer,
    NoteRecord,
    OverrideDraft,
    OverrideRecord,
    RolloutAct,
    RolloutKey,
    RolloutMove,
    RolloutPreview,
    RolloutRecord,
)
from watchkeeper.domain.access import Scope
from watchkeeper.domain.errors import NotFoundError
from watchkeeper.domain.times import parse_duration
from watchkeeper.server.api.common import MANY, Cursor, Many, Name, page_of, to_datetime
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import needs
from watchkeeper.server.session import caller
from watchkeeper.watch.flag_views import FlagLine, PastMove

TAGS = ["flags"]


def flag_record(line: FlagLine) -> FlagRecord:
    """A flag as the API gives it."""
    flag, over = line.flag, line.override
    return FlagRecord(
        name=flag.name,
        title=flag.label,
        description=flag.description,
        owner=flag.owner,
        is_enabled=flag.is_enabled,
        variants=flag.variants,
        default=flag.default,
        fallback=flag.fallback,
        serving=line.serving,
        sentence=line.sentence,
        has_guard=flag.guard is not None,
        standing=line.state.standing.value,
        cause=line.state.cause,
        override=None
        if over is None
        else OverrideRecord(variant=over.variant, until=to_datetime(over.until), by=over.by, note=over.note),
    )


@get("/flags", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS)
def list_flags(request: Request[Any, Any, Any], limit: Many = MANY, cursor: Cursor = "") -> FlagList:
    """Every flag as it stands."""
    page, more = page_of(desk_of(request).service.flags.lines(), lambda one: one.flag.name, limit, cursor)
    return FlagList(items=[flag_record(one) for one in page], next=more)


@get("/flags/{name:str}", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS)
def get_flag(request: Request[Any, Any, Any], name: Name) -> FlagWhole:
    """One flag with the newest entries of its log."""
    page = desk_of(request).service.flags.page(name)
    changes = [
        FlagChangeRecord(id=one.id, at=to_datetime(one.at), by=one.by, what=one.what, detail=one.detail)
        for one in page.changes
    ]
    return FlagWhole(flag=flag_record(page.line), changes=changes)


@post("/flags/{name:str}/override", sync_to_thread=True, status_code=200, opt=needs(Scope.CONFIGURE), tags=TAGS)
def override_flag(request: Request[Any, Any, Any], name: Name, data: JSONBody[OverrideDraft]) -> FlagRecord:
    """Everybody gets a variant for a time, whatever rules and guards say."""
    lasting_s = parse_duration(data.lasting)
    flags = desk_of(request).service.flags
    return flag_record(flags.override(name, data.variant, lasting_s, caller(request).name, data.note))


@delete("/flags/{name:str}/override", sync_to_thread=True, status_code=200, opt=needs(Scope.CONFIGURE), tags=TAGS)
def end_override(request: Request[Any, Any, Any], name: Name) -> FlagRecord:
    """End the override."""
    return flag_record(desk_of(request).service.flags.clear(name, caller(request).name))


@post("/flags/{name:str}/answer", sync_to_thread=True, status_code=200, opt=needs(Scope.FEEDBACK), tags=TAGS)
def answer_guard(request: Request[Any, Any, Any], name: Name, data: JSONBody[GuardAnswer]) -> FlagRecord:
    """Answer the guard's open question. 422 where it asks none."""
    flags = desk_of(request).service.flags
    return flag_record(flags.answer(name, is_yes=data.is_yes, by=caller(request).name))


@post("/flags/{name:str}/trip", sync_to_thread=True, status_code=200, opt=needs(Scope.FEEDBACK), tags=TAGS)
def trip_guard(request: Request[Any, Any, Any], name: Name, data: JSONBody[NoteRecord]) -> FlagRecord:
    """Trip the guard by hand: everybody gets the fallback."""
    return flag_record(desk_of(request).service.flags.trip(name, caller(request).name, data.note))


@post("/flags/{name:str}/rollout", sync_to_thread=True, status_code=200, opt=needs(Scope.CONFIGURE), tags=TAGS)
def steer_rollout(request: Request[Any, Any, Any], name: Name, data: JSONBody[RolloutAct]) -> FlagRecord:
    """Pause, resume or abort the guarded roll-out; what is over begins anew. 422 where it cannot."""
    return flag_record(desk_of(request).service.flags.steer(name, data.act, caller(request).name))


@get("/flags/{name:str}/rollout", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS)
def get_rollout(request: Request[Any, Any, Any], name: Name) -> RolloutRecord:
    """The guarded roll-out of a flag with its intervals; 404 where it has none."""
    shown = desk_of(request).service.flags.page(name).rollout
    if shown is None:
        raise NotFoundError(f"flag {name} has no guarded_rollout: give it one in its configuration")
    return RolloutRecord(
        flag=name,
        variant=shown.plan.variant,
        against=shown.against,
        mode=shown.plan.mode.value,
        course=shown.state.course.value,
        share=shown.share,
        steps=list(shown.plan.steps),
        question=shown.question,
        keys=[
            RolloutKey(
                label=key.key.label,
                unit=key.unit,
                better=key.key.better,
                largest_harm=key.largest_harm,
                sentence=key.sentence,
                at=[to_datetime(one) for one in key.ended],
                estimate=list(key.estimate),
                lower=list(key.lower),
                upper=list(key.upper),
            )
            for key in shown.keys
        ],
        moves=_moves(shown.moves),
    )


@get("/flags/{name:str}/rollout/preview", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS)
def preview_rollout(
    request: Request[Any, Any, Any],
    name: Name,
    days: Annotated[int, QueryParameter(ge=1, le=3650, description="How far back.")] = 90,
) -> RolloutPreview:
    """What the roll-out would have done by itself over the last days of its key metrics."""
    return RolloutPreview(flag=name, moves=_moves(desk_of(request).service.flags.rehearsal(name, days)))


@post(
    "/flags/{name:str}/evaluate", sync_to_thread=True, status_code=200, opt=needs(Scope.READ, is_read=True), tags=TAGS
)
def evaluate_flag(request: Request[Any, Any, Any], name: Name, data: JSONBody[ContextDraft]) -> EvaluationRecord:
    """What a user would be served, and why. Products ask over OFREP."""
    found = desk_of(request).service.flags.evaluate(name, data.context)
    if found.error == "FLAG_NOT_FOUND":
        raise NotFoundError(found.details)
    return EvaluationRecord(
        key=found.key,
        variant=found.variant,
        value=found.value,
        reason=found.reason or found.error,
        cause=found.cause or found.details,
    )


def _moves(moves: Sequence[PastMove]) -> list[RolloutMove]:
    return [RolloutMove(at=to_datetime(one.at), what=one.what, share=one.share) for one in moves]


HANDLERS = (
    list_flags,
    get_flag,
    override_flag,
    end_override,
    answer_guard,
    trip_guard,
    steer_rollout,
    get_rollout,
    preview_rollout,
    evaluate_flag,
)
