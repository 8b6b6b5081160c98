"""A team's page: which of its metrics earn their noise, and what would mend those that do not."""

from __future__ import annotations

from urllib.parse import urlencode

import msgspec
from litestar import Response, get
from litestar.params import FromQuery

from watchkeeper.domain.access import Scope
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import needs
from watchkeeper.server.session import PageRequest
from watchkeeper.server.words import plural
from watchkeeper.watch.record import DAYS, MetricRecord, Worth, worth
from watchkeeper.watch.views import MetricLine

NOBODY = "-"
"""How the address names metrics without an owner."""
ORDER = (Worth.NOISE, Worth.UNANSWERED, Worth.EARNED, Worth.QUIET)
WORDS = {
    Worth.EARNED: "earns its noise",
    Worth.NOISE: "mostly noise",
    Worth.UNANSWERED: "not answered enough",
    Worth.QUIET: "quiet",
}


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """A team, a person or nobody, with how many metrics are theirs."""

    name: str
    label: str
    metrics: int
    address: str
    members: tuple[str, ...] = ()


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One metric and whether it earns its noise."""

    line: MetricLine
    record: MetricRecord
    worth: Worth
    word: str


class TeamPage(msgspec.Struct, frozen=True, kw_only=True):
    """The page's record; `chosen` is None where nothing is watched yet."""

    owners: tuple[Owner, ...]
    chosen: Owner | None
    rows: tuple[Row, ...]
    suggestions: tuple[tuple[str, str], ...]
    sentence: str
    days: int


def team_page(lines: tuple[MetricLine, ...], teams: dict[str, tuple[str, tuple[str, ...]]], wanted: str) -> TeamPage:
    """Lay out the metrics by owner; `teams` gives label and members by name, `wanted` the owner to show.

    The first to come is the one with the most that could be mended.
    """
    owners = tuple(
        Owner(
            name=name,
            label=teams.get(name, (name or "Nobody", ()))[0],
            metrics=sum(line.metric.owner == name for line in lines),
            address=f"/teams?{urlencode({'owner': name or NOBODY})}",
            members=teams.get(name, ("", ()))[1],
        )
        for name in sorted({*teams, *(line.metric.owner for line in lines)}, key=lambda name: (not name, name))
    )
    name = "" if wanted == NOBODY else wanted
    chosen = next((one for one in owners if one.name == name), None) if wanted else (owners[0] if owners else None)
    mine = [line for line in lines if chosen is not None and line.metric.owner == chosen.name]
    rows = sorted(
        (
            Row(line=line, record=line.record, worth=worth(line.record), word=WORDS[worth(line.record)])
            for line in mine
            if line.record is not None
        ),
        key=lambda row: (ORDER.index(row.worth), -row.record.alerts, row.line.metric.name),
    )
    return TeamPage(
        owners=owners,
        chosen=chosen,
        rows=tuple(rows),
        suggestions=tuple((row.line.metric.name, row.record.suggestion) for row in rows if row.record.suggestion),
        sentence=_sentence([row.record for row in rows]),
        days=DAYS,
    )


def _sentence(records: list[MetricRecord]) -> str:
    told, acted = sum(one.alerts for one in records), sum(one.acted for one in records)
    if not told:
        return f"Nothing was told in the newest {DAYS} days."
    earned = sum(worth(one) is Worth.EARNED for one in records)
    return (
        f"{plural(told, 'alert')} in the newest {DAYS} days, {acted} acted on;"
        f" {earned} of {plural(len(records), 'metric')} {'earns its' if earned == 1 else 'earn their'} noise."
    )


@get("/teams", sync_to_thread=True, opt=needs(Scope.READ))
def show_team(request: PageRequest, owner: FromQuery[str] = "") -> Response[str]:
    """The metrics of one team, or of one owner."""
    desk = desk_of(request)
    teams = {one.team.name: (one.team.label, one.team.members) for one in desk.service.teams.lines()}
    return desk.page(request, "teams.html", team_page(desk.service.metrics(), teams, owner))


HANDLERS = (show_team,)
