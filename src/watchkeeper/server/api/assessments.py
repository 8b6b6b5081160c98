"""`/assessments`: kept reports on ideas, decisions on them, and what was achieved."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

import msgspec
from litestar import Request, get, post
from litestar.params import JSONBody

from watchkeeper.client.records import (
    AchievedDraft,
    AssessmentList,
    AssessmentRecord,
    AssessmentWhole,
    DecisionDraft,
    DecisionRecord,
    IdeaDraft,
    JobRecord,
)
from watchkeeper.domain.access import Scope
from watchkeeper.server.api.common import MANY, Cursor, Id, Many, Name, page_of, plain, to_datetime
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import needs
from watchkeeper.server.session import caller

if TYPE_CHECKING:
    from watchkeeper.watch.assessment_views import AssessmentLine, AssessmentPage, Job

TAGS = ["assessments"]


def assessment_record(line: AssessmentLine) -> AssessmentRecord:
    """A line of the list of assessments as the API gives it."""
    seen = line.foreseen
    return AssessmentRecord(
        id=line.id,
        name=line.name,
        by=line.by,
        at=to_datetime(line.at),
        verdict=line.report.verdict,
        summary=line.report.summary,
        decision=None if line.decision is None else line.decision.choice,
        expected=None if seen is None else plain(seen.expected),
        lower=None if seen is None else plain(seen.lower),
        upper=None if seen is None else plain(seen.upper),
        achieved=None if line.achieved is None else line.achieved.level,
        metric="" if seen is None else seen.metric,
        held=line.held,
    )


def assessment_whole(page: AssessmentPage) -> AssessmentWhole:
    """An assessment's page as the API gives it."""
    return AssessmentWhole(
        assessment=assessment_record(page.line),
        record=page.record,
        report=msgspec.to_builtins(page.line.report),
        decisions=[
            DecisionRecord(choice=one.choice, reason=one.reason, by=one.by, at=to_datetime(one.at))
            for one in page.decisions
        ],
        system=page.system,
    )


@get("/assessments", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS)
def list_assessments(request: Request[Any, Any, Any], limit: Many = MANY, cursor: Cursor = "") -> AssessmentList:
    """Assessments, the newest first."""
    kept = desk_of(request).service.assessments
    page, more = page_of(kept.lines(), lambda one: one.id, limit, cursor, is_newest_first=True)
    track = kept.track_record().sentence
    return AssessmentList(items=[assessment_record(one) for one in page], next=more, track=track)


def job_record(job: Job) -> JobRecord:
    """How far an assessment is, as the API gives it."""
    seen = copy(job)  # it goes on meanwhile
    return JobRecord(
        id=seen.id,
        name=seen.name,
        stage=seen.stage,
        done=seen.done,
        total=seen.total,
        made=seen.made,
        trouble=seen.trouble,
    )


@post("/assessments", sync_to_thread=True, status_code=202, opt=needs(Scope.CONFIGURE), tags=TAGS)
def start_assessment(request: Request[Any, Any, Any], data: JSONBody[IdeaDraft]) -> JobRecord:
    """Begin to assess an idea, on the rows that a query of a source gives; `/assessments/jobs/{id}` says how far it is.

    409 (`conflict`) where enough are running.
    """
    return job_record(desk_of(request).service.assessments.jobs.start(data.record, caller(request).name))


@get("/assessments/jobs/{job_id:str}", sync_to_thread=True, opt=needs(Scope.CONFIGURE), tags=TAGS)
def get_job(request: Request[Any, Any, Any], job_id: Name) -> JobRecord:
    """How far an assessment is that was begun on this server; in the end the number of what was kept, or why not."""
    return job_record(desk_of(request).service.assessments.jobs.get(job_id))


@get("/assessments/{assessment_id:int}", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS)
def get_assessment(request: Request[Any, Any, Any], assessment_id: Id) -> AssessmentWhole:
    """One assessment: record, report, decisions."""
    return assessment_whole(desk_of(request).service.assessments.page(assessment_id))


@post("/assessments/{assessment_id:int}/decisions", sync_to_thread=True, opt=needs(Scope.CONFIGURE), tags=TAGS)
def decide(request: Request[Any, Any, Any], assessment_id: Id, data: JSONBody[DecisionDraft]) -> AssessmentWhole:
    """Decide go, wait or no, with a reason. The last one counts, all stay."""
    desk = desk_of(request).service.assessments
    return assessment_whole(desk.decide(assessment_id, data.choice, data.reason, caller(request).name))


@post("/assessments/{assessment_id:int}/achieved", sync_to_thread=True, opt=needs(Scope.CONFIGURE), tags=TAGS)
def note_achieved(request: Request[Any, Any, Any], assessment_id: Id, data: JSONBody[AchievedDraft]) -> AssessmentWhole:
    """Note the level that was reached in operation."""
    desk = desk_of(request).service.assessments
    return assessment_whole(desk.note_achieved(assessment_id, data.level, caller(request).name))


HANDLERS = (list_assessments, start_assessment, get_job, get_assessment, decide, note_achieved)
