"""Teams as configured: few and small, so one section of the settings holds them all."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection

from watchkeeper.domain.errors import NotFoundError
from watchkeeper.domain.team import Team
from watchkeeper.stores.ledger import settings

SECTION = "teams"


def listed(tx: Connection) -> list[Team]:
    """Every team, by name."""
    return msgspec.json.decode(settings.get(tx, SECTION) or "[]", type=list[Team])


def get(tx: Connection, name: str) -> Team:
    """The team of that name; NotFoundError."""
    for team in listed(tx):
        if team.name == name:
            return team
    raise NotFoundError(f"no team {name!r}: `watchkeeper teams list` shows all, `watchkeeper teams set` makes one")


def put(tx: Connection, team: Team) -> bool:
    """Insert or update by name; False where nothing changed."""
    known = {one.name: one for one in listed(tx)}
    if known.get(team.name) == team:
        return False
    _keep(tx, known | {team.name: team})
    return True


def remove(tx: Connection, name: str) -> Team:
    """Take a team away; NotFoundError."""
    gone = get(tx, name)
    _keep(tx, {one.name: one for one in listed(tx) if one.name != name})
    return gone


def leave_all(tx: Connection, person: str) -> None:
    """Take a person out of every team."""
    known = listed(tx)
    left = [one.without(person) for one in known]
    if left != known:
        _keep(tx, {one.name: one for one in left})


def _keep(tx: Connection, teams: dict[str, Team]) -> None:
    settings.put(tx, SECTION, msgspec.json.encode([teams[name] for name in sorted(teams)]).decode())
