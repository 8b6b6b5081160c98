"""What is said of alerts in one run: each is looked at, worded and drawn once, however many channels are told."""

from __future__ import annotations

from collections.abc import Callable

from watchkeeper.domain.alert import SEVERITIES, Alert, Change, Status, Transition, severity_level
from watchkeeper.domain.config import Channel
from watchkeeper.domain.feedback import Answer
from watchkeeper.learn import in_force
from watchkeeper.notify import message
from watchkeeper.notify.parcel import Facts, Parcel
from watchkeeper.stores.ledger import Ledger, deliveries, feedback, series
from watchkeeper.watch.concern import Concern, concern_of
from watchkeeper.watch.links import Links
from watchkeeper.watch.look import Look
from watchkeeper.watch.policy import BUDGET_WINDOW_S
from watchkeeper.watch.runbooks import Runbooks
from watchkeeper.watch.views import AlertLine
from watchkeeper.watch.weighing import latest_on_alerts

DETAILS = 5


class Briefs:
    """The briefs of one run; make a new one for the next. `link` is where the pages are, empty where nowhere."""

    def __init__(self, ledger: Ledger, look: Look, links: Links, runbooks: Runbooks, link: str) -> None:
        self._ledger = ledger
        self._look = look
        self._links = links
        self._runbooks = runbooks
        self._link = link.rstrip("/")
        self._concerns: dict[int, Concern] = {}
        self._lines: dict[int, AlertLine] = {}
        self._said: dict[int, message.Said] = {}
        self._drawn: dict[int, bytes] = {}

    def concern(self, alert: Alert) -> Callable[[], Concern]:
        """What the ledger says of the alert, looked up when it is asked for."""

        def found() -> Concern:
            if alert.id not in self._concerns:
                with self._ledger.read() as tx:
                    self._concerns[alert.id] = concern_of(tx, alert)
            return self._concerns[alert.id]

        return found

    def line_of(self, alert_id: int) -> Callable[[], AlertLine]:
        """How the alert stands, looked up when it is asked for."""

        def line() -> AlertLine:
            if alert_id not in self._lines:
                self._lines[alert_id] = self._look.line_of(alert_id)
            return self._lines[alert_id]

        return line

    def told_lately(self, alert: Alert, at: int, channel: str) -> Callable[[], int]:
        """How many alerts of its metric the channel was told of in the month before `at`, that nobody called real."""

        def count() -> int:
            metric = self.concern(alert)().metric
            with self._ledger.read() as tx:
                ids = [one.id for one in series.of_metric(tx, metric.name)]
                told = deliveries.told_of(tx, channel, ids, at - BUDGET_WINDOW_S, at + 1)
                said = latest_on_alerts(in_force(feedback.log(tx, series=ids)))
            real = {alert for alert, one in said.items() if one.answer is Answer.REAL}
            return len(told - real - {alert.id})

        return count

    def parcel(self, transition: Transition, channel: Channel, memo: str = "") -> Parcel:
        """The message about a transition, for one channel."""
        line = self.line_of(transition.alert)()
        said = self._said_of(line)
        links = [] if channel.is_machine else self._links.of_alert(line.alert.id, channel.name)
        if transition.change is Change.FLIPPED:
            links = self._links.of_guards(line.alert.id, channel.name) + links
        title, body = message.notification(said, opening=_opening(transition), links=links)
        return Parcel(
            title=title,
            body=body,
            key=f"watchkeeper-{transition.id}-{channel.name}",
            facts=self._facts(transition, line, said),
            draw=lambda: self._draw(line.alert),
            memo=memo,
        )

    def _said_of(self, line: AlertLine) -> message.Said:
        alert = line.alert
        if alert.id not in self._said:
            self._said[alert.id] = message.Said(
                sentence=line.sentence,
                metric=line.peak_metric,
                peak_time=alert.peak.peak_time,
                causes=self._look.explanation(alert).sentence,
                details=tuple(self._look.sentences(alert)[:DETAILS]) if len(alert.members) > 1 else (),
                before=message.before(self._look.similar(alert)),
                owner=line.owner,
                link=self._link_to(alert),
                runbooks=self._runbooks.said_of(alert),
            )
        return self._said[alert.id]

    def _facts(self, transition: Transition, line: AlertLine, said: message.Said) -> Facts:
        alert = line.alert
        return Facts(
            alert=alert.id,
            change=transition.change.value,
            sentence=line.sentence,
            title=line.title,
            metric=line.peak_metric.name,
            group=alert.family,
            owner=line.owner,
            tags=line.peak_metric.tags,
            severity=SEVERITIES[severity_level(alert.severity) - 1],
            dimensions=dict(zip(line.peak_metric.dimensions, line.peak_series.values, strict=True)),
            started_at=alert.start,
            ended_at=alert.end if alert.status is Status.RESOLVED else None,
            link=said.link,
            runbook=message.runbook_address(said.runbooks, said.link),
            to_do="\n".join(message.what_to_do(said.runbooks)),
            causes=said.causes,
        )

    def _link_to(self, alert: Alert) -> str:
        return f"{self._link}/alerts/{alert.id}" if self._link else ""

    def _draw(self, alert: Alert) -> bytes:
        """The chart of the alert's most surprising series as a PNG."""
        if alert.id not in self._drawn:
            from watchkeeper.notify.chart import png

            chart, marks = self._look.picture(alert.id)
            try:
                self._drawn[alert.id] = png(chart, marks, title=self.line_of(alert.id)().title)
            except ValueError:  # vl-convert could not draw it: words without a picture are better than silence
                self._drawn[alert.id] = b""
        return self._drawn[alert.id]


def _opening(transition: Transition) -> str:
    """What is said first where the sentence alone would not say why it comes now."""
    if transition.change is Change.FLIPPED:
        return transition.detail
    return {Change.REOPENED: "Again:", Change.WOKEN: f"Still going on, {transition.detail}:"}.get(transition.change, "")
