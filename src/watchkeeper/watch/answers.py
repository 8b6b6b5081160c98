"""An answer's way into the log: what it speaks of, what it would lose, and the receipt that is kept as it was told."""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection

from watchkeeper.domain.alert import Change
from watchkeeper.domain.errors import ConfigError, GuardError, InputError, NotFoundError, SourceError
from watchkeeper.domain.feedback import Answer, Feedback
from watchkeeper.domain.metric import Metric, Series
from watchkeeper.domain.recurrence import check_rule
from watchkeeper.domain.times import MONTH, floor_to_step
from watchkeeper.learn import DEEPEST, PROMISED, in_force
from watchkeeper.stores.history import History
from watchkeeper.stores.ledger import Ledger, alerts, audit, feedback, metrics, receipts, series, transitions
from watchkeeper.watch import collect, hear, hints
from watchkeeper.watch.judge import Judgement
from watchkeeper.watch.judgements import Judgements
from watchkeeper.watch.settling import settled
from watchkeeper.watch.views import Draft, Reach, Receipt
from watchkeeper.watch.weighing import Weighed, weighed

_WINDOW_WANTED = (Answer.MISSED, Answer.EVENT, Answer.BAD_DATA)


def preview(ledger: Ledger, judgements: Judgements, draft: Draft, *, now: int) -> tuple[Receipt, Weighed]:
    """What the answer would change, and what that rests on; nothing is written. Its `feedback` has the id 0."""
    proposed = _resolve(ledger, draft, now)
    with ledger.read() as tx:
        log = feedback.log(tx)
    found = weighed(ledger, judgements, log, proposed, [*log, _next(log, proposed)])
    metric = _metric_of(ledger, proposed)
    price = _price(ledger, judgements, log, proposed, found)
    note = _of_missed(metric, proposed, found, price)
    return _receipt(proposed, _told(metric, proposed, found, note), found.weighing, price), found


def give(ledger: Ledger, judgements: Judgements, draft: Draft, *, now: int, note: str = "") -> Receipt:
    """Write the answer to the log and say what it changed; see Watchkeeper.answer. `note` is what `read_again` said."""
    proposed = _resolve(ledger, draft, now)
    with ledger.read() as tx:
        log = feedback.log(tx)
    found = weighed(ledger, judgements, log, proposed, [*log, _next(log, proposed)])
    weighing, price = found.weighing, _price(ledger, judgements, log, proposed, found)
    if not draft.force:
        _guard(weighing, draft.alert, "only a second yes (force) accepts that")
    (said,) = hints.said_by([proposed], found.before)
    with ledger.write() as tx:
        kept = feedback.add(tx, proposed)
        hints.keep(tx, kept, said)
        if kept.alert is not None:
            transitions.add(tx, kept.alert, Change.ANSWERED, at=now, recorded_at=now, detail=draft.answer.value)
        audit.add(tx, draft.by, now, "answer", f"#{kept.id} {draft.answer.value} on {', '.join(map(str, kept.series))}")
    judgements.forget()
    metric = _metric_of(ledger, kept)
    note = note or _of_missed(metric, kept, found, price)
    return _keep(ledger, _receipt(kept, _told(metric, kept, found, note), weighing, price))


def undo(ledger: Ledger, judgements: Judgements, feedback_id: int, by: str, *, now: int) -> Receipt:
    """Take an answer back; undoing an undo brings it back, unless a confirmed alert would be lost: GuardError."""
    with ledger.read() as tx:
        log = feedback.log(tx)
    target = next((line for line in log if line.id == feedback_id), None)
    if target is None:
        raise NotFoundError(f"no answer #{feedback_id} in the log")
    if any(
        line.undoes == feedback_id and line.id in {one.id for one in in_force(log, with_undos=True)} for line in log
    ):
        raise InputError(f"answer #{feedback_id} has been undone already")
    guess = _next(log, Feedback(id=0, by=by, given_at=now, undoes=feedback_id, alert=target.alert))
    weighing = weighed(ledger, judgements, log, guess, [*log, guess]).weighing
    if target.answer is None:
        _guard(weighing, target.alert, "give the answer anew, which asks for the second yes that accepts it")
    with ledger.write() as tx:
        kept = feedback.add(tx, guess)
        if kept.alert is not None:
            transitions.add(tx, kept.alert, Change.UNDONE, at=now, recorded_at=now, detail=f"#{feedback_id}")
        audit.add(tx, by, now, "undo", f"#{feedback_id}")
    judgements.forget()
    name = "The undo" if target.answer is None else f"“{target.answer.value.replace('_', ' ')}”"
    return _keep(ledger, _receipt(kept, f"{name} is taken back. {hear.counts(weighing)}", weighing))


