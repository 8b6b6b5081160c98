"""`/systems`: how ML features fare, and what they lack for production."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from litestar import Request, get, post
from litestar.params import JSONBody

from watchkeeper.client.records import (
    CheckRecord,
    EvidenceDraft,
    EvidenceRecord,
    SystemList,
    SystemRecord,
    SystemWhole,
)
from watchkeeper.domain.access import Scope
from watchkeeper.server.api.common import MANY, Cursor, Many, Name, page_of, to_datetime
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import needs
from watchkeeper.server.session import caller

if TYPE_CHECKING:
    from watchkeeper.watch.system_views import SystemLine, SystemPage

TAGS = ["systems"]


def system_record(line: SystemLine) -> SystemRecord:
    """A system as the API gives it."""
    return SystemRecord(
        name=line.system.name,
        title=line.system.title,
        owner=line.system.owner,
        stage=line.system.stage,
        level=line.level,
        sentence=line.sentence,
        met=line.met,
        asked=line.asked,
        test_score=line.score,
    )


def system_whole(page: SystemPage) -> SystemWhole:
    """A system's page as the API gives it."""
    return SystemWhole(
        system=system_record(page.line),
        check=[
            CheckRecord(key=one.key, title=one.title, is_met=one.is_met, words=one.words, mend=one.mend, page=one.page)
            for one in page.check
        ],
        sections=page.score.sections,
        evidence=[
            EvidenceRecord(test=one.test, points=one.points, by=one.by, at=to_datetime(one.at), note=one.note)
            for one in page.evidence.values()
        ],
    )


@get("/systems", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS)
def list_systems(request: Request[Any, Any, Any], limit: Many = MANY, cursor: Cursor = "") -> SystemList:
    """Every system as it stands."""
    page, more = page_of(desk_of(request).service.systems.lines(), lambda one: one.system.name, limit, cursor)
    return SystemList(items=[system_record(one) for one in page], next=more)


@get("/systems/{name:str}", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS)
def get_system(request: Request[Any, Any, Any], name: Name) -> SystemWhole:
    """One system with what it lacks and its ML Test Score."""
    return system_whole(desk_of(request).service.systems.page(name))


@post("/systems/{name:str}/evidence", sync_to_thread=True, opt=needs(Scope.CONFIGURE), tags=TAGS)
def say_evidence(request: Request[Any, Any, Any], name: Name, data: JSONBody[EvidenceDraft]) -> SystemWhole:
    """Say how far one test of the ML Test Score is; a later word counts instead."""
    systems = desk_of(request).service.systems
    systems.say(name, data.test, data.points, caller(request).name, data.note)
    return system_whole(systems.page(name))


HANDLERS = (list_systems, get_system, say_evidence)
