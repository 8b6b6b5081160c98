"""The append-only log of feedback, folded into what is known of each series, and since when.

The log is the truth and is never changed; knowledge is derived from it and can be made again at any time. So undoing
an answer is folding the log without it, and what was known at an earlier moment is a fold of the part given by then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from watchkeeper.domain.feedback import NOTHING, VERDICTS, Answer, Feedback, Label, Recurrence, SeriesKnowledge, Window
from watchkeeper.learn.hints import Hint

BEGINNING = -(1 << 62)
"""Before every instant: an epoch that begins here is in force from the start."""


class Epoch(NamedTuple):
    """What is known of a series from the instant `since` (seconds) until the next epoch begins."""

    since: int
    knowledge: SeriesKnowledge


class Knowledge:
    """What a log of feedback tells of each series. Immutable; `fold` makes it.

    `of(series)` is all that is known of it today, `epochs(series)` how that came about, oldest first; `hints` is what
    was said of other metrics of the same owner.
    """

    __slots__ = ("_epochs", "_standing", "hints")

    def __init__(
        self,
        epochs: Mapping[int, tuple[Epoch, ...]],
        standing: Mapping[int, SeriesKnowledge],
        hints: tuple[Hint, ...] = (),
    ) -> None:
        self._epochs = epochs
        self._standing = standing
        self.hints = hints

    def of(self, series: int) -> SeriesKnowledge:
        """All that is known of the series, whenever it was said."""
        epochs = self._epochs.get(series)
        return epochs[-1].knowledge if epochs else self._standing.get(series, NOTHING)

    def epochs(self, series: int) -> tuple[Epoch, ...]:
        """What was known from when on: the first epoch begins at `BEGINNING`, each later one at a `given_at`."""
        first = Epoch(BEGINNING, self._standing.get(series, NOTHING))
        return (first, *self._epochs.get(series, ()))

    def series(self) -> frozenset[int]:
        """The series of which anything was ever said (even if it was undone since)."""
        return frozenset(self._epochs) | frozenset(self._standing)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Knowledge):
            return NotImplemented
        if self.hints != other.hints:
            return False
        return all(self.of(series) == other.of(series) for series in self.series() | other.series())

    __hash__ = None  # type: ignore[assignment]  # equality looks into the records; nothing keys a mapping by it


def fold(
    log: Iterable[Feedback], standing: Mapping[int, SeriesKnowledge] | None = None, hints: tuple[Hint, ...] = ()
) -> Knowledge:
    """What the whole log tells, per series.

    An alert has one answer: the last one given on it that is in force. Answers that name no alert stand by themselves,
    except that a later verdict (real, false alarm, missed) on exactly the same window of a series replaces an earlier
    one. An undo takes its target out of force as long as it is itself in force, so undoing an undo restores.

    Entries are put in order by (`given_at`, `id`): the order in which the log is handed in does not matter. An undo
    counts only against an entry with a smaller id, since a log that only grows cannot undo what is yet to come.

    `standing` is knowledge that no person gave back: events of the configuration, in force from the beginning. `hints`
    come from answers on other metrics.
    """
    standing = dict(standing or {})
    ordered = sorted(log, key=lambda entry: (entry.given_at, entry.id))
    epochs = {}
    for series, entries in _by_series(ordered).items():
        found = tuple(_epochs_of(series, entries, standing.get(series, NOTHING)))
        if found:
            epochs[series] = found
    return Knowledge(epochs, standing, hints)


def in_force(log: Iterable[Feedback], *, with_undos: bool = False) -> tuple[Feedback, ...]:
    """The answers that no undo in force has taken back, by (`given_at`, `id`); the undos in force only if asked for."""
    entries = sorted(log, key=lambda entry: (entry.given_at, entry.id))
    undone = _undone(entries)
    return tuple(entry for entry in entries if (with_undos or entry.answer is not None) and entry.id not in undone)


def _undone(entries: Iterable[Feedback]) -> frozenset[int]:
    """Ids that an undo in force points at. Newest id first: an undo is decided before what it undoes."""
    undone: set[int] = set()
    for entry in sorted(entries, key=lambda entry: -entry.id):
        if entry.undoes is not None and entry.undoes < entry.id and entry.id not in undone:
            undone.add(entry.undoes)
    return frozenset(undone)


def _by_series(ordered: list[Feedback]) -> dict[int, list[Feedback]]:
    """The entries that can bear on each series: those that name it, all on the same alerts, and the undos of either."""
    by_id = {entry.id: entry for entry in ordered}
    of_alert: dict[int, set[int]] = {}
    for entry in ordered:
        if entry.alert is not None:
            of_alert.setdefault(entry.alert, set()).update(entry.series)
    result: dict[int, list[Feedback]] = {}
    for entry in ordered:
        root: Feedback | None = entry
        while root is not None and root.undoes is not None and root.undoes < root.id:
            root = by_id.get(root.undoes)
        if root is None:
            continue
        reach = set(root.series) if root.alert is None else of_alert[root.alert]
        for series in reach:
            result.setdefault(series, []).append(entry)
    return result


def _epochs_of(series: int, entries: list[Feedback], standing: SeriesKnowledge) -> Iterator[Epoch]:
    """An epoch for each moment at which what is known of the series changed. `entries` are in order of time."""
    known = standing
    for place, entry in enumerate(entries):
        if place + 1 < len(entries) and entries[place + 1].given_at == entry.given_at:
            continue
        now = _known(series, entries[: place + 1], standing)
        if now != known:
            yield Epoch(entry.given_at, now)
            known = now


def _known(series: int, entries: list[Feedback], standing: SeriesKnowledge) -> SeriesKnowledge:
    """What these entries, oldest first, tell of one series."""
    undone = _undone(entries)
    latest: dict[object, Feedback] = {}
    for entry in entries:
        if entry.answer is None or entry.id in undone:
            continue
        key: object = ("entry", entry.id)
        if entry.alert is not None:
            key = ("alert", entry.alert)
        elif entry.answer in VERDICTS:
            key = ("window", entry.start, entry.end)
        latest[key] = entry
    said = sorted((e for e in latest.values() if series in e.series), key=lambda e: (e.start, e.end, e.id))
    return SeriesKnowledge(
        events=standing.events + _windows(said, Answer.EVENT),
        void=standing.void + _windows(said, Answer.BAD_DATA),
        restarts=standing.restarts + _windows(said, Answer.NEW_NORMAL),
        labels=standing.labels + tuple(label_of(entry) for entry in said if entry.answer in VERDICTS),
        recurring=standing.recurring + tuple(_recurrence(e) for e in said if e.answer is Answer.EVENT and e.repeat),
    )


def _windows(said: list[Feedback], answer: Answer) -> tuple[Window, ...]:
    return tuple(
        Window(start=e.start, end=max(e.start, e.end), feedback=e.id, given_at=e.given_at, note=e.note)
        for e in said
        if e.answer is answer and not e.repeat
    )


def _recurrence(entry: Feedback) -> Recurrence:
    return Recurrence(
        rule=entry.repeat,
        zone=entry.zone,
        start=entry.start,
        end=entry.end,
        feedback=entry.id,
        given_at=entry.given_at,
        note=entry.note,
    )


def label_of(entry: Feedback) -> Label:
    """The label that a verdict puts on its window."""
    return Label(
        start=entry.start,
        end=entry.end,
        is_real=entry.answer is not Answer.FALSE_ALARM,
        is_confirmed=entry.answer is Answer.REAL,
        feedback=entry.id,
        given_at=entry.given_at,
        is_forced=entry.is_forced,
    )
