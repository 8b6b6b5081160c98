"""What is said about an alert, in one plain sentence that a reader understands at three in the morning."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

import msgspec

from watchkeeper.domain.alert import Alert, Cause, Member
from watchkeeper.domain.feedback import Answer
from watchkeeper.domain.metric import Kind, Metric, Series
from watchkeeper.domain.runbook import Block, blocks
from watchkeeper.domain.times import DAY, format_duration, wall_clock

RUNBOOK_LINES = 6
"""So many lines of a runbook go into a message."""
_ADDRESS = re.compile(r"https?://\S+")
NEARLY_WHOLE = 0.01
"""So far a number of cases may be from a whole one: a database rounds shares."""


def number(value: float, metric: Metric) -> str:
    """A value with its unit: `1,240 flights`, `3.2 min`, `62 %` for a rate."""
    if math.isnan(value):
        return "no value"
    if metric.kind is Kind.RATE:
        return f"{100 * value:.3g} %"
    size = abs(value)
    text = f"{value:,.0f}" if size >= 100 or value == round(value) else f"{value:.3g}"
    return f"{text} {metric.unit}".rstrip()


def told(member: Member, metric: Metric) -> str:
    """What a member's value is: as `number` says it; of a rate whose cases are known `3 of 41 sign-ups (7.32 %)`."""
    said = number(member.value, metric)
    if metric.kind is not Kind.RATE or member.cases is None or math.isnan(member.value):
        return said
    cases = f"{member.cases:,.0f} {'' if '%' in metric.unit else metric.unit}".rstrip()
    hits = member.value * member.cases
    if abs(hits - round(hits)) > NEARLY_WHOLE or abs(member.cases - round(member.cases)) > NEARLY_WHOLE:
        return f"{said} of {cases}"
    return f"{round(hits):,} of {cases} ({said})"


def when(seconds: int, metric: Metric) -> str:
    """The period on the metric's wall clock, as people name it: `a Friday`, `a Friday at 17:00`."""
    moment = wall_clock(seconds, metric.timezone)
    day = f"a {moment:%A}"
    return day if metric.step_s >= DAY else f"{day} at {moment:%H:%M}"


def subject(metric: Metric, series: Series) -> str:
    """`Departures (JFK)`; a value that is not known, `(none)`, has its brackets already."""
    if series.label == "(none)":
        return f"{metric.label} {series.label}"
    return f"{metric.label} ({series.label})" if series.label else metric.label


def change(member: Member, metric: Metric) -> str:
    """`fell 64 % below` or `rose to 3 of 41 (7.32 %), above`: a share only where the expected value can carry one."""
    broken = metric.broken_limit(member.value)
    if broken is not None:
        side = "above" if member.value > broken else "below"
        return f"is at {told(member, metric)}, {side} the limit of {number(broken, metric)}"
    verb, side = ("rose", "above") if member.is_up else ("fell", "below")
    share = (member.value - member.expected) / abs(member.expected) if member.expected else math.inf
    if metric.kind is not Kind.RATE and 0.01 <= abs(share) < 10 and member.expected > 0 and member.value >= 0:
        return f"{verb} {abs(share):.0%} {side} what is usual".replace("%", " %")
    return f"{verb} to {told(member, metric)}, {side} the usual {number(member.expected, metric)}"


def sentence(member: Member, metric: Metric, series: Series) -> str:
    """One member of an alert in a sentence."""
    lasting = f"lasting {format_duration(member.end - member.start)}"
    if member.cause is Cause.SILENCE:
        return f"{subject(metric, series)} sends no data, which is unusual for {when(member.start, metric)}; {lasting}"
    text = f"{subject(metric, series)} {change(member, metric)}"
    joint = " for" if text.endswith("usual") else " on"
    return f"{text}{joint} {when(member.peak_time, metric)}; {lasting}"