def receipt(ledger: Ledger, feedback_id: int) -> Receipt:
    """The receipt as it was told."""
    with ledger.read() as tx:
        text = receipts.get(tx, feedback_id)
    if text is None:
        raise NotFoundError(f"no answer #{feedback_id} in the log")
    return msgspec.convert(json.loads(text), Receipt)


def _resolve(ledger: Ledger, draft: Draft, now: int) -> Feedback:
    """Fill in from the alert what the draft leaves open, and check that it makes sense."""
    spoken_of, start, end = draft.series, draft.start, draft.end
    with ledger.read() as tx:
        if draft.alert is not None:
            alert = alerts.get(tx, draft.alert)
            spoken_of = spoken_of or tuple(sorted({member.series for member in alert.members}))
            start = alert.start if start is None else start
            end = alert.end if end is None else end
        found = {one.id: one for one in series.by_id(tx, spoken_of)}
        unknown = [one for one in spoken_of if one not in found]
        if not spoken_of:
            raise InputError("the answer speaks of nothing: name an alert, or a series and a window")
        if unknown:
            raise NotFoundError(f"series {', '.join(map(str, unknown))}: not known")
        metric = metrics.record(tx, found[spoken_of[0]].metric)
        spoken_of = _reached(tx, draft, list(found.values()), tuple(spoken_of))
    if draft.answer in (Answer.REAL, Answer.FALSE_ALARM) and draft.reach is not Reach.NAMED:
        raise InputError(
            f"“{draft.answer.value.replace('_', ' ')}” is said of what the alert showed: leave its reach out"
        )
    # A quiet window that people were asked about and called fine is a false alarm that nobody was told of.
    is_window = draft.answer is Answer.FALSE_ALARM and start is not None and end is not None
    if draft.answer in (Answer.REAL, Answer.FALSE_ALARM) and draft.alert is None and not is_window:
        raise InputError(f"“{draft.answer.value.replace('_', ' ')}” is said of an alert: name one")
    if start is None or (end is None and draft.answer is not Answer.NEW_NORMAL):
        raise InputError(f"“{draft.answer.value.replace('_', ' ')}” needs a window: give its start and its end")
    end = start if end is None else end
    if draft.repeat:
        if draft.answer is not Answer.EVENT:
            raise InputError(
                f"only an event can repeat, not “{draft.answer.value.replace('_', ' ')}”: leave repeat out"
            )
        check_rule(draft.repeat)
    if draft.answer in _WINDOW_WANTED:
        start = floor_to_step(start, metric.step_s, metric.timezone)
    if draft.answer is not Answer.NEW_NORMAL and end <= start:
        raise InputError("the window ends before it starts: swap start and end")
    return Feedback(
        id=0,
        by=draft.by,
        given_at=now,
        answer=draft.answer,
        series=tuple(spoken_of),
        start=start,
        end=end,
        alert=draft.alert,
        note=draft.note,
        repeat=draft.repeat,
        zone=metric.timezone,
        is_forced=draft.force,
    )


def _reached(tx: Connection, draft: Draft, named: Sequence[Series], spoken_of: tuple[int, ...]) -> tuple[int, ...]:
    """The series of the answer once its reach is applied; a label speaks of what an alert showed, never of more."""
    if draft.reach is Reach.NAMED:
        return spoken_of
    if draft.reach is Reach.VALUE:
        return _alike(tx, draft.dimension, named)
    names = {one.metric for one in named}
    if draft.reach is Reach.GROUP:
        families = {metrics.record(tx, name).family for name in names}
        names |= {one.name for one in metrics.metrics(tx) if one.family in families}
    return tuple(sorted(one.id for name in names for one in series.of_metric(tx, name)))


def _alike(tx: Connection, dimension: str, named: Sequence[Series]) -> tuple[int, ...]:
    """The named series, and those of their metrics that share a value of the dimension with them."""
    chosen = {one.id for one in named}
    cut = [metric for metric in (metrics.record(tx, one.metric) for one in named) if dimension in metric.dimensions]
    if not cut:
        raise InputError(f"dimension {dimension!r}: no metric spoken of has it; name one of the metric's dimensions")
    for metric in {one.name: one for one in cut}.values():
        place = metric.dimensions.index(dimension)
        values = {one.values[place] for one in named if one.metric == metric.name}
        chosen |= {one.id for one in series.of_metric(tx, metric.name) if one.values[place] in values}
    return tuple(sorted(chosen))


