"""The client's verbs for people's work: deeds on alerts, mutes, questions, systems, assessments."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from watchkeeper.client.records import (
    AchievedDraft,
    AssessmentList,
    AssessmentRecord,
    AssessmentWhole,
    DecisionDraft,
    DeedDraft,
    DeedList,
    DeedRecord,
    EvidenceDraft,
    IdeaDraft,
    JobRecord,
    MuteDraft,
    MuteList,
    MuteRecord,
    QuestionAnswered,
    QuestionList,
    QuestionRecord,
    QuestionReply,
    SystemList,
    SystemRecord,
    SystemWhole,
)
from watchkeeper.client.wire import Wire
from watchkeeper.domain.handling import Deed
from watchkeeper.domain.question import Reply


class Work:
    """A part of `Client`."""

    _wire: Wire

    def deeds(self, alert_id: int) -> list[DeedRecord]:
        """What was done with an alert besides answering, the oldest line first."""
        return [one for page in self._wire.pages(DeedList, f"/alerts/{alert_id}/deeds") for one in page.items]

    def acknowledge(self, *alerts: int, text: str = "") -> list[DeedRecord]:
        """Take care of alerts."""
        return self._do(DeedDraft(deed=Deed.ACKNOWLEDGE, alerts=alerts, text=text))

    def assign(self, *alerts: int, owner: str, text: str = "") -> list[DeedRecord]:
        """Give alerts to a person or a team; an empty owner gives them back to their metric's."""
        return self._do(DeedDraft(deed=Deed.ASSIGN, alerts=alerts, owner=owner, text=text))

    def snooze(self, *alerts: int, until: datetime, text: str = "") -> list[DeedRecord]:
        """Nobody hears of alerts before `until`; what is still open then is told again."""
        return self._do(DeedDraft(deed=Deed.SNOOZE, alerts=alerts, until=until, text=text))

    def comment(self, *alerts: int, text: str) -> list[DeedRecord]:
        """Say something on alerts to later readers."""
        return self._do(DeedDraft(deed=Deed.COMMENT, alerts=alerts, text=text))

    def tick(self, alert: int, item: str) -> DeedRecord:
        """Tick an item of an alert's runbook, by its `key`."""
        return self._do(DeedDraft(deed=Deed.TICK, alerts=(alert,), text=item))[0]

    def learn(self, alert: int, text: str) -> DeedRecord:
        """Say what an alert's runbook should have said."""
        return self._do(DeedDraft(deed=Deed.LEARN, alerts=(alert,), text=text))[0]

    def undo_deed(self, deed_id: int) -> DeedRecord:
        """Take a deed back; taking an undo back brings its deed back."""
        return self._wire.ask(DeedRecord, "POST", f"/deeds/{deed_id}/undo")

    def mutes(self, *, over_too: bool = False) -> list[MuteRecord]:
        """Mutes in force or still to come (`over_too`: every one), the newest first."""
        return [
            one for page in self._wire.pages(MuteList, "/mutes", over_too=str(over_too).lower()) for one in page.items
        ]

    def mute(
        self,
        start: datetime,
        end: datetime,
        *,
        metric: str = "",
        series: int | None = None,
        tag: str = "",
        repeat: str = "",
        zone: str = "UTC",
        note: str = "",
    ) -> MuteRecord:
        """Tell nobody in `[start, end)` of what is named; see `MuteDraft`."""
        draft = MuteDraft(
            start=start, end=end, metric=metric, series=series, tag=tag, repeat=repeat, zone=zone, note=note
        )
        return self._wire.ask(MuteRecord, "POST", "/mutes", body=draft)

    def unmute(self, mute_id: int) -> MuteRecord:
        """End a mute now."""
        return self._wire.ask(MuteRecord, "DELETE", f"/mutes/{mute_id}")

    def questions(self, *, answered_too: bool = False) -> list[QuestionRecord]:
        """Questions about quiet windows without a reply (`answered_too`: every one), the newest first."""
        return [
            one
            for page in self._wire.pages(QuestionList, "/questions", answered_too=str(answered_too).lower())
            for one in page.items
        ]

    def reply(self, question_id: int, reply: Reply) -> QuestionAnswered:
        """Say what a quiet window was."""
        body = QuestionReply(reply=reply)
        return self._wire.ask(QuestionAnswered, "POST", f"/questions/{question_id}/reply", body=body)

    def systems(self) -> list[SystemRecord]:
        """Every system as it stands."""
        return [one for page in self._wire.pages(SystemList, "/systems") for one in page.items]

    def system(self, name: str) -> SystemWhole:
        """One system with what it lacks and its ML Test Score."""
        return self._wire.ask(SystemWhole, "GET", f"/systems/{name}")

    def say_evidence(self, name: str, test: str, points: float, *, note: str = "") -> SystemWhole:
        """Say how far one test of the ML Test Score is: 0, 0.5 or 1."""
        body = EvidenceDraft(test=test, points=points, note=note)
        return self._wire.ask(SystemWhole, "POST", f"/systems/{name}/evidence", body=body)

    def assessments(self) -> list[AssessmentRecord]:
        """Every assessment, the newest first."""
        return [one for page in self._wire.pages(AssessmentList, "/assessments") for one in page.items]

    def track_record(self) -> str:
        """How right past assessments were, in a sentence."""
        return self._wire.ask(AssessmentList, "GET", "/assessments", limit=1).track

    def assessment(self, assessment_id: int) -> AssessmentWhole:
        """One assessment: record, report, decisions."""
        return self._wire.ask(AssessmentWhole, "GET", f"/assessments/{assessment_id}")

    def start_assessment(self, record: dict[str, Any]) -> JobRecord:
        """Begin to assess an idea on the server: a record as its file says it, with `source` and `query`."""
        return self._wire.ask(JobRecord, "POST", "/assessments", body=IdeaDraft(record=record))

    def assessment_job(self, job_id: str) -> JobRecord:
        """How far it is; in the end `made` is the number of the assessment, or `trouble` says why there is none."""
        return self._wire.ask(JobRecord, "GET", f"/assessments/jobs/{job_id}")

    def decide(self, assessment_id: int, choice: str, *, reason: str) -> AssessmentWhole:
        """Decide go, wait or no."""
        body = DecisionDraft(choice=choice, reason=reason)
        return self._wire.ask(AssessmentWhole, "POST", f"/assessments/{assessment_id}/decisions", body=body)

    def note_achieved(self, assessment_id: int, level: float) -> AssessmentWhole:
        """Note the level that was reached in operation."""
        body = AchievedDraft(level=level)
        return self._wire.ask(AssessmentWhole, "POST", f"/assessments/{assessment_id}/achieved", body=body)

    def _do(self, draft: DeedDraft) -> list[DeedRecord]:
        return self._wire.ask(DeedList, "POST", "/deeds", body=draft).items