def headline(alert: Alert, metric: Metric, series: Series, others: int) -> str:
    """The alert in a sentence: its most surprising member, and how many series moved with it."""
    text = sentence(alert.peak, metric, series)
    if not others:
        return text
    return f"{text}; {others} other series moved with it" if others > 1 else f"{text}; one other series moved with it"


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a message says of an alert; what is empty is left out.

    `before` is what people said of similar alerts; `link` leads to the alert's page; `runbooks` are what to do, each
    with whose it is.
    """

    sentence: str
    metric: Metric
    peak_time: int
    causes: str = ""
    details: tuple[str, ...] = ()
    before: str = ""
    owner: str = ""
    link: str = ""
    runbooks: tuple[tuple[str, str], ...] = ()


def notification(said: Said, *, opening: str = "", links: Sequence[tuple[str, str]] = ()) -> tuple[str, str]:
    """Title and body of what is sent. `links` are answers, each with the address that asks whether it is meant."""
    metric = said.metric
    is_word = opening.endswith(":")
    lines = [f"{opening} {said.sentence}" if is_word else said.sentence]
    if opening and not is_word:
        lines.insert(0, opening)
    lines += [f"- {detail}" for detail in said.details]
    lines += [text for text in (said.causes, said.before) if text]
    if said.owner:
        lines.append(f"Owner: {said.owner}")
    lines += what_to_do(said.runbooks)
    if said.link:
        lines.append(f"Look and answer: {said.link}")
    if links:
        lines += ["With one click, which first shows what it would change:", *(f"- {name}: {at}" for name, at in links)]
    moment = wall_clock(said.peak_time, metric.timezone)
    return f"{metric.label}: {moment:%a %d %b %Y %H:%M}", "\n".join(lines)


def what_to_do(runbooks: Sequence[tuple[str, str]]) -> list[str]:
    """Runbooks as lines of a message: one of a line whole, of a longer one the first RUNBOOK_LINES."""
    lines = []
    for title, text in runbooks:
        steps = [line for block in blocks(text) for line in _steps(block)]
        if len(steps) == 1:
            lines.append(f"Runbook ({title}): {steps[0].removeprefix('- ')}")
            continue
        left = len(steps) - RUNBOOK_LINES
        more = [f"… {left} more lines on the page of the alert"] if left > 1 else steps[RUNBOOK_LINES:]
        lines += [f"Runbook ({title}):", *steps[:RUNBOOK_LINES], *more]
    return lines


def runbook_address(runbooks: Sequence[tuple[str, str]], link: str) -> str:
    """Where machines send people for what to do: a runbook that is an address, or else the page of the alert."""
    texts = [text.strip() for _, text in runbooks]
    return next((text for text in texts if _ADDRESS.fullmatch(text)), link if texts else "")


def _steps(block: Block) -> list[str]:
    if block.items:
        return [f"- {item}" for item in block.items]
    return [line.rstrip() for line in block.text.splitlines() if line.strip()]


def before(alike: Sequence[tuple[int, str, Answer | None, str]]) -> str:
    """What people said of similar alerts, the most similar first: `(start, zone, answer, note)` each.

    `Similar before: 3 (2 real, 1 false alarm); 8 Feb 2013 was an event: “blizzard”.` Empty where there were none.
    """
    if not alike:
        return ""
    counted = Counter(answer for _, _, answer, _ in alike if answer is not None)
    parts = [f"{count} {answer.value.replace('_', ' ')}" for answer, count in counted.most_common()]
    text = f"Similar before: {len(alike)} ({', '.join(parts) or 'none answered'})"
    start, zone, answer, note = next((one for one in alike if one[2] is not None), alike[0])
    if answer is None:
        return f"{text}."
    day = wall_clock(start, zone)
    quoted = f", “{note}”" if note else ""
    return f"{text}; that of {day.day} {day:%b %Y} was called {answer.value.replace('_', ' ')}{quoted}."


def count_alerts(count: int) -> str:
    """`no alert`, `1 alert`, `3 alerts`."""
    return "no alert" if not count else "1 alert" if count == 1 else f"{count:,} alerts"
