"""What an answer changes: the alerts of the past judged without it and with it, weighed and put in one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from watchkeeper.domain.alert import Alert, Member
from watchkeeper.domain.feedback import Answer
from watchkeeper.domain.metric import Metric
from watchkeeper.domain.times import MONTH, format_duration, wall_clock
from watchkeeper.watch.judge import Judgement


class Weighing(msgspec.Struct, frozen=True, kw_only=True):
    """Past alerts on the series an answer speaks of: how many fire before and after, and which change sides.

    `appeared` is what fires after and was never told, `unsaid` how many of the kind fire before and no longer after.
    """

    before: int
    after: int
    vanished: tuple[int, ...]
    returned: tuple[int, ...]
    appeared: tuple[Member, ...]
    unsaid: int
    confirmed: int
    confirmed_lost: tuple[int, ...]
    watched_s: int


def weigh(
    alerts: Sequence[Alert],
    confirmed: frozenset[int],
    before: Mapping[int, Judgement],
    after: Mapping[int, Judgement],
    spoken_of: Sequence[int],
) -> Weighing:
    """Compare two states of knowledge over alerts that were told.

    `alerts` are those with a member among the series `spoken_of`; `confirmed` the ids a person called real; `before`
    and `after` give the judgement of each series that occurs, by series id.
    """
    fired = {alert.id for alert in alerts if _fires(alert, before)}
    fires = {alert.id for alert in alerts if _fires(alert, after)}
    held = confirmed & {alert.id for alert in alerts}
    appeared = _untold(alerts, before, after, spoken_of)
    times = [
        (after[one].columns.time[after[one].columns.of(after[one].place(one))]) for one in spoken_of if one in after
    ]
    return Weighing(
        before=len(fired),
        after=len(fires),
        vanished=tuple(sorted(fired - fires)),
        returned=tuple(sorted(fires - fired)),
        appeared=appeared,
        unsaid=len(_untold(alerts, after, before, spoken_of)),
        confirmed=len(held),
        confirmed_lost=tuple(sorted((fired & held) - fires)),
        watched_s=max((int(time[-1] - time[0]) for time in times if len(time)), default=0),
    )


def sentence(
    answer: Answer,
    weighing: Weighing,
    metric: Metric,
    *,
    start: int,
    end: int,
    note: str = "",
    repeat: str = "",
    on_alert: bool = True,
) -> str:
    """What the answer changed, said to the person who gave it; a window of no alert (not `on_alert`) was fine."""
    moment = f"{wall_clock(start, metric.timezone):%d %b %Y %H:%M}"
    length = format_duration(max(0, end - start))
    opening = {
        Answer.REAL: "Noted as real: whatever is called a false alarm later, this alert keeps firing.",
        Answer.FALSE_ALARM: (
            "Noted as a false alarm: alerts like it become rarer."
            if on_alert
            else f"Noted as fine: nobody was told of the {length} from {moment}, and its like is told more rarely."
        ),
        Answer.MISSED: f"Noted as missed: the {length} from {moment}.",
        Answer.EVENT: f"Noted as an event: the {length} from {moment} teach nothing, and alerts inside are explained.",
        Answer.NEW_NORMAL: (
            f"Noted as the new normal: from {moment} on the level is learned afresh,"
            " and until it stands the detector is less sensitive."
        ),
        Answer.BAD_DATA: (
            f"Noted as bad data: the points in the {length} from {moment} are void until the source gives others."
        ),
    }[answer]
    if repeat:
        opening = (
            f"Noted as an event, {repeat}: the first occurrence is explained,"
            " and what earlier ones did is expected of later ones."
        )
    return " ".join(part for part in (opening, note, counts(weighing)) if part)


def counts(weighing: Weighing) -> str:
    """`2 of 9 alerts would not have fired; all 4 confirmed ones still do.`"""
    parts = []
    gone, back, new = len(weighing.vanished), len(weighing.returned), len(weighing.appeared)
    if gone:
        parts.append(f"{gone} of {weighing.before} alerts would not have fired")
    if back:
        parts.append(f"{back} would fire again")
    if new:
        parts.append(f"{new} more would have fired, {a_month(new * MONTH / max(MONTH, weighing.watched_s))} a month")
    if weighing.unsaid:
        rate = a_month(weighing.unsaid * MONTH / max(MONTH, weighing.watched_s))
        parts.append(f"{weighing.unsaid} that nobody was told of would not have fired, {rate} a month")
    if not parts:
        parts.append(
            f"none of the {weighing.before} alerts that it could touch changes"
            if weighing.before
            else "no past alert changes"
        )
    if weighing.confirmed:
        kept = weighing.confirmed - len(weighing.confirmed_lost)
        if not weighing.confirmed_lost:
            parts.append("the confirmed one still does" if kept == 1 else f"all {kept} confirmed ones still do")
        else:
            parts.append(f"{len(weighing.confirmed_lost)} of {weighing.confirmed} confirmed ones would be lost")
    text = "; ".join(parts)
    return text[0].upper() + text[1:] + "."


def a_month(rate: float) -> str:
    """How often a month, to two digits, never as a power of ten: `0.08`, `4.3`, `120`."""
    return f"{rate:.2g}" if rate < 10 else f"{rate:,.0f}"


def _untold(
    alerts: Sequence[Alert], without: Mapping[int, Judgement], within: Mapping[int, Judgement], spoken_of: Sequence[int]
) -> tuple[Member, ...]:
    """What fires in one judgement, does not in the other, and belongs to no alert that was told."""
    return tuple(
        run.member
        for series in spoken_of
        if series in within
        for run in within[series].runs_of(series)
        if not without[series].fires(run.member) and not any(_covers(alert, run.member) for alert in alerts)
    )


def _fires(alert: Alert, judgements: Mapping[int, Judgement]) -> bool:
    return any(member.series in judgements and judgements[member.series].fires(member) for member in alert.members)


def _covers(alert: Alert, member: Member) -> bool:
    return any(
        one.series == member.series and one.start < member.end and member.start < one.end for one in alert.members
    )
