"""An answer before it is said: which alerts of the past would turn, and what one series would look like."""

from __future__ import annotations

from collections.abc import Iterable

from watchkeeper.domain.alert import Alert
from watchkeeper.domain.metric import Metric, Series
from watchkeeper.notify import message
from watchkeeper.stores.ledger import Ledger
from watchkeeper.watch import answers
from watchkeeper.watch.charts import chart, has_new_band
from watchkeeper.watch.judge import Judgement
from watchkeeper.watch.judgements import Judgements
from watchkeeper.watch.views import Draft, Foresight, Turn, Turned
from watchkeeper.watch.weighing import Weighed


def foresee(
    ledger: Ledger,
    judgements: Judgements,
    draft: Draft,
    *,
    now: int,
    series_id: int | None = None,
    start: int | None = None,
    end: int | None = None,
) -> Foresight:
    """What the answer would change, in words and on the chart of one series (default: the first it speaks of).

    The chart is of `[start, end)`, or whole. Nothing is written. InputError, NotFoundError.
    """
    receipt, found = answers.preview(ledger, judgements, draft, now=now)
    ids = {one: name for name, judgement in found.after.items() for one in judgement.columns.series}
    shown = series_id if series_id in ids else receipt.feedback.series[0]
    before, after = found.before[ids[shown]], found.after[ids[shown]]
    return Foresight(
        receipt=receipt,
        turned=tuple(_turned(found)),
        chart=chart(after, shown, start, end),
        is_band_new=has_new_band(before, after, shown),
    )


def _turned(found: Weighed) -> list[Turned]:
    weighing = found.weighing
    by_id = {alert.id: alert for alert in found.touched}
    vanished = [one for one in weighing.vanished if one not in weighing.confirmed_lost]
    named = _series_of(found.before.values())
    turned = [
        _of_alert(turn, by_id[number], named)
        for turn, numbers in (
            (Turn.LOST, weighing.confirmed_lost),
            (Turn.VANISHES, vanished),
            (Turn.RETURNS, weighing.returned),
        )
        for number in reversed(numbers)
    ]
    turned += [
        Turned(
            turn=Turn.APPEARS,
            alert=None,
            series=(member.series,),
            start=member.start,
            end=member.end,
            sentence=message.sentence(member, *named[member.series]),
        )
        for member in sorted(weighing.appeared, key=lambda one: -one.start)
    ]
    return turned


def _of_alert(turn: Turn, alert: Alert, named: dict[int, tuple[Metric, Series]]) -> Turned:
    series = {member.series for member in alert.members}
    return Turned(
        turn=turn,
        alert=alert.id,
        series=tuple(sorted(series)),
        start=alert.start,
        end=alert.end,
        sentence=message.headline(alert, *named[alert.peak.series], len(series) - 1),
    )


def _series_of(judged: Iterable[Judgement]) -> dict[int, tuple[Metric, Series]]:
    return {one.id: (judgement.metric, one) for judgement in judged for one in judgement.series}
