"""What the pages ask of the running service: `watch.service.Watchkeeper` is one, a test's made-up service is another.

Naming it as a protocol keeps the detector (and its compiler) out of `import watchkeeper.server`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

from watchkeeper.domain.config import Config
from watchkeeper.domain.config_lines import Places
from watchkeeper.domain.handling import Handling, Mute
from watchkeeper.domain.metric import Metric, Source
from watchkeeper.domain.question import Question, Reply
from watchkeeper.domain.readiness import Score
from watchkeeper.flags import Evaluation
from watchkeeper.watch import views
from watchkeeper.watch.flag_views import FlagLine, FlagPage, PastMove
from watchkeeper.watch.runbook_views import AlertRunbook
from watchkeeper.watch.system_views import SystemLine, SystemPage
from watchkeeper.watch.trials import Drafted, Held, PowerTold, Trial
from watchkeeper.watch.views import LinkPage

if TYPE_CHECKING:
    from watchkeeper.watch.access import Access
    from watchkeeper.watch.assessments import Assessments
    from watchkeeper.watch.backfill import Backfills
    from watchkeeper.watch.channels import ChannelLine, ToldLine
    from watchkeeper.watch.feedback_log import Imported
    from watchkeeper.watch.listing import Listing
    from watchkeeper.watch.plan import Step
    from watchkeeper.watch.pushes import Pushes
    from watchkeeper.watch.removing import Removal
    from watchkeeper.watch.replies import Replies
    from watchkeeper.watch.retention import Clearing
    from watchkeeper.watch.sign_in import SignIn
    from watchkeeper.watch.teams import Teams
    from watchkeeper.watch.vitals import Vitals
    from watchkeeper.watch.week import Week

Order = Literal["severity", "newest"]


class Service(Protocol):
    """Every method blocks and is thread safe; the pages call them in worker threads."""

    def inbox(
        self,
        *,
        show: str = "open",
        order: Order = "severity",
        page: int = 1,
        text: str = "",
        metric: str = "",
        owner: str = "",
        tag: str = "",
        severity: int = 1,
        start: int | None = None,
        end: int | None = None,
    ) -> views.Inbox:
        """The list of alerts; see `watch.views.Wanted`."""

    def newest(self) -> str:
        """A text that is another one after every change of an alert or an answer."""

    def alert_page(self, alert_id: int) -> views.AlertPage:
        """One alert whole, or NotFoundError."""

    def line_of(self, alert_id: int) -> views.AlertLine:
        """One alert as a line, or NotFoundError."""

    def metric_page(self, name: str, series_id: int | None = None) -> views.MetricPage:
        """One metric whole, or NotFoundError."""

    def metrics(self) -> tuple[views.MetricLine, ...]:
        """Every metric with its record."""

    def preview(self, draft: views.Draft) -> views.Receipt:
        """What an answer would change; nothing is written. InputError, NotFoundError."""

    def foresee(self, draft: views.Draft, series_id: int | None = None, **shown: int | None) -> views.Foresight:
        """What an answer would change, the alerts that turn, and one series from `start` to `end` as it would be."""

    def answer(self, draft: views.Draft) -> views.Receipt:
        """Say an answer. InputError, NotFoundError, or GuardError: say it again with `force` to accept the price."""

    def undo(self, feedback_id: int, by: str) -> views.Receipt:
        """Take an answer back; taking an undo back brings its answer back."""

    def receipt(self, feedback_id: int) -> views.Receipt:
        """The receipt of an answer or of an undo, as it was given."""

    @property
    def drafting(self) -> DraftingDesk:
        """New metrics before they exist."""

    @property
    def overview(self) -> OverviewDesk:
        """Weeks in one look."""

    @property
    def channels(self) -> ChannelDesk:
        """The channels and how each fares."""

    @property
    def tuning(self) -> TuningDesk:
        """Settings tried on the past."""

    @property
    def one_click(self) -> OneClickDesk:
        """What stands behind the signed links of messages."""

    @property
    def questions(self) -> QuestionDesk:
        """What people are asked about quiet windows."""

    @property
    def deeds(self) -> Deeds:
        """What people do with alerts besides answering."""

    @property
    def runbooks(self) -> RunbookDesk:
        """What is to be done about alerts."""

    @property
    def systems(self) -> SystemDesk:
        """The ML features."""

    @property
    def assessments(self) -> Assessments:
        """Reports on ideas, and what was decided on them."""

    @property
    def pushes(self) -> Pushes:
        """Where programs send points."""

    @property
    def flags(self) -> FlagDesk:
        """The feature flags."""

    @property
    def access(self) -> Access:
        """People, their tokens, and the log of who changed what."""

    @property
    def teams(self) -> Teams:
        """Who owns metrics together."""

    @property
    def sign_in(self) -> SignIn:
        """Links and sessions."""

    @property
    def retention(self) -> Clearing:
        """What is older than it is kept."""

    @property
    def backfills(self) -> Backfills:
        """Reads the past again."""

    @property
    def listing(self) -> Listing:
        """Lists and points for programs."""

    @property
    def vitals(self) -> Vitals:
        """How the service itself is doing."""

    @property
    def replies(self) -> Replies:
        """Answers to writes that may be sent twice."""

    def explanation(self, alert_id: int) -> views.Explanation:
        """Which dimension values explain an alert; NotFoundError."""

    def export_feedback(self) -> Iterator[dict[str, Any]]:
        """The log of feedback, the oldest line first."""

    def import_feedback(self, lines: Iterable[str], place: str, by: str, *, force: bool = False) -> Imported:
        """Append the lines that are not in the log yet. InputError, GuardError."""

    def read_calendar(self, text: str, names: Iterable[str], place: str) -> list[dict[str, Any]]:
        """The lines that make the events of an iCalendar file known events. InputError, NotFoundError."""

    def standing(self) -> Config:
        """What is configured now."""

    def plan(self, config: Config, places: Places | None = None, *, is_pruned: bool = False) -> list[Step]:
        """What applying a configuration would change. ConfigError."""

    def apply(self, config: Config, by: str, places: Places | None = None, *, is_pruned: bool = False) -> None:
        """Insert or update what a configuration names. ConfigError."""

    def removal(self, kind: str, name: str) -> Removal:
        """What removing something that is configured would mean. InputError, NotFoundError."""

    def remove(self, kind: str, name: str, by: str) -> Removal:
        """Take it away. InputError, NotFoundError."""


class DraftingDesk(Protocol):
    """See `watch.drafting.Drafting`."""

    def sources(self) -> tuple[Source, ...]:
        """The sources that a metric can be made from."""

    def tables(self, source: str) -> tuple[str, ...]:
        """The tables of a source; NotFoundError, SourceError."""

    def columns(self, source: str, table: str) -> tuple[Held, ...]:
        """The columns of a table and what they hold; NotFoundError, SourceError."""

    def attempt(self, metric: Metric) -> Drafted:
        """The metric on its past, nothing kept. SourceError, ConfigError, InputError."""

    def power(self, metric: Metric) -> tuple[str, ...]:
        """What could be seen of its largest series."""

    def create(self, metric: Metric, by: str) -> None:
        """Switch it on; ConfigError where the name is taken."""


class OverviewDesk(Protocol):
    """See `watch.overview.Overview`."""

    def week(self, end: int | None = None) -> Week:
        """The seven days before an instant, or the newest."""

    def send(self, channel: str, by: str, end: int | None = None, link: str = "") -> Week:
        """Send a week to a channel. NotFoundError, ChannelError."""


class ChannelDesk(Protocol):
    """See `watch.channels.Channels`."""

    def lines(self) -> tuple[ChannelLine, ...]:
        """Every channel as it fares."""

    def deliveries(
        self,
        limit: int,
        *,
        before: tuple[int, str] | None = None,
        target: str = "",
        outcome: Literal["sent", "held", "failed", "waiting"] | None = None,
        alert: int | None = None,
    ) -> list[ToldLine]:
        """What became of each change of an alert at each target, the newest first."""

    def told(self, limit: int = 50) -> tuple[str, ...]:
        """The newest lines of what was told, newest first."""

    def test(self, name: str, by: str) -> ChannelLine:
        """Send a test message. NotFoundError, ChannelError."""


class TuningDesk(Protocol):
    """See `watch.tuning.Tuning`."""

    def metric(self, name: str) -> Metric:
        """The metric as it is set; NotFoundError."""

    def attempt(self, name: str, changes: dict[str, Any], series_id: int | None = None) -> Trial:
        """What changed settings would have told, one series drawn. ConfigError, InputError, NotFoundError."""

    def keep(self, name: str, changes: dict[str, Any], by: str, *, force: bool = False) -> Metric:
        """Set it so; GuardError where a confirmed alert would be lost and `force` is not set."""

    def power(self, name: str, series_id: int) -> PowerTold:
        """What could be seen of a series; InputError where its history is too short."""


class OneClickDesk(Protocol):
    """See `watch.one_click.OneClick`; every method raises LinkError."""

    def page(self, token: str) -> LinkPage:
        """What the link would do."""

    def say(self, token: str, name: str = "", note: str = "", *, force: bool = False) -> LinkPage:
        """Do it, once; GuardError."""

    def undo(self, token: str, name: str = "") -> LinkPage:
        """Take it back."""


class Deeds(Protocol):
    """What people do with alerts; each raises NotFoundError and InputError, and then nothing is written."""

    def of_alert(self, alert_id: int) -> list[Handling]:
        """What was done with one."""

    def acknowledge(self, alert_ids: Sequence[int], by: str, text: str = "") -> list[Handling]:
        """Somebody takes care of them."""

    def assign(self, alert_ids: Sequence[int], owner: str, by: str, text: str = "") -> list[Handling]:
        """They are `owner`'s; empty: their metric's owner's again."""

    def snooze(self, alert_ids: Sequence[int], until: int, by: str, text: str = "") -> list[Handling]:
        """Nobody hears of them before `until` (seconds UTC)."""

    def comment(self, alert_ids: Sequence[int], text: str, by: str) -> list[Handling]:
        """Say something to later readers."""

    def tick(self, alert_id: int, item: str, by: str) -> Handling:
        """An item of its checklists is done."""

    def learn(self, alert_id: int, text: str, by: str) -> Handling:
        """Say what its runbook should have said."""

    def undo(self, handling_id: int, by: str) -> Handling:
        """Take a deed back."""

    def mute(
        self,
        start: int,
        end: int,
        by: str,
        *,
        metric: str = "",
        series_id: int | None = None,
        tag: str = "",
        repeat: str = "",
        zone: str = "UTC",
        note: str = "",
    ) -> Mute:
        """Tell nobody in a window."""

    def unmute(self, mute_id: int, by: str) -> Mute:
        """End a mute."""

    def mutes(self, *, over_too: bool = False) -> list[Mute]:
        """The mutes, the newest first."""


