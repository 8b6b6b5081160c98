"""Answers about some alerts turned into bars for all: what was called a false alarm raises the bar for its like, what
was real or missed lowers it, and the number of false alerts that the budget stands for is never exceeded for it.

Everything here is a pure function of what was seen and of the labels: undoing an answer is leaving it out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from watchkeeper.domain.feedback import Label
from watchkeeper.learn.triage_looks import UP, Looks, Sight, peaks
from watchkeeper.learn.triage_model import MISS_COST, Answers, Posterior, above_for, learn, prior, similar

DEEPEST = 2.0
"""How many decades below the budget's bar an answer can take it: what is a hundred times as common as the budget allows
cannot be told from anything else."""
PROMISED = 1.0
"""What was missed is promised to be told when it comes again, if it lay at most this many decades below the bar, that
is, if its like comes at most ten times as often as the budget allows."""
REFUSING = 2
"""How many false alarms silence what is nearly their copy on its series, whatever the model makes of it."""
MARGIN = 0.01
"""How far below a peak "would have been told" is, in decades: 2 % of the rate."""
MOST_ANSWERS = 250
"""The newest answers that are learned from; the cost grows with their cube."""
MOST_PEAKS = 2_000
"""The newest excursions over which false alerts are counted."""


@dataclass(frozen=True)
class Promise:
    """The like of a confirmed or missed alert is told: a row of this series, on this side of its expectation, whose
    score is at least `above` decades above the budget's bar.
    """

    series: int
    is_up: bool
    above: float


@dataclass(frozen=True)
class Triage:
    """What the answers given by some instant ask of every alert.

    `feedback` names the answers of `posterior` in their order; what reaches the bar of the budget is told at log-odds
    of `-MISS_COST`, what does not at `threshold`, which is higher where it takes that to be paid for with false alerts
    that answers removed; `promises` hold whatever it is.
    """

    posterior: Posterior
    feedback: tuple[int, ...]
    threshold: float
    promises: tuple[Promise, ...] = ()

    def above(self, sight: Sight, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """float64[k]: decades above (negative: below) the budget's bar that the score of each row must reach; infinite:
        never.
        """
        if not self.feedback:
            return np.zeros(len(rows))
        looks = sight.take(rows)
        shift = self.posterior.shift(looks)
        needed = above_for(-MISS_COST - shift)
        paid = np.clip(above_for(self.threshold - shift), -DEEPEST, 0.0)
        needed = np.where(needed < 0.0, paid, needed)
        is_up = looks.column[:, UP] > 0
        for promise in self.promises:
            held = (looks.series == promise.series) & (is_up == promise.is_up)
            needed[held] = np.minimum(needed[held], promise.above)
        refused = self._refused(looks)
        needed[refused] = np.maximum(needed[refused], looks.above[refused] + MARGIN)
        return needed

    def _refused(self, looks: Looks) -> NDArray[np.bool_]:
        """bool[k]: alerts with likes on the same series and side that were false alarms and no less surprising, and
        none that was real. One answer may be a mistake; `REFUSING` of them hardly are.
        """
        known = self.posterior.answers
        is_near = similar(looks, known.looks) & (known.weight >= 0.5)[None, :]
        is_near &= looks.series[:, None] == known.looks.series[None, :]
        is_near &= (looks.column[:, UP] > 0)[:, None] == (known.looks.column[:, UP] > 0)[None, :]
        is_less = looks.above[:, None] <= known.looks.above[None, :] + MARGIN
        has_false = (is_near & is_less & ~known.is_real[None, :]).sum(axis=1) >= REFUSING
        return np.asarray(has_false & ~(is_near & known.is_real[None, :]).any(axis=1), np.bool_)


def learn_from(
    sight: Sight,
    labels: Iterable[tuple[int, Label]],
    *,
    until: int | None = None,
    half_life_s: float | None = None,
    now: int | None = None,
) -> Triage:
    """Learn from labels, given as (place of the series in `sight`, label).

    With `until` (seconds) only labels given by then count, and of the points only those before it. With `half_life_s`
    an answer counts half as much for each such time that passed between it and `now` (default: `until`, or else the
    newest answer). A label whose window holds no score says nothing.
    """
    known = [(place, label) for place, label in labels if until is None or label.given_at <= until]
    known.sort(key=lambda entry: (entry[1].given_at, entry[1].feedback, entry[0], entry[1].start))
    seen = [(row, label) for place, label in known if (row := sample(sight, place, label, until)) is not None]
    seen = seen[-MOST_ANSWERS:]
    weight = np.ones(len(seen))
    if half_life_s is not None and seen:
        now = now if now is not None else seen[-1][1].given_at if until is None else until
        weight = 0.5 ** (np.array([max(0, now - label.given_at) for _, label in seen]) / half_life_s)
    answers = Answers(
        looks=sight.take(np.array([row for row, _ in seen], np.int64)),
        is_real=np.array([label.is_real for _, label in seen], np.bool_),
        weight=weight,
    )
    posterior = learn(answers)
    fresh = [entry for entry, share in zip(seen, weight.tolist(), strict=True) if share >= 0.5]
    threshold = _threshold(sight, posterior, until) if seen else -MISS_COST
    return Triage(posterior, tuple(label.feedback for _, label in seen), threshold, _promises(sight, fresh))


def sample(sight: Sight, place: int, label: Label, until: int | None = None) -> int | None:
    """The row that stands for a labelled window: where its score first reaches the budget's bar, or else comes
    nearest.
    """
    first, end = int(sight.start[place]), int(sight.start[place + 1])
    stop = label.end if until is None else min(label.end, until)
    window = first + np.searchsorted(sight.time[first:end], (label.start, max(label.start, stop)))
    above = sight.above[window[0] : window[1]]
    if not np.isfinite(above).any():
        return None
    reaches = np.flatnonzero(above >= 0.0)
    return int(window[0]) + int(reaches[0] if len(reaches) else np.nanargmax(above))


def _promises(sight: Sight, seen: list[tuple[int, Label]]) -> tuple[Promise, ...]:
    """Positive labels that no false alarm, said later of as surprising an alert on the same side, has taken back."""
    found: dict[tuple[int, bool], float] = {}
    for place, (row, label) in enumerate(seen):
        height = float(sight.above[row]) - MARGIN
        if not label.is_real or height < -PROMISED - MARGIN:
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
            found[side] = min(found.get(side, np.inf), height)
    return tuple(Promise(series, is_up, above) for (series, is_up), above in found.items())


def _threshold(sight: Sight, posterior: Posterior, until: int | None) -> float:
    """The least log-odds from `-MISS_COST` on that, asked of what does not reach the bar of the budget, would in the
    past have given no more false alerts than answers removed of those that do.

    Both counts are expectations under the posterior: each excursion counts with its probability of being false. So
    sensitivity that answers ask for is paid with noise that answers removed (the rule of Neyman and Pearson: of all
    ways to spend a number of false alerts, the one that tells the likeliest first), and never with an alert that
    nobody called false.
    """
    past = peaks(sight, DEEPEST)
    if until is not None:
        past = past[: int(np.searchsorted(sight.time[past[:, 1]], until))]
    looks = sight.take(past[-MOST_PEAKS:, 0])
    log_odds = prior(looks.above) + posterior.shift(looks)
    false = 1.0 / (1.0 + np.exp(log_odds))
    reaches = looks.above >= 0.0
    allowed = float(false[reaches & (log_odds < -MISS_COST)].sum())
    order = np.flatnonzero(~reaches)
    order = order[np.argsort(-log_odds[order], kind="stable")]
    spent = np.cumsum(false[order])
    place = int(np.searchsorted(spent, allowed * (1.0 + 1e-12), side="right"))
    if place == len(order):
        return -MISS_COST
    return max(-MISS_COST, float(np.nextafter(log_odds[order[place]], np.inf)))
