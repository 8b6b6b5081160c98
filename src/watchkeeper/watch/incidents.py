"""Runs of surprising points become alerts: one incident for series that move together.

Pure. Folding the year at once and folding it an hour at a time give the same alerts, because a run is placed by when
it could be known and joins only what was still going on then.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from watchkeeper.domain.alert import Alert, Change, Member, Status
from watchkeeper.domain.times import DAY, HOUR

LEAST_WEIGHT = 0.25
"""What the least surprising member still adds to an alert's severity: breadth counts."""


JOIN_WITHIN_S = DAY
"""A new series joins an incident within a day of the last one that did: a level that stays different for weeks must not
draw in whatever else happens in those weeks."""


GONE = "no longer seen"
"""The detail of an update that says only that a member is over, because what was judged has changed."""


RECUR_WITHIN_S = 6 * HOUR
"""What a series does again so soon (or within two of its steps) after its incident was over is that incident again."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """Surprising points of one series, without a gap, knowable from `known_at` on: the end of the first point."""

    member: Member
    known_at: int
    step_s: int

    @property
    def slack_s(self) -> int:
        """How long after its end others still join."""
        return slack(self.step_s)

    @property
    def recur_s(self) -> int:
        """How long after its end the same series still belongs to it."""
        return self.slack_s + max(RECUR_WITHIN_S, 2 * self.step_s)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One change of one alert, to be stored in this order. An alert not stored yet has an id below 0."""

    alert: Alert
    change: Change
    at: int
    detail: str = ""


def fold(
    alerts: Sequence[Alert],
    runs: Sequence[Run],
    *,
    family: str,
    slack_s: int,
    until: int,
    judged: Collection[int],
) -> list[Step]:
    """What the new runs do to the alerts of one family.

    `alerts` are those open, or resolved so recently that a late run may still belong to them; `runs` are those that
    became known, went on or ended since the last fold; `until` is the instant up to which points were judged; `slack_s`
    is how long an incident must be quiet to be over; `judged` are the series that were looked at: what was open on one
    of them and is not among the runs any more (late data, an answer) is over. Returns the changes in the order in
    which they happened.
    """
    working = list(alerts)
    steps: list[Step] = []
    _close(working, steps, runs, judged, until)
    for run in sorted(runs, key=lambda run: (run.known_at, run.member.start, run.member.series)):
        _resolve(working, steps, run.known_at, slack_s)
        newest_first = range(len(working) - 1, -1, -1)
        home = next((place for place in newest_first if _holds(working[place], run)), None)
        if home is None:
            home = next((place for place in newest_first if _touches(working[place], run)), None)
        if home is None:
            fresh = Alert(
                id=-1 - len(steps),
                family=family,
                status=Status.OPEN,
                start=run.member.start,
                end=run.member.end,
                severity=severity((run.member,)),
                members=(run.member,),
            )
            working.append(fresh)
            steps.append(Step(alert=fresh, change=Change.OPENED, at=run.known_at))
        else:
            working[home] = _join(working[home], run, steps)
    _resolve(working, steps, until, slack_s)
    return steps


def slack(step_s: int) -> int:
    """How long it must be quiet before an incident of series with this step is over: three steps, at most 3 hours."""
    return min(3 * step_s, 3 * HOUR)


def severity(members: Sequence[Member]) -> float:
    """The sum of the members' peak scores, each at least LEAST_WEIGHT: how surprising, times how broad."""
    return sum(max(LEAST_WEIGHT, member.peak_score) for member in members)


def _holds(alert: Alert, run: Run) -> bool:
    """The run is one that the alert knows already, gone on since."""
    return any(one.start <= run.member.start < one.end for one in _of_same(alert, run))


def _touches(alert: Alert, run: Run) -> bool:
    """Whether a run belongs to an incident.

    It does if its own series was in it lately, or if the incident goes on when the run begins and its series is in it
    or others joined it lately.
    """
    member = run.member
    if any(one.start <= member.start <= one.end + run.recur_s for one in _of_same(alert, run)):
        return True
    if member.start > alert.end + run.slack_s or member.end < alert.start - run.slack_s:
        return False
    joined = max(one.start for one in alert.members)
    return bool(_of_same(alert, run)) or member.start <= joined + max(JOIN_WITHIN_S, run.step_s)


def _of_same(alert: Alert, run: Run) -> list[Member]:
    return [one for one in alert.members if one.series == run.member.series and one.cause is run.member.cause]


def _join(alert: Alert, run: Run, steps: list[Step]) -> Alert:
    key = (run.member.series, run.member.cause)
    known = next((member for member in alert.members if (member.series, member.cause) == key), None)
    joined = run.member if known is None else _merge(known, run.member)
    if joined == known or (alert.status is Status.RESOLVED and known is not None and _is_as_long(joined, known)):
        return alert  # what is over stays as it was told, though a late point may show it in another light
    others = (member for member in alert.members if (member.series, member.cause) != key)
    members = tuple(sorted((*others, joined), key=lambda one: (one.start, one.series, one.cause.value)))
    change = Change.REOPENED if alert.status is Status.RESOLVED else Change.UPDATED
    grown = msgspec.structs.replace(
        alert,
        status=Status.OPEN,
        start=min(member.start for member in members),
        end=max(member.end for member in members),
        severity=severity(members),
        members=members,
    )
    steps.append(Step(alert=grown, change=change, at=run.known_at, detail="joined" if known is None else "goes on"))
    return grown


def _is_as_long(one: Member, other: Member) -> bool:
    return (one.start, one.end, one.is_open) == (other.start, other.end, other.is_open)


def _merge(old: Member, new: Member) -> Member:
    peak = new if new.peak_score > old.peak_score else old
    return msgspec.structs.replace(
        peak, start=min(old.start, new.start), end=max(old.end, new.end), is_open=new.is_open
    )


def _close(working: list[Alert], steps: list[Step], runs: Sequence[Run], judged: Collection[int], until: int) -> None:
    """Members that were open and whose run is not there any more are over."""
    for place, alert in enumerate(working):
        gone = [
            one
            for one in alert.members
            if one.is_open
            and one.series in judged
            and not any(one in _of_same(alert, run) and one.start <= run.member.start < one.end for run in runs)
        ]
        if gone:
            members = tuple(
                msgspec.structs.replace(one, is_open=False) if one in gone else one for one in alert.members
            )
            working[place] = msgspec.structs.replace(alert, members=members)
            steps.append(Step(alert=working[place], change=Change.UPDATED, at=until, detail=GONE))


def _resolve(working: list[Alert], steps: list[Step], now: int, slack_s: int) -> None:
    for place, alert in enumerate(working):
        quiet_from = alert.end + slack_s
        if alert.status is Status.OPEN and quiet_from <= now and not any(member.is_open for member in alert.members):
            working[place] = msgspec.structs.replace(alert, status=Status.RESOLVED)
            steps.append(Step(alert=working[place], change=Change.RESOLVED, at=quiet_from))
