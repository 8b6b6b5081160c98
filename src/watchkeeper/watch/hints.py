"""Answers speak to the other metrics of the owner: what was answered is kept as it looked, and handed to their judging.

A metric of very many series keeps to itself: it has answers enough, and need not be judged whole for those of others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from watchkeeper.domain.feedback import Answer, Feedback
from watchkeeper.domain.metric import Metric
from watchkeeper.learn import Hint, in_force
from watchkeeper.stores.ledger import hints, metrics
from watchkeeper.watch.judge import Judgement

MOST_SERIES = 100
_VERDICTS = (Answer.REAL, Answer.FALSE_ALARM, Answer.MISSED)


def keep(tx: Connection, line: Feedback, judged: Mapping[str, Judgement]) -> None:
    """Keep what a verdict in the log says elsewhere: of each metric it speaks of, the most surprising series.

    `judged` are the metrics' judgements before it, by name.
    """
    if line.answer not in _VERDICTS:
        return
    speaking = [one for one in judged.values() if len(one.series) <= MOST_SERIES]
    found = [hint for judgement in speaking if (hint := judgement.hint(line)) is not None]
    hints.put(tx, line.id, {one.series: msgspec.json.encode(one).decode() for one in found})


def heard_by(
    tx: Connection, chosen: Sequence[Metric], series: Mapping[str, Sequence[int]], log: Sequence[Feedback]
) -> dict[str, tuple[Hint, ...]]:
    """The hints in force for each of the metrics, by name; `series` are the ids of theirs. None hears its own."""
    hearing = [one for one in chosen if one.owner and len(series[one.name]) <= MOST_SERIES]
    kept = hints.all_of(tx) if hearing else []
    if not kept:
        return {}
    owner = {one.name: one.owner for one in metrics.named(tx, {one.metric for one in kept})}
    stand = _standing(log)
    by_owner: dict[str, list[tuple[str, Hint]]] = {}
    for one in kept:
        if one.feedback in stand:
            hint = msgspec.json.decode(one.record, type=Hint)
            if hint.is_current:
                by_owner.setdefault(owner[one.metric], []).append((one.metric, hint))
    heard = {}
    for metric in hearing:
        own = set(series[metric.name])
        found = tuple(
            hint
            for name, hint in by_owner.get(metric.owner, ())
            if name != metric.name and own.isdisjoint(stand[hint.feedback].series)
        )
        if found:
            heard[metric.name] = found
    return heard


def _standing(log: Sequence[Feedback]) -> dict[int, Feedback]:
    """The verdicts in force, the last of each alert."""
    latest: dict[object, Feedback] = {}
    for line in in_force(log):
        latest[("line", line.id) if line.alert is None else ("alert", line.alert)] = line
    return {line.id: line for line in latest.values() if line.answer in _VERDICTS}
