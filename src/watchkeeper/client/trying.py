"""The client's verbs that try things on the past: settings, new metrics, which changes would be seen."""

from __future__ import annotations

from typing import Any, Literal

from watchkeeper.client.records import (
    ColumnList,
    ColumnRecord,
    DraftedRecord,
    MetricDraft,
    MetricRecord,
    NewMetric,
    PowerRecord,
    SeriesHealth,
    SettingsDraft,
    SettingsTrial,
    TableList,
    TrialRecord,
)
from watchkeeper.client.wire import Wire


class Trying:
    """A part of `Client`. Settings are given as a configuration file says them."""

    _wire: Wire

    def try_settings(self, metric: str, changes: dict[str, Any]) -> TrialRecord:
        """What changed settings of a metric would have told in the newest 60 days of data; nothing is kept."""
        body = SettingsTrial(changes=changes)
        return self._wire.ask(TrialRecord, "POST", f"/metrics/{metric}/settings/preview", body=body)

    def keep_settings(self, metric: str, changes: dict[str, Any], *, force: bool = False) -> MetricRecord:
        """Set a metric so from now on; GuardError where a confirmed alert would be lost and `force` is not set."""
        body = SettingsDraft(changes=changes, force=force)
        return self._wire.ask(MetricRecord, "PATCH", f"/metrics/{metric}/settings", body=body)

    def tables(self, source: str) -> list[str]:
        """The tables of a source that metrics can be made of."""
        return [one for page in self._wire.pages(TableList, f"/sources/{source}/tables") for one in page.items]

    def columns(self, source: str, table: str) -> list[ColumnRecord]:
        """The columns of a table of a source, and what each holds."""
        pages = self._wire.pages(ColumnList, f"/sources/{source}/columns", table=table)
        return [one for page in pages for one in page.items]

    def try_metric(self, settings: dict[str, Any], *, power: bool = False) -> DraftedRecord:
        """A metric that does not exist yet on its past; with `power` which changes of it would be seen, too."""
        return self._wire.ask(DraftedRecord, "POST", "/drafts", body=MetricDraft(settings=settings, power=power))

    def make_metric(self, settings: dict[str, Any]) -> MetricRecord:
        """Switch a new metric on: the next run reads its past."""
        return self._wire.ask(MetricRecord, "POST", "/metrics", body=NewMetric(settings=settings))

    def health(self, series_id: int) -> SeriesHealth:
        """How the data of a series fares: how fresh it is, what is missing, what came late."""
        return self._wire.ask(SeriesHealth, "GET", f"/series/{series_id}/health")

    def power(self, series_id: int) -> PowerRecord:
        """Which changes of a series would be seen, tried on its own history; it takes seconds."""
        return self._wire.ask(PowerRecord, "GET", f"/series/{series_id}/power")

    def power_plot(self, series_id: int, *, scheme: Literal["light", "dark"] = "light") -> bytes:
        """The same as a PNG."""
        return self._wire.send("GET", f"/series/{series_id}/power.png", scheme=scheme)
