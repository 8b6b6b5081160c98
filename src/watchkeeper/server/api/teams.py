"""`/teams`: who owns metrics together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from litestar import Request, delete, get, post, put
from litestar.params import JSONBody

from watchkeeper.client.records import MemberDraft, TeamDraft, TeamList, TeamRecord
from watchkeeper.domain.access import Scope
from watchkeeper.domain.team import Team
from watchkeeper.server.api.common import MANY, Cursor, Many, Name, page_of
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import needs
from watchkeeper.server.session import caller

if TYPE_CHECKING:
    from watchkeeper.watch.teams import TeamLine

TAGS = ["teams"]


def team_record(line: TeamLine) -> TeamRecord:
    """A team as the API gives it."""
    return TeamRecord(
        name=line.team.name,
        title=line.team.title,
        members=line.team.members,
        metrics=tuple(one.name for one in line.metrics),
        systems=line.systems,
        flags=line.flags,
    )


@get("/teams", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS)
def list_teams(request: Request[Any, Any, Any], limit: Many = MANY, cursor: Cursor = "") -> TeamList:
    """Every team with what it owns."""
    page, more = page_of(desk_of(request).service.teams.lines(), lambda one: one.team.name, limit, cursor)
    return TeamList(items=[team_record(one) for one in page], next=more)


@get("/teams/{name:str}", sync_to_thread=True, opt=needs(Scope.READ), tags=TAGS)
def get_team(request: Request[Any, Any, Any], name: Name) -> TeamRecord:
    """One team with what it owns."""
    return team_record(desk_of(request).service.teams.line(name))


@put("/teams/{name:str}", sync_to_thread=True, opt=needs(Scope.CONFIGURE), tags=TAGS)
def put_team(request: Request[Any, Any, Any], name: Name, data: JSONBody[TeamDraft]) -> TeamRecord:
    """Make a team, or change the one of that name."""
    team = Team(name=name, title=data.title, members=data.members)
    return team_record(desk_of(request).service.teams.put(team, caller(request).name))


@delete("/teams/{name:str}", sync_to_thread=True, status_code=200, opt=needs(Scope.CONFIGURE), tags=TAGS)
def remove_team(request: Request[Any, Any, Any], name: Name) -> TeamRecord:
    """Take a team away. 422 where it still owns something."""
    teams = desk_of(request).service.teams
    gone = teams.line(name)
    teams.remove(name, caller(request).name)
    return team_record(gone)


@post("/teams/{name:str}/join", sync_to_thread=True, status_code=200, opt=needs(Scope.CONFIGURE), tags=TAGS)
def join_team(request: Request[Any, Any, Any], name: Name, data: JSONBody[MemberDraft]) -> TeamRecord:
    """Add a person to a team."""
    return team_record(desk_of(request).service.teams.join(name, data.person, caller(request).name))


@post("/teams/{name:str}/leave", sync_to_thread=True, status_code=200, opt=needs(Scope.CONFIGURE), tags=TAGS)
def leave_team(request: Request[Any, Any, Any], name: Name, data: JSONBody[MemberDraft]) -> TeamRecord:
    """Take a person out of a team."""
    return team_record(desk_of(request).service.teams.leave(name, data.person, caller(request).name))


HANDLERS = (list_teams, get_team, put_team, remove_team, join_team, leave_team)