class RunbookDesk(Protocol):
    """See `watch.runbooks.Runbooks`."""

    def of_alert(self, alert_id: int) -> AlertRunbook:
        """What to do about an alert, and what of it is done; NotFoundError."""


class SystemDesk(Protocol):
    """What systems are asked."""

    def lines(self) -> tuple[SystemLine, ...]:
        """Every system as it stands."""

    def page(self, name: str) -> SystemPage:
        """One system whole; NotFoundError."""

    def say(self, name: str, test: str, points: float, by: str, note: str = "") -> Score:
        """How far one test of the ML Test Score is. InputError, NotFoundError."""


class FlagDesk(Protocol):
    """What flags are asked; `evaluate` and `evaluate_all` read memory alone and never block."""

    def evaluate(self, key: str, context: dict[str, Any]) -> Evaluation:
        """The flag for one user."""

    def evaluate_all(self, context: dict[str, Any]) -> list[Evaluation]:
        """Every flag for one user."""

    def listen(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Call `changed` after every change, until the returned function is called."""

    def lines(self) -> tuple[FlagLine, ...]:
        """Every flag as it stands."""

    def page(self, name: str) -> FlagPage:
        """One flag whole; NotFoundError."""

    def override(self, name: str, variant: str, lasting_s: int, by: str, note: str = "") -> FlagLine:
        """Everybody gets `variant`, for a time. InputError, NotFoundError."""

    def clear(self, name: str, by: str) -> FlagLine:
        """End the override. NotFoundError."""

    def answer(self, name: str, *, is_yes: bool, by: str, is_rollout: bool | None = None) -> FlagLine:
        """Answer the open question of the guard or the roll-out. InputError, NotFoundError."""

    def steer(self, name: str, act: Literal["pause", "resume", "abort"], by: str) -> FlagLine:
        """Pause, resume or abort the roll-out. InputError, NotFoundError."""

    def rehearsal(self, name: str, days: int = 90) -> tuple[PastMove, ...]:
        """What the roll-out would have done on the past. InputError, NotFoundError."""

    def trip(self, name: str, by: str, note: str) -> FlagLine:
        """Trip the guard by hand. InputError, NotFoundError."""


class QuestionDesk(Protocol):
    """What the watch asks about windows that it kept quiet about."""

    def listed(self, metric: str | None = None, *, is_open: bool = False) -> tuple[Question, ...]:
        """The questions (of one metric), the newest first; only those without a reply if asked for."""

    def waiting(self, limit: int, metric: str | None = None) -> tuple[views.Asked, ...]:
        """The newest questions that wait for a reply, at most one of each metric."""

    def reply(self, question_id: int, said: Reply, by: str) -> views.Receipt | None:
        """Reply; None where it was skipped. NotFoundError, InputError, GuardError."""
