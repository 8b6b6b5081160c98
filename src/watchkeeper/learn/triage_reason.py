"""Why an alert is judged more or less strictly than the budget alone would: which answers, on alerts of which looks."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from watchkeeper.learn.triage import Triage
from watchkeeper.learn.triage_looks import FEATURES, LENGTHS, Looks, Sight
from watchkeeper.learn.triage_model import MISS_COST, above_for, similar, terms

LEAST = 0.05
"""A bar moved by fewer decades than this (12 % of the rate) needs no reason."""
NAMED = 3
"""How many looks are named at most."""


class Ground(enum.Enum):
    """What speaks loudest: alerts no smaller that were false, alerts that look alike (`ELSEWHERE`: none of them of this
    metric), the record of the series, or that of its siblings and team.
    """

    AS_LARGE = "alerts as large on this series"
    ALIKE = "similar alerts"
    ELSEWHERE = "similar alerts on other metrics of the owner"
    SERIES = "alerts on this series"
    TEAM = "alerts of this team"


@dataclass(frozen=True)
class Reason:
    """Why the bar of an alert moved.

    `decades` is how far the bar lies above that of the budget (negative: below; infinite: no score is enough),
    `answers` the ids of the feedback on the alerts that `ground` speaks of, nearest first, `false` how many of these
    were false alarms, `looks` the features that this alert shares with them, the weightiest first, in words.
    """

    decades: float
    ground: Ground
    answers: tuple[int, ...]
    false: int
    looks: tuple[str, ...]

    @property
    def is_quieter(self) -> bool:
        """Whether the bar was raised."""
        return self.decades > 0

    @property
    def sentence(self) -> str:
        """`Quieter, because 4 of 4 similar alerts (small, night-time, dips) were false alarms.`"""
        count = len(self.answers)
        agreeing = self.false if self.is_quieter else count - self.false
        is_by_looks = self.ground in (Ground.ALIKE, Ground.ELSEWHERE)
        what = f" ({', '.join(self.looks)})" if self.looks and is_by_looks else ""
        said = "a false alarm" if agreeing == 1 else "false alarms"
        if not self.is_quieter:
            said = "real or missed"
        verb = "was" if agreeing == 1 else "were"
        start = "Quieter" if self.is_quieter else "More sensitive"
        return f"{start}, because {agreeing} of {count} {self.ground.value}{what} {verb} {said}."


def explain(learned: Triage, sight: Sight, row: int) -> Reason | None:
    """Why the bar of this row is not that of the budget; None where it is, or nearly."""
    rows = np.array([row])
    decades = float(learned.above(sight, rows)[0])
    if not learned.feedback or abs(decades) < LEAST:
        return None
    looks, answers = sight.take(rows), learned.posterior.answers
    apart = np.square(looks.column - answers.looks.column).sum(axis=1)
    refusing = learned.refusing(looks)[0]
    # What the looks alone would silence is told by them: they say more than the size.
    if decades > 0 and refusing.any() and above_for(-MISS_COST - learned.posterior.shift(looks))[0] <= looks.above[0]:
        return _reason(decades, Ground.AS_LARGE, refusing, apart, learned, ())
    pull = {name: term[0] * learned.posterior.alpha for name, term in terms(looks, answers.looks).items()}
    way = -1.0 if decades > 0 else 1.0
    by_look = {name: way * float(pull[name].sum()) for name in FEATURES}
    weight = {
        Ground.ALIKE: way * float(pull["alike"].sum()) + sum(by_look.values()),
        Ground.SERIES: way * float(pull["series"].sum() + pull["episode"].sum()),
        Ground.TEAM: way * float(pull["team"].sum() + pull["family"].sum()),
    }
    member: dict[Ground, NDArray[np.bool_]] = {
        Ground.ALIKE: similar(looks, answers.looks)[0],
        Ground.SERIES: answers.looks.series == looks.series[0],
        Ground.TEAM: np.ones(len(apart), np.bool_),
    }
    agrees = answers.is_real == (decades < 0)
    grounds = [ground for ground in weight if (member[ground] & agrees).any()]
    if not grounds:
        return None
    ground = max(grounds, key=lambda one: weight[one])
    chosen = member[ground]
    if ground is Ground.ALIKE and not np.isin(answers.looks.series[chosen], sight.series).any():
        ground = Ground.ELSEWHERE
    named = sorted((name for name in FEATURES if by_look[name] > 0), key=lambda name: -by_look[name])[:NAMED]
    return _reason(decades, ground, chosen, apart, learned, tuple(_words(named, looks)))


def _reason(
    decades: float,
    ground: Ground,
    member: NDArray[np.bool_],
    apart: NDArray[np.float64],
    learned: Triage,
    looks: tuple[str, ...],
) -> Reason:
    """The reason that rests on these answers, the nearest first."""
    chosen = np.flatnonzero(member)
    chosen = chosen[np.argsort(apart[chosen], kind="stable")]
    return Reason(
        decades=decades,
        ground=ground,
        answers=tuple(learned.feedback[k] for k in chosen.tolist()),
        false=int((~learned.posterior.answers.is_real[chosen]).sum()),
        looks=looks,
    )


def _words(named: list[str], looks: Looks) -> list[str]:
    """Each look in a word or two; those that have none for this alert are left out."""
    at = looks.column[0] * LENGTHS
    found = {
        "surprise": "hardly surprising" if at[0] < math.log(2.0) else "very surprising",
        "size": "small" if at[1] < math.log(1.5) else "large",
        "share": f"about {_rounded(100.0 * 10.0 ** at[2])} % of the usual level",
        "duration": "short" if at[3] < 2.0 else "long",
        "level": "while little is expected" if at[4] < -0.5 else "while much is expected" if at[4] > 0.5 else "",
        "spread": "on a noisy stretch" if at[5] > -0.5 else "",
        "busy": "one of many in a week" if at[6] > math.log(3.0) else "",
        "direction": "rises" if at[7] > 0 else "dips",
        "hour": _hour(at[8:10]),
        "weekday": _weekday(at[10:12]),
        "together": "along with others" if at[12] > 0 else "",
    }
    return [found[name] for name in named if found[name]]


def _rounded(share: float) -> str:
    """A number to one significant digit, in plain decimals."""
    digits = max(0, -math.floor(math.log10(share)))
    return f"{round(share, digits - 0 if share < 1 else -math.floor(math.log10(share))):.{digits if share < 1 else 0}f}"


def _part(circle: NDArray[np.float64]) -> float:
    """How far round the circle, 0 to 1."""
    return float(math.atan2(circle[0], circle[1]) / (2.0 * math.pi) % 1.0)


def _hour(circle: NDArray[np.float64]) -> str:
    return ("at night", "in the morning", "in the afternoon", "in the evening")[int(_part(circle) * 4.0) % 4]


def _weekday(circle: NDArray[np.float64]) -> str:
    # 1 January 1970 was a Thursday: days 2 and 3 of the week that is counted are Saturday and Sunday.
    return "at the weekend" if int(_part(circle) * 7.0) in (2, 3) else "on a weekday"
