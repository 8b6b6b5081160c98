"""Signed links in messages: one click to an answer, for people without an account.

A link shows what the answer would change; only the button behind it says it, so that programs which open links to look
at them click nothing. It works for a while, for one answer of one alert, and is signed with the channel it went to.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from itsdangerous import BadData, URLSafeSerializer

from watchkeeper.domain.errors import LinkError, NotFoundError
from watchkeeper.domain.feedback import Answer, Feedback
from watchkeeper.domain.flag import Flag
from watchkeeper.domain.times import DAY, format_instant
from watchkeeper.flags import Standing
from watchkeeper.flags.rollout import ASKING
from watchkeeper.learn import in_force
from watchkeeper.stores.ledger import Ledger, feedback, flags
from watchkeeper.watch import guard, rollout, views
from watchkeeper.watch.weighing import latest_on_alerts

LIFETIME_S = 14 * DAY
_ASKING = (Standing.ASKED_TO_TRIP, Standing.ASKED_TO_RETURN)
LABELS = {answer: answer.value.replace("_", " ").capitalize() for answer in Answer}


class Meant(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a link says: an answer on an alert, or yes or no to what a flag's guard or roll-out asked at `since`."""

    channel: str = msgspec.field(name="c")
    expires_at: int = msgspec.field(name="e")
    alert: int | None = msgspec.field(default=None, name="a")
    answer: Answer | None = msgspec.field(default=None, name="w")
    flag: str = msgspec.field(default="", name="f")
    is_yes: bool = msgspec.field(default=False, name="y")
    since: int = msgspec.field(default=0, name="s")
    is_rollout: bool = msgspec.field(default=False, name="r")


class Links:
    """Makes and reads links. `link` is where the pages are: without it no links are made."""

    def __init__(self, ledger: Ledger, key: bytes, link: str, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._signer = URLSafeSerializer(key, salt="watchkeeper one-click answer")
        self._link = link.rstrip("/")
        self._clock = clock

    def of_alert(self, alert_id: int, channel: str) -> list[tuple[str, str]]:
        """A label and an address for each answer on an alert."""
        if not self._link:
            return []
        end = int(self._clock()) + LIFETIME_S
        return [
            (LABELS[answer], self._address(Meant(channel=channel, expires_at=end, alert=alert_id, answer=answer)))
            for answer in Answer
        ]

    def of_guards(self, alert_id: int, channel: str) -> list[tuple[str, str]]:
        """A label and an address for yes and no to each guard or roll-out that asks because of an alert."""
        with self._ledger.read() as tx:
            kept = flags.listed(tx)
        found = []
        for one in kept:
            state, course = guard.state_of(one), rollout.state_of(one)
            if state.standing in _ASKING and alert_id in state.alerts:
                found += self._yes_and_no(one.flag, channel, state.since)
            if course.course in ASKING and alert_id in course.alerts:
                found += self._yes_and_no(one.flag, channel, course.since, is_rollout=True)
        return found

    def of_rollout(self, name: str, channel: str) -> list[tuple[str, str]]:
        """A label and an address for yes and no to what the roll-out of a flag asks now."""
        with self._ledger.read() as tx:
            kept = flags.get(tx, name)
        state = rollout.state_of(kept)
        return self._yes_and_no(kept.flag, channel, state.since, is_rollout=True) if state.course in ASKING else []

    def _yes_and_no(self, flag: Flag, channel: str, since: int, *, is_rollout: bool = False) -> list[tuple[str, str]]:
        if not self._link:
            return []
        end = int(self._clock()) + LIFETIME_S
        return [
            (
                f"{word}, flag {flag.label}",
                self._address(
                    Meant(
                        channel=channel,
                        expires_at=end,
                        flag=flag.name,
                        is_yes=is_yes,
                        since=since,
                        is_rollout=is_rollout,
                    )
                ),
            )
            for is_yes, word in ((True, "Yes"), (False, "No"))
        ]

    def read(self, token: str) -> Meant:
        """What a link says; LinkError where it was changed on its way, or is too old."""
        try:
            meant = msgspec.convert(self._signer.loads(token), Meant)
        except (BadData, msgspec.ValidationError):
            raise LinkError("this link is not complete, or was changed on its way: copy it whole") from None
        if int(self._clock()) >= meant.expires_at:
            raise LinkError(
                f"this link worked until {format_instant(meant.expires_at)}: sign in and answer on the alert's page"
            )
        return meant

    def said_by(self, meant: Meant) -> Feedback | None:
        """The answer in force that was said by this link before; None where it was not."""
        with self._ledger.read() as tx:
            latest = latest_on_alerts(in_force(feedback.log(tx))).get(meant.alert or 0)
        is_own = latest is not None and latest.answer is meant.answer and latest.by.endswith(_via(meant))
        return latest if is_own else None

    def draft(self, meant: Meant, name: str, note: str, *, force: bool) -> views.Draft:
        """The answer that a link says."""
        if meant.alert is None or meant.answer is None:
            raise NotFoundError("this link is about a flag, not about an alert")
        return views.Draft(
            answer=meant.answer, by=signed(meant, name), alert=meant.alert, note=note.strip(), force=force
        )

    def question(self, meant: Meant) -> str:
        """What a guard or a roll-out asks, if the link is still about that question; empty where it is not."""
        with self._ledger.read() as tx:
            kept = flags.get(tx, meant.flag)
        if meant.is_rollout:
            course = rollout.state_of(kept)
            return rollout.question(kept.flag, course) if course.since == meant.since else ""
        state = guard.state_of(kept)
        if state.standing not in _ASKING or state.since != meant.since:
            return ""
        if state.standing is Standing.ASKED_TO_TRIP:
            return f"Should flag {kept.flag.label} serve {kept.flag.fallback} to everybody? {state.cause}."
        return f"Nothing trips flag {kept.flag.label} any more. Should it return?"

    def _address(self, meant: Meant) -> str:
        return f"{self._link}/say/{self._signer.dumps(msgspec.to_builtins(meant))}"


def signed(meant: Meant, name: str) -> str:
    """With what a deed by link is signed: `Ada via team`, or `someone via team`."""
    return f"{' '.join(name.split())[:60] or 'someone'}{_via(meant)}"


def _via(meant: Meant) -> str:
    return f" via {meant.channel}"
