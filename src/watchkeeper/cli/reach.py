"""How a verb reaches a Watchkeeper: a running server by its address, or the stores of a home, which it then has alone.

Both answer with the records of the API, so that a verb prints the same either way.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

if TYPE_CHECKING:
    from watchkeeper.client import Client
    from watchkeeper.client.records import (
        BackfillRecord,
        FeedbackRecord,
        MetricRecord,
        PointRecord,
        ReceiptRecord,
        SeriesRecord,
    )
    from watchkeeper.domain.feedback import Answer
    from watchkeeper.watch.service import Watchkeeper


class Reached(Protocol):
    """What verbs ask: `watchkeeper.Client` answers it, and so do the stores of a home."""

    def metrics(self) -> list[MetricRecord]:
        """Every metric with its record."""

    def series(self, metric: str) -> Iterator[SeriesRecord]:
        """The series of a metric."""

    def points(
        self, series_id: int, *, start: datetime | None = None, end: datetime | None = None
    ) -> Iterator[PointRecord]:
        """Judged points of a series, the oldest first."""

    def feedback(self) -> Iterator[FeedbackRecord]:
        """The log, the newest line first."""

    def preview(self, answer: Answer, **said: Any) -> ReceiptRecord:
        """What an answer would change."""

    def answer(self, answer: Answer, **said: Any) -> ReceiptRecord:
        """Say an answer."""

    def undo(self, feedback_id: int) -> ReceiptRecord:
        """Take an answer back."""

    def backfill(
        self, name: str, *, start: datetime, end: datetime | None = None, dry_run: bool = False
    ) -> BackfillRecord:
        """Read a window of a metric again from its source."""


def server_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--server URL` and `--token`, or WATCHKEEPER_SERVER and WATCHKEEPER_TOKEN."""
    command = click.option(
        "--token", envvar="WATCHKEEPER_TOKEN", show_envvar=True, default="", help="Whose rights the verb has there."
    )(command)
    return click.option(
        "--server",
        envvar="WATCHKEEPER_SERVER",
        show_envvar=True,
        default="",
        metavar="URL",
        help="Ask a running server instead of the stores.",
    )(command)


@contextmanager
def client_of(server: str, token: str) -> Iterator[Client]:
    """A client of the server that is named."""
    if not token:
        raise click.UsageError("--server needs a token: --token or WATCHKEEPER_TOKEN; `watchkeeper tokens make`")
    from watchkeeper.client import Client

    with Client(server, token=token) as client:
        yield client


@contextmanager
def reach(home: Path, server: str, token: str) -> Iterator[Reached]:
    """The server where one is named, or else the stores of the home."""
    if server:
        with client_of(server, token) as client:
            yield client  # type: ignore[misc] # its answer() names every argument
        return
    from watchkeeper.watch.service import Watchkeeper

    with Watchkeeper.open(home) as service:
        yield _Stores(service)


class _Stores:
    """The stores of a home, asked as the API is."""

    def __init__(self, service: Watchkeeper) -> None:
        self._service = service

    def metrics(self) -> list[MetricRecord]:
        from watchkeeper.server.api.metrics import metric_record

        return [metric_record(line) for line in self._service.metrics()]

    def series(self, metric: str) -> Iterator[SeriesRecord]:
        from watchkeeper.server.api.series import series_record

        for one in self._service.listing.series(metric):
            yield series_record(self._service.listing.one_series(one.id)[1], one)

    def points(
        self, series_id: int, *, start: datetime | None = None, end: datetime | None = None
    ) -> Iterator[PointRecord]:
        from watchkeeper.server.api.series import point_records

        first, last = (None if one is None else int(one.timestamp()) for one in (start, end))
        chart, _ = self._service.listing.points(series_id, first, last, 2**31)
        return point_records(chart)

    def feedback(self) -> Iterator[FeedbackRecord]:
        from watchkeeper.server.api.feedback import feedback_record

        for pair in self._service.listing.feedback(2**31):
            yield feedback_record(*pair)

    def preview(self, answer: Answer, **said: Any) -> ReceiptRecord:
        from watchkeeper.server.api.feedback import receipt_record

        return receipt_record(self._service.preview(self._draft(answer, said)))

    def answer(self, answer: Answer, **said: Any) -> ReceiptRecord:
        from watchkeeper.server.api.feedback import receipt_record

        return receipt_record(self._service.answer(self._draft(answer, said)))

    def undo(self, feedback_id: int) -> ReceiptRecord:
        from watchkeeper.server.api.feedback import receipt_record

        return receipt_record(self._service.undo(feedback_id, getpass.getuser()))

    def backfill(
        self, name: str, *, start: datetime, end: datetime | None = None, dry_run: bool = False
    ) -> BackfillRecord:
        from watchkeeper.server.api.metrics import backfill_record

        first, last = int(start.timestamp()), None if end is None else int(end.timestamp())
        return backfill_record(self._service.backfills.fill(name, first, last, getpass.getuser(), dry_run=dry_run))

    def _draft(self, answer: Answer, said: dict[str, Any]) -> Any:
        from watchkeeper.client.records import DraftRecord
        from watchkeeper.server.api.feedback import draft_of

        return draft_of(DraftRecord(answer=answer, **said), getpass.getuser())


def print_records(records: Sequence[Any] | Iterator[Any]) -> None:
    """Records as the API gives them, one JSON object a line, as they come."""
    import msgspec

    for record in records:
        click.echo(msgspec.json.encode(record).decode())
