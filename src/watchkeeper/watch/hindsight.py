"""An alert as it was judged when it was told, beside what today's knowledge makes of the same moment."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from watchkeeper.domain.alert import Cause, Member
from watchkeeper.domain.feedback import Feedback
from watchkeeper.watch.hindsight_views import Hindsight, Sight
from watchkeeper.watch.judge import Judgement


def hindsight(
    member: Member, judgement: Judgement, log: Sequence[Feedback], opened_at: int, knowledge: int | None
) -> Hindsight | None:
    """Both views of a member of an alert; `log` is the whole log on its series.

    The alert was stored at `opened_at` with that version of `knowledge`; the clock decides where it is None.

    None for silences, which rest on no value, and where the moment is in the history no more.
    """
    if member.cause is Cause.SILENCE or member.series not in judgement.columns.series:
        return None
    rows = judgement.columns.of(judgement.place(member.series))
    row = rows.start + int(np.searchsorted(judgement.columns.time[rows], member.peak_time))
    if row >= rows.stop or judgement.columns.time[row] != member.peak_time:
        return None
    judged = judgement.judged
    known = [line.id for line in log if (line.given_at <= opened_at if knowledge is None else line.id <= knowledge)]
    return Hindsight(
        at=member.peak_time,
        knowledge=max(known, default=0),
        since=len(log) - len(known),
        then=_sight(member.value, member.expected, member.lower, member.upper, member.peak_score),
        now=_sight(
            float(judgement.columns.value[row]),
            float(judged.expected[row]),
            float(judged.lower[row]),
            float(judged.upper[row]),
            float(judgement.surprise[row]),
        ),
        fires=judgement.fires(member),
    )


def _sight(*numbers: float) -> Sight:
    value, expected, lower, upper, score = (one if math.isfinite(one) else None for one in numbers)
    return Sight(value=value, expected=expected, lower=lower, upper=upper, score=score)
