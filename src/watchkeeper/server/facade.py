"""What the pages ask of the running service: `watch.service.Watchkeeper` is one, a test's made-up service is another.

Naming it as a protocol keeps the detector (and its compiler) out of `import watchkeeper.server`.
"""

from __future__ import annotations

from typing import Literal, Protocol

from watchkeeper.watch import views

Order = Literal["severity", "newest"]


class Service(Protocol):
    """Every method blocks and is thread safe; the pages call them in worker threads."""

    def inbox(
        self, *, show: str = "open", order: Order = "severity", page: int = 1, text: str = "", metric: str = ""
    ) -> views.Inbox:
        """The list of alerts."""

    def alert_page(self, alert_id: int) -> views.AlertPage:
        """One alert whole, or NotFoundError."""

    def metric_page(self, name: str, series_id: int | None = None) -> views.MetricPage:
        """One metric whole, or NotFoundError."""

    def metrics(self) -> tuple[views.MetricLine, ...]:
        """Every metric with its record."""

    def told(self, limit: int = 50) -> tuple[str, ...]:
        """The newest lines of what was told, newest first."""

    def preview(self, draft: views.Draft) -> views.Receipt:
        """What an answer would change; nothing is written. InputError, NotFoundError."""

    def answer(self, draft: views.Draft) -> views.Receipt:
        """Say an answer. InputError, NotFoundError, or GuardError: say it again with `force` to accept the price."""

    def undo(self, feedback_id: int, by: str) -> views.Receipt:
        """Take an answer back; taking an undo back brings its answer back."""

    def receipt(self, feedback_id: int) -> views.Receipt:
        """The receipt of an answer or of an undo, as it was given."""

    def redeem(self, token: str) -> str | None:
        """A session's key for a one-time token; None where it was used, is too old, or never was."""

    def is_signed_in(self, key: str) -> bool:
        """Whether the session lives."""