def read_again(ledger: Ledger, history: History, judgements: Judgements, draft: Draft, *, now: int) -> str:
    """Pull the window of bad data again from the source; what comes back different counts, the rest stays void.

    It may take as long as the source does, so it is done before the answer is given, and holds nothing meanwhile.
    """
    line = _resolve(ledger, draft, now)
    with ledger.read() as tx:
        names = sorted({one.metric for one in series.by_id(tx, line.series)})
        gone = metrics.removed(tx)
        records = settled(tx, [metrics.metric(tx, name) for name in names if name not in gone])
        sources = {source.name: source for source in metrics.sources(tx)}
    if not records:
        return "What was removed is not read again, so they stay void."
    changed = 0
    try:
        for metric in records:
            start = floor_to_step(line.start, metric.step_s, metric.timezone)
            end = floor_to_step(line.end + metric.step_s - 1, metric.step_s, metric.timezone)
            # What is not over is left to the next reading, which goes on from the newest period that was read.
            end = min(end, collect.window(metric, None, now)[1])
            changed += collect.pull(ledger, history, sources[metric.source], metric, start, end, now=now)
    except (SourceError, ConfigError) as error:
        return f"The source could not be read again, so they stay void: {error}."
    for metric in records:
        judgements.forget(metric.name)
    return (
        f"Read again from the source: {_many(changed, 'point')} came back different."
        if changed
        else "Read again from the source: nothing came back different, so they stay void."
    )


def _told(metric: Metric, line: Feedback, found: Weighed, note: str) -> str:
    """The receipt of an answer in words."""
    assert line.answer is not None
    return hear.sentence(
        line.answer,
        found.weighing,
        metric,
        start=line.start,
        end=line.end,
        note=note,
        repeat=line.repeat,
        on_alert=line.alert is not None,
    )


def _price(
    ledger: Ledger, judgements: Judgements, log: Sequence[Feedback], line: Feedback, found: Weighed
) -> float | None:
    """How many alerts a month more a second yes to a missed window would cost; None where it would change nothing."""
    if line.answer is not Answer.MISSED or line.is_forced:
        return None
    peaks = [judgement.peak_above(one, line.start, line.end) for one, judgement in _spoken_of(line, found)]
    if not any(-DEEPEST <= peak < -PROMISED for peak in peaks):
        return None
    forced = msgspec.structs.replace(_next(log, line), is_forced=True)
    more = weighed(ledger, judgements, log, forced, [*log, forced]).weighing
    return (len(more.appeared) - len(found.weighing.appeared)) * MONTH / max(MONTH, more.watched_s)


def _of_missed(metric: Metric, line: Feedback, found: Weighed, price: float | None) -> str:
    """What becomes of a missed window and of its like; nothing to say of other answers."""
    if line.answer is not Answer.MISSED:
        return ""
    if price is not None:
        return (
            "In hindsight it is told. It was so ordinary that telling its like too would cost about"
            f" {hear.a_month(price)} alerts a month more,"
            f" where {metric.label} may cost {metric.false_alerts_per_month:g}:"
            " only a second yes makes the detector that sensitive."
        )
    if any(
        run.member.start < line.end and line.start < run.member.end
        for one, judgement in _spoken_of(line, found)
        for run in judgement.runs_of(one)
    ):
        return "That makes the detector sensitive enough to catch it."
    return "It cannot be caught: it was too ordinary, or the detector was still learning, or saw no value there."


def _spoken_of(line: Feedback, found: Weighed) -> list[tuple[int, Judgement]]:
    """The series of an answer, each with the judgement of its metric under that answer."""
    place = {one: judgement for judgement in found.after.values() for one in judgement.columns.series}
    return [(one, place[one]) for one in line.series if one in place]


def _metric_of(ledger: Ledger, line: Feedback) -> Metric:
    with ledger.read() as tx:
        return metrics.record(tx, series.by_id(tx, line.series[:1])[0].metric)


def _guard(weighing: hear.Weighing, own: int | None, mend: str) -> None:
    """Confirmed alerts are lost only by a second yes; the alert that is answered anew, `own`, is its own matter."""
    lost = [one for one in weighing.confirmed_lost if one != own]
    if lost:
        named = ", ".join(f"#{one}" for one in lost)
        raise GuardError(f"{_many(len(lost), 'alert')} that people confirmed would no longer fire ({named}); {mend}")


def _next(log: Sequence[Feedback], line: Feedback) -> Feedback:
    """The line as it would stand at the end of the log."""
    return msgspec.structs.replace(line, id=1 + max((one.id for one in log), default=0))


def _receipt(line: Feedback, text: str, weighing: hear.Weighing, price: float | None = None) -> Receipt:
    return Receipt(
        feedback=line,
        sentence=text,
        before=weighing.before,
        after=weighing.after,
        vanished=weighing.vanished,
        appeared=weighing.appeared,
        confirmed=weighing.confirmed,
        confirmed_kept=weighing.confirmed - len(weighing.confirmed_lost),
        lost=weighing.confirmed_lost,
        price=price,
    )


def _keep(ledger: Ledger, made: Receipt) -> Receipt:
    with ledger.write() as tx:
        receipts.put(tx, made.feedback.id, json.dumps(msgspec.to_builtins(made)))
    return made


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
