"""Answers speak to the other metrics of the owner: what was answered is kept as it looked, and handed to their judging.

A metric of very many series keeps to itself: it has answers enough, and need not be judged whole for those of others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from watchkeeper.domain.feedback import VERDICTS, Feedback
from watchkeeper.domain.metric import Metric
from watchkeeper.learn import Hint, in_force
from watchkeeper.stores.ledger import hints, metrics
from watchkeeper.watch.judge import Judgement

MOST_SERIES = 100


def said_by(lines: Sequence[Feedback], judged: Mapping[str, Judgement]) -> list[list[Hint]]:
    """What each of these lines says elsewhere: a verdict, of each metric it speaks of, its most surprising series.

    `judged` are the metrics' judgements before them, by name. It takes up to a second a metric: no transaction waits.
    """
    found: list[list[Hint]] = [[] for _ in lines]
    verdicts = [place for place, line in enumerate(lines) if is_verdict(line)]
    for judgement in judged.values():
        if len(judgement.series) <= MOST_SERIES:
            for place, hint in zip(verdicts, judgement.hints([lines[one] for one in verdicts]), strict=True):
                found[place] += [] if hint is None else [hint]
    return found


def keep(tx: Connection, line: Feedback, said: Sequence[Hint]) -> None:
    """Keep what a line, which has its number now, was found to say (`said_by`)."""
    numbered = [msgspec.structs.replace(one, feedback=line.id) for one in said]
    hints.put(tx, line.id, {one.series: msgspec.json.encode(one).decode() for one in numbered})


def is_verdict(line: Feedback) -> bool:
    """Whether a line of the log says that something was, or was not, worth telling."""
    return line.answer in VERDICTS


def may_hear(tx: Connection, chosen: Sequence[Metric], series: Mapping[str, Sequence[int]]) -> frozenset[str]:
    """The metrics that heard others, or did once: how an alert that goes on began may rest on what was taken back."""
    hearing = [one.name for one in chosen if _hears(one, series)]
    speaking = hints.speaking(tx) if hearing else frozenset()
    return frozenset(name for name in hearing if speaking - {name})


def heard_by(
    tx: Connection, chosen: Sequence[Metric], series: Mapping[str, Sequence[int]], log: Sequence[Feedback]
) -> dict[str, tuple[Hint, ...]]:
    """The hints in force for each of the metrics, by name; `series` are the ids of theirs. None hears its own."""
    hearing = [one for one in chosen if _hears(one, series)]
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
    # Most metrics of a large team have no part in any answer, and hear the very same.
    whole = {name: tuple(hint for _, hint in said) for name, said in by_owner.items()}
    spoken_of = {
        name: frozenset(each for hint in found for each in stand[hint.feedback].series) for name, found in whole.items()
    }
    heard = {}
    for metric in hearing:
        found, own = whole.get(metric.owner, ()), frozenset(series[metric.name])
        if found and not spoken_of[metric.owner].isdisjoint(own):
            found = tuple(
                hint
                for name, hint in by_owner[metric.owner]
                if name != metric.name and own.isdisjoint(stand[hint.feedback].series)
            )
        if found:
            heard[metric.name] = found
    return heard


def _hears(metric: Metric, series: Mapping[str, Sequence[int]]) -> bool:
    return bool(metric.owner) and len(series[metric.name]) <= MOST_SERIES


def _standing(log: Sequence[Feedback]) -> dict[int, Feedback]:
    """The verdicts in force, the last of each alert."""
    latest: dict[object, Feedback] = {}
    for line in in_force(log):
        latest[("line", line.id) if line.alert is None else ("alert", line.alert)] = line
    return {line.id: line for line in latest.values() if is_verdict(line)}
