"""Answers about some alerts turned into bars for all: what was called a false alarm raises the bar for its like and
for what is no more than it was; below the bar of the budget only the like of what was real or missed is told.

Everything here is a pure function of what was seen and of the labels: undoing an answer is leaving it out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from watchkeeper.domain.feedback import Label
from watchkeeper.learn.hints import Hint, looks_of
from watchkeeper.learn.triage_looks import UP, Looks, Sight, sample
from watchkeeper.learn.triage_model import MISS_COST, Answers, Posterior, above_for, learn

DEEPEST = 2.0
"""How many decades below the budget's bar an answer can take it: what is a hundred times as common as the budget allows
cannot be told from anything else."""
PROMISED = 1.0
"""What was missed is promised to be told when it comes again, if it lay at most this many decades below the bar, that
is, if its like comes at most ten times as often as the budget allows. What lies deeper, down to `DEEPEST`, is promised
to whoever accepts that price."""
AS_LARGE = 1.25
"""What is at most so many times as far from the expectation as a false alarm on its series, in the metric's own unit,
is as large: what is expected, and the width of the band, move meanwhile."""
HARDLY = 2.0
"""What is no more surprising than a false alarm may be so many times as far out, and hardly larger; beyond that the
band has grown, and surprise says nothing of size. What is as surprising as something real may be so much nearer, and
hardly smaller."""
MARGIN = 0.01
"""How far below a peak "would have been told" is, in decades: 2 % of the rate."""
MOST_ANSWERS = 250
"""The newest answers that are learned from; the cost grows with their cube."""
MOST_HINTS = 50
"""The same of answers on other metrics of the owner: every metric that a team owns is judged with them."""
ELSEWHERE = 0.25
"""What an answer on another metric counts: a quarter, because what is usual there need not be usual here."""


@dataclass(frozen=True)
class Promise:
    """The like of a confirmed or missed alert is told: a row of this series, on this side of its expectation, whose
    score is at least `above` decades above the budget's bar and which is at least `away` from what was expected.
    """

    series: int
    is_up: bool
    above: float
    away: float


@dataclass(frozen=True)
class Triage:
    """What the answers given by some instant ask of every alert.

    `feedback` names the answers of `posterior` in their order; what reaches the bar of the budget is told at log-odds
    of `-MISS_COST`, what does not by `promises`, which hold whatever the posterior is.
    """

    posterior: Posterior
    feedback: tuple[int, ...]
    promises: tuple[Promise, ...] = ()

    def above(self, sight: Sight, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """float64[k]: decades above (negative: below) the budget's bar that the score of each row must reach; infinite:
        never.
        """
        if not self.feedback:
            return np.zeros(len(rows))
        looks = sight.take(rows)
        needed = np.maximum(above_for(-MISS_COST - self.posterior.shift(looks)), 0.0)
        is_up = looks.column[:, UP] > 0
        for promise in self.promises:
            held = (looks.series == promise.series) & (is_up == promise.is_up) & (looks.away >= promise.away)
            needed[held] = np.minimum(needed[held], promise.above)
        refused = self.refusing(looks).any(axis=1)
        needed[refused] = np.maximum(needed[refused], looks.above[refused] + MARGIN)
        return needed

    def refusing(self, looks: Looks) -> NDArray[np.bool_]:
        """bool[k, m]: the false alarms that silence an alert because it is no more than they were, and nothing that
        little was real.

        No more means: as large in the metric's own unit, or no more surprising and hardly larger; and at least half as
        large, because what is much smaller than a false alarm is not like it. One such answer is enough. It is taken
        back by a confirmed or missed alert on that side that was as small as the alert, or no more surprising than it
        or than what was called false: then size does not tell them apart, and the posterior decides.
        """
        known = self.posterior.answers
        above = known.looks.above[None, :]
        counts = (looks.series[:, None] == known.looks.series[None, :]) & (known.weight >= 0.5)[None, :]
        counts &= (looks.column[:, UP] > 0)[:, None] == (known.looks.column[:, UP] > 0)[None, :]
        away, away_known = looks.away[:, None], known.looks.away[None, :]
        covers = looks.above[:, None] <= above + MARGIN
        covers = (away <= AS_LARGE * away_known) | (covers & (away <= HARDLY * away_known))
        covers &= away >= away_known / HARDLY
        covers &= counts & ~known.is_real[None, :]
        height = np.maximum(looks.above, np.where(covers, above, -np.inf).max(axis=1, initial=-np.inf))
        was_real = (above <= height[:, None] + MARGIN) | (away_known <= AS_LARGE * away)
        was_real &= counts & known.is_real[None, :]
        return np.asarray(covers & ~was_real.any(axis=1)[:, None], np.bool_)


def learn_from(
    sight: Sight,
    labels: Iterable[tuple[int, Label]],
    *,
    until: int | None = None,
    half_life_s: float | None = None,
    now: int | None = None,
    hints: Iterable[Hint] = (),
) -> Triage:
    """Learn from labels, given as (place of the series in `sight`, label), and `hints` of the owner's other metrics.

    With `until` (seconds) only labels given by then count, and of the points only those before it. With `half_life_s`
    an answer counts half as much for each such time that passed between it and `now` (default: `until`, or else the
    newest answer). A label whose window holds no score says nothing.
    """
    known = [(place, label) for place, label in labels if until is None or label.given_at <= until]
    known.sort(key=lambda entry: (entry[1].given_at, entry[1].feedback, entry[0], entry[1].start))
    seen = [(row, label) for place, label in known if (row := sample(sight, place, label, until)) is not None]
    seen = seen[-MOST_ANSWERS:]
    heard = sorted((one for one in hints if until is None or one.given_at <= until), key=_age)[-MOST_HINTS:]
    given_at = np.array([label.given_at for _, label in seen] + [one.given_at for one in heard], np.int64)
    weight = np.ones(len(given_at))
    if half_life_s is not None and len(given_at):
        now = now if now is not None else int(given_at.max()) if until is None else until
        weight = 0.5 ** (np.maximum(0, now - given_at) / half_life_s)
    weight[len(seen) :] *= ELSEWHERE
    answers = Answers(
        looks=sight.take(np.array([row for row, _ in seen], np.int64)).beside(looks_of(heard)),
        is_real=np.array([label.is_real for _, label in seen] + [one.is_real for one in heard], np.bool_),
        weight=weight,
    )
    posterior = learn(answers)
    fresh = [entry for entry, share in zip(seen, weight.tolist(), strict=False) if share >= 0.5]
    feedback = [label.feedback for _, label in seen] + [one.feedback for one in heard]
    return Triage(posterior, tuple(feedback), _promises(sight, fresh))


def _age(hint: Hint) -> tuple[int, int, int]:
    return hint.given_at, hint.feedback, hint.series


def _promises(sight: Sight, seen: list[tuple[int, Label]]) -> tuple[Promise, ...]:
    """Positive labels that no false alarm, said later of as surprising an alert on the same side, has taken back."""
    found: list[Promise] = []
    for place, (row, label) in enumerate(seen):
        height = float(sight.above[row]) - MARGIN
        if not label.is_real or height < -(DEEPEST if label.is_forced else PROMISED) - MARGIN:
            continue
        side = int(sight.series[row]), bool(sight.column[row, UP] > 0)
        is_taken_back = any(
            not other.is_real
            and (int(sight.series[at]), bool(sight.column[at, UP] > 0)) == side
            and sight.above[at] >= height
            and not label.start <= sight.time[at] < label.end
            for at, other in seen[place + 1 :]
        )
        if not is_taken_back:
            found.append(Promise(*side, height, float(sight.away[row]) / HARDLY))
    return tuple(found)
