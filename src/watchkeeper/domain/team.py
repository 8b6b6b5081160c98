"""Teams: people who own metrics together."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from watchkeeper.domain.errors import ConfigError
from watchkeeper.domain.metric import check_name

LONGEST_NAME = 80


class Team(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """People by the names of their accounts, who may be yet to come.

    A metric (a system, a flag) whose `owner` is the team's name is theirs, and an alert can be given to them.
    """

    name: str
    title: str = ""
    members: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_name("team", self.name)
        for member in self.members:
            if not member.strip() or len(member) > LONGEST_NAME:
                raise ConfigError(f"members: {member!r} is no name of an account; use 1 to {LONGEST_NAME} letters")
        keys = [member.casefold() for member in self.members]
        for member in self.members:
            if keys.count(member.casefold()) > 1:
                raise ConfigError(f"members: {member} is named twice")

    @property
    def label(self) -> str:
        """What people see."""
        return self.title or self.name

    def has(self, person: str) -> bool:
        """Whether that person is a member, in any case of the letters."""
        return person.casefold() in {member.casefold() for member in self.members}

    def without(self, person: str) -> Team:
        """The team after that person left it."""
        left = tuple(member for member in self.members if member.casefold() != person.casefold())
        return msgspec.structs.replace(self, members=left)


def standing_for(owner: str, teams: Iterable[Team]) -> frozenset[str]:
    """The names under which an owner is found: their own, and those of the teams that they are a member of."""
    return frozenset({owner, *(team.name for team in teams if team.has(owner))} if owner else ())
