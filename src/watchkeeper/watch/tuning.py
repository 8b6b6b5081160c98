"""Trying a metric's settings on its own past before they count, and keeping those that are wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import RLock
from typing import Any

import msgspec

from watchkeeper.domain.alert import Alert
from watchkeeper.domain.errors import ConfigError, GuardError, InputError
from watchkeeper.domain.feedback import Answer
from watchkeeper.domain.mends import not_called
from watchkeeper.domain.metric import Metric
from watchkeeper.domain.times import DAY
from watchkeeper.notify import message
from watchkeeper.stores.ledger import Ledger, alerts, audit, feedback, metrics, series
from watchkeeper.watch import power_file, power_words
from watchkeeper.watch.incidents import fold, slack
from watchkeeper.watch.judge import Judgement
from watchkeeper.watch.judgements import Judgements
from watchkeeper.watch.trial_chart import trial_chart
from watchkeeper.watch.trials import PowerTold, Trial, TriedAlert
from watchkeeper.watch.weighing import latest_on_alerts

TRIED_DAYS = 60
"""How much of the newest past a trial counts alerts in."""
TUNABLE = (
    "false_alerts_per_month",
    "direction",
    "smallest_change",
    "smallest_change_share",
    "calendar",
    "settle",
    "half_life",
    "questions_per_month",
    "title",
    "description",
    "unit",
    "owner",
    "runbook",
    "group",
)
"""Settings that may change while the metric runs: none of them changes what its points are."""


class Tuning:
    """Trials of settings, and the settings kept. Methods may be called from any thread."""

    def __init__(self, ledger: Ledger, judgements: Judgements, writing: RLock, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._judgements = judgements
        self._writing = writing
        self._clock = clock
        self._powers: dict[tuple[Metric, int, int], PowerTold] = {}

    def metric(self, name: str) -> Metric:
        """The metric as it is set; NotFoundError."""
        with self._ledger.read() as tx:
            return metrics.metric(tx, name)

    def attempt(self, name: str, changes: dict[str, Any], series_id: int | None = None) -> Trial:
        """What `changes` (of `TUNABLE`, as a configuration file says them) would have told; nothing is kept.

        One series is drawn: `series_id`, or the one in which most turns. Raises NotFoundError, and ConfigError or
        InputError where a setting makes no sense.
        """
        with self._ledger.read() as tx:
            present = metrics.metric(tx, name)
            members = series.of_metric(tx, name)
            log = feedback.log(tx)
            known = alerts.of_series(tx, [one.id for one in members])
        tried = _changed(present, changes)
        now = self._judgements.of(present)
        then = now if tried == present else self._judgements.under(tried, log)
        since = _newest(now) - TRIED_DAYS * DAY
        before, after = told_alerts(now, since), told_alerts(then, since)
        said = latest_on_alerts(log)
        mine = {one.id for one in members}
        lost = [
            one
            for one in known
            if one.id in said
            and said[one.id].answer is Answer.REAL
            and _fires(now, one, mine)
            and not _fires(then, one, mine)
        ]
        new = tuple(one for one in after if not any(_same(one, other) for other in before))
        gone = tuple(one for one in before if not any(_same(one, other) for other in after))
        return Trial(
            metric=tried,
            days=TRIED_DAYS,
            told=after,
            new=new,
            gone=gone,
            lost=tuple(one.id for one in lost),
            sentence=_sentence(
                len(before), len(after), len(new), len(gone), [one.id for one in lost], is_same=tried == present
            ),
            drawn=trial_chart(now, then, since, told=after, new=new, gone=gone, lost=lost, series_id=series_id),
        )

    def keep(self, name: str, changes: dict[str, Any], by: str, *, force: bool = False) -> Metric:
        """Set the metric so from now on, with a line in the audit log.

        Raises as `attempt` does, and GuardError where a confirmed alert would be lost and `force` is not set.
        """
        tried = self.attempt(name, changes)
        if tried.lost and not force:
            numbers = ", ".join(f"#{one}" for one in tried.lost)
            raise GuardError(
                f"metric {name}: {numbers} {'was' if len(tried.lost) == 1 else 'were'} confirmed as real and would not "
                "be told with these settings; only a second yes (force) accepts that"
            )
        with self._writing, self._ledger.write() as tx:
            before = metrics.metric(tx, name)
            after = _changed(before, changes)
            if metrics.put_metric(tx, after):
                audit.add(tx, by, int(self._clock()), "settings", f"metric {name}: {_difference(before, after)}")
        self._judgements.forget(name)
        return after

    def power(self, name: str, series_id: int) -> PowerTold:
        """What could be seen of one series on its own history (seconds of work, kept until points or settings change).

        Raises NotFoundError, and InputError where the history is too short.
        """
        from watchkeeper.notify.power_chart import draw

        with self._ledger.read() as tx:
            metric = metrics.metric(tx, name)
            log = feedback.log(tx)
        judgement = self._judgements.of(metric)
        key = (metric, series_id, len(judgement.columns.time))
        if key not in self._powers:
            found = power_file.metric_power(metric, judgement.columns, series_id, log)
            told = PowerTold(
                sentences=tuple(power_words.sentences(found, metric.unit)),
                light=draw(found, scheme="light"),
                dark=draw(found, scheme="dark"),
            )
            self._powers = {**dict(list(self._powers.items())[-50:]), key: told}
        return self._powers[key]


def _changed(metric: Metric, changes: dict[str, Any]) -> Metric:
    unknown = [key for key in changes if key not in TUNABLE]
    if unknown and unknown[0] not in Metric.__struct_fields__:
        raise InputError(f"metric {metric.name}: {not_called('setting', unknown[0], TUNABLE)}")
    if unknown:
        raise InputError(
            f"metric {metric.name}: {', '.join(unknown)} cannot be changed here; these can: {', '.join(TUNABLE)}"
        )
    whole = {**msgspec.to_builtins(metric), **changes}
    try:
        return msgspec.convert(whole, Metric, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"metric {metric.name}: {error}") from None


def _newest(judgement: Judgement) -> int:
    time = judgement.columns.time
    return int(time.max()) + judgement.metric.step_s if len(time) else 0


def told_alerts(judgement: Judgement, since: int) -> tuple[TriedAlert, ...]:
    """The alerts of the metric alone since an instant, as `incidents.fold` makes them, the newest first."""
    runs = [run for run in judgement.told_runs() if run.member.end > since]
    last: dict[int, Alert] = {}
    for step in fold(
        (),
        runs,
        family=judgement.metric.family,
        slack_s=slack(judgement.metric.step_s),
        until=_newest(judgement),
        judged=judgement.columns.series,
    ):
        last[step.alert.id] = step.alert
    named = {one.id: one for one in judgement.series}
    return tuple(
        TriedAlert(
            start=alert.start,
            end=alert.end,
            sentence=message.headline(
                alert,
                judgement.metric,
                named[alert.peak.series],
                len({member.series for member in alert.members}) - 1,
            ),
            series=len({member.series for member in alert.members}),
            members=alert.members,
        )
        for alert in sorted(last.values(), key=lambda alert: -alert.start)
    )


def _fires(judgement: Judgement, alert: Alert, mine: set[int]) -> bool:
    return any(judgement.fires(member) for member in alert.members if member.series in mine)


def _same(one: TriedAlert, other: TriedAlert) -> bool:
    return one.start < other.end and other.start < one.end


def _sentence(before: int, after: int, new: int, gone: int, lost: Sequence[int], *, is_same: bool) -> str:
    told = message.count_alerts(after)
    if is_same:
        return f"As it is set: {told} in {TRIED_DAYS} days."
    now = "none" if not before else f"{before}"
    changes = [text for text in (f"{gone} gone" if gone else "", f"{new} new" if new else "") if text]
    text = f"Would have been {told} in {TRIED_DAYS} days, where it was {now}"
    text += f" ({', '.join(changes)})." if changes else "; the same ones." if before == after else "."
    if lost:
        numbers = ", ".join(f"#{one}" for one in lost)
        text += f" Confirmed as real and then not told: {numbers}."
    return text


def _difference(before: Metric, after: Metric) -> str:
    old, new = msgspec.to_builtins(before), msgspec.to_builtins(after)
    return ", ".join(f"{key} {old[key]!r} → {new[key]!r}" for key in TUNABLE if old[key] != new[key])
