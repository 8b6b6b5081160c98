"""Teams: who is in them and what they own. The ledger alone is enough, beside a running server too."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from watchkeeper.domain.errors import InputError
from watchkeeper.domain.metric import Metric
from watchkeeper.domain.team import Team
from watchkeeper.stores.ledger import Ledger, audit, flags, metrics, systems, teams


class TeamLine(msgspec.Struct, frozen=True, kw_only=True):
    """A team with the metrics that it owns, by name, and the names of its systems and flags."""

    team: Team
    metrics: tuple[Metric, ...]
    systems: tuple[str, ...]
    flags: tuple[str, ...]


class Teams:
    """The teams of a ledger. Methods may be called from any thread; each change is a line of the audit log."""

    def __init__(self, ledger: Ledger, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._clock = clock

    def lines(self) -> tuple[TeamLine, ...]:
        """Every team with what it owns, by name."""
        with self._ledger.read() as tx:
            known = teams.listed(tx)
            owned = metrics.metrics(tx)
            built = [kept.system for kept in systems.listed(tx)]
            switched = [kept.flag for kept in flags.listed(tx)]
        return tuple(
            TeamLine(
                team=team,
                metrics=tuple(one for one in owned if one.owner == team.name),
                systems=tuple(one.name for one in built if one.owner == team.name),
                flags=tuple(one.name for one in switched if one.owner == team.name),
            )
            for team in known
        )

    def line(self, name: str) -> TeamLine:
        """One team with what it owns; NotFoundError."""
        with self._ledger.read() as tx:
            teams.get(tx, name)
        return next(one for one in self.lines() if one.team.name == name)

    def of(self, person: str) -> tuple[Team, ...]:
        """The teams that a person is a member of."""
        with self._ledger.read() as tx:
            return tuple(one for one in teams.listed(tx) if one.has(person))

    def kin(self, owner: str) -> tuple[str, ...]:
        """Who else is meant by an owner: the teams of a person, the members of a team."""
        with self._ledger.read() as tx:
            known = teams.listed(tx)
        return tuple(one.name for one in known if one.has(owner)) + tuple(
            member for one in known if one.name == owner for member in one.members
        )

    def put(self, team: Team, by: str) -> TeamLine:
        """Make a team, or change the one of that name."""
        with self._ledger.write() as tx:
            if teams.put(tx, team):
                audit.add(tx, by, int(self._clock()), "team", f"{team.name}: {len(team.members)} members")
        return self.line(team.name)

    def join(self, name: str, person: str, by: str) -> TeamLine:
        """Add a person to a team; NotFoundError."""
        with self._ledger.read() as tx:
            team = teams.get(tx, name)
        if team.has(person):
            return self.line(name)
        return self.put(msgspec.structs.replace(team, members=(*team.members, person)), by)

    def leave(self, name: str, person: str, by: str) -> TeamLine:
        """Take a person out of a team. NotFoundError; InputError where they are not in it."""
        with self._ledger.read() as tx:
            team = teams.get(tx, name)
        if not team.has(person):
            raise InputError(f"team {name}: {person} is not in it; there are {', '.join(team.members) or 'none'}")
        return self.put(team.without(person), by)

    def remove(self, name: str, by: str) -> None:
        """Take a team away. NotFoundError; InputError where it owns something: give that to somebody else before."""
        owned = self.line(name)
        held = [one.name for one in owned.metrics] + list(owned.systems) + list(owned.flags)
        if held:
            some = ", ".join(held[:5]) + (f" and {len(held) - 5} more" if len(held) > 5 else "")
            raise InputError(f"team {name}: it owns {some}; name another owner there before")
        with self._ledger.write() as tx:
            teams.remove(tx, name)
            audit.add(tx, by, int(self._clock()), "team", f"{name}: removed")
