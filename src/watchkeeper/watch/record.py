"""What a metric's answers say of it: how often it was right, what it missed, what it costs against its budget."""

from __future__ import annotations

import enum
import math
from collections.abc import Collection, Mapping, Sequence

import msgspec

from watchkeeper.domain.alert import Alert
from watchkeeper.domain.feedback import Answer, Feedback
from watchkeeper.domain.metric import Metric
from watchkeeper.domain.question import Question, Reply
from watchkeeper.domain.times import DAY

DAYS = 60
"""How much of the newest past is counted as what a metric costs now."""
FEW = 5
"""Fewer verdicts than this suggest nothing."""
MUCH = 2.0
"""How many times its budget a metric may tell before that is remarked on."""
Z = 1.959964
"""The standard normal quantile of a two-sided interval of 95 %."""


class MetricRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A metric measured by what people answered.

    `precision` is the share of real ones among the `real + false_alarms` alerts with a verdict (None without any),
    `low` and `high` its interval of 95 % (Wilson 1927); `missed` counts reported misses. `alerts` and `answered` speak
    of the alerts of the newest `DAYS` days of data, `acted` of those answered or taken care of, `alerts_a_month`
    likewise, against `budget`, the false alerts a month that it may cost.

    `misses_a_month` estimates what was missed of the windows that the watch was least sure of: the share of those asked
    about (`asked` with a reply) that should have been told, times the questions a month; `misses_low` and `misses_high`
    are its interval of 95 %. Of the windows that it was surer of it says nothing. `suggestion` is a sentence, or empty.
    """

    real: int
    false_alarms: int
    precision: float | None
    low: float
    high: float
    missed: int
    alerts: int
    answered: int
    acted: int
    asked: int
    misses_a_month: float | None
    misses_low: float
    misses_high: float
    alerts_a_month: float
    budget: float
    suggestion: str


class Worth(enum.Enum):
    """Whether a metric earns its noise."""

    EARNED = "earned"
    NOISE = "noise"
    UNANSWERED = "unanswered"
    QUIET = "quiet"


def worth(record: MetricRecord) -> Worth:
    """Quiet where nothing was told lately; else by the verdicts: earned where more were real than false."""
    if not record.alerts:
        return Worth.QUIET
    if record.precision is None:
        return Worth.UNANSWERED
    return Worth.EARNED if record.precision > 0.5 else Worth.NOISE


def record_of(
    metric: Metric,
    alerts: Sequence[Alert],
    said: Mapping[int, Feedback],
    log: Sequence[Feedback],
    until: int | None,
    *,
    taken: Collection[int] = (),
    questions: Sequence[Question] = (),
) -> MetricRecord:
    """The record of a metric with these alerts, judged `until` then (seconds; None: never).

    `said` is the one answer in force of each alert, `log` all answers in force on its series, `taken` are alerts that
    somebody took care of otherwise, `questions` what people were asked about its quiet windows.
    """
    verdicts = [said[alert.id].answer for alert in alerts if alert.id in said]
    real, false = verdicts.count(Answer.REAL), verdicts.count(Answer.FALSE_ALARM)
    # A second yes to a window says it again, and it was missed once.
    missed = len({(line.series, line.start, line.end) for line in log if line.answer is Answer.MISSED})
    lately = [] if until is None else [alert for alert in alerts if alert.start >= until - DAYS * DAY]
    low, high = wilson(real, real + false)
    in_force = {line.id for line in log}
    replies = [one.reply for one in questions if one.feedback in in_force]
    told_missed = replies.count(Reply.MISSED)
    misses = [metric.questions_per_month * share for share in wilson(told_missed, len(replies))]
    found = MetricRecord(
        real=real,
        false_alarms=false,
        precision=real / (real + false) if real + false else None,
        low=low,
        high=high,
        missed=missed,
        alerts=len(lately),
        answered=sum(1 for alert in lately if alert.id in said),
        acted=sum(1 for alert in lately if alert.id in said or alert.id in taken),
        asked=len(replies),
        misses_a_month=metric.questions_per_month * told_missed / len(replies) if replies else None,
        misses_low=misses[0],
        misses_high=misses[1],
        alerts_a_month=len(lately) * 30 / DAYS,
        budget=metric.false_alerts_per_month,
        suggestion="",
    )
    return msgspec.structs.replace(found, suggestion=_suggestion(metric, found))


def wilson(hits: int, count: int) -> tuple[float, float]:
    """The interval of 95 % of a share, `hits` of `count`: Wilson's score interval (1927); 0 to 1 of nothing.

    (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n)
    """
    if not count:
        return 0.0, 1.0
    share, square = hits / count, Z * Z / count
    middle = share + square / 2.0
    half = math.sqrt(square * (share * (1.0 - share) + square / 4.0))
    low, high = (middle - half) / (1.0 + square), (middle + half) / (1.0 + square)
    # At the ends the formula is exact, its floating point is not.
    return (0.0 if hits == 0 else low), (1.0 if hits == count else high)


def _suggestion(metric: Metric, record: MetricRecord) -> str:
    """The one thing most worth doing about the metric, if anything is."""
    verdicts = record.real + record.false_alarms
    if record.alerts and not record.acted:
        told = "its alert" if record.alerts == 1 else f"any of its {record.alerts} alerts"
        do = f"ask {metric.owner} whether they are wanted" if metric.owner else "name an owner"
        return f"Nobody acted on {told} of the last {DAYS} days: {do}, or lower the budget of {metric.label}."
    if verdicts >= FEW and record.high < 0.5:
        return (
            f"{record.false_alarms} of {verdicts} alerts were false alarms: lower the budget of {metric.label}"
            f" from {record.budget:g} to {record.budget / 2:g} a month."
        )
    if record.missed and verdicts >= FEW and record.low > 0.5:
        misses = "one was missed" if record.missed == 1 else f"{record.missed} were missed"
        return (
            f"{record.real} of {verdicts} alerts were real and {misses}: raise the budget of {metric.label}"
            f" from {record.budget:g} to {record.budget * 2:g} a month."
        )
    if record.alerts_a_month > MUCH * record.budget and verdicts < FEW:
        return (
            f"{metric.label} tells {record.alerts_a_month:g} alerts a month at a budget of {record.budget:g}:"
            " a few answers would say whether they are worth it."
        )
    return ""
