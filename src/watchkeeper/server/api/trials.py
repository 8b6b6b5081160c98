"""Settings tried on the past and kept; metrics tried before they exist, and made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
from litestar import Request, get, patch, post
from litestar.params import JSONBody, QueryParameter

from watchkeeper.client.records import (
    ColumnList,
    ColumnRecord,
    DraftedRecord,
    MetricDraft,
    MetricRecord,
    NewMetric,
    SettingsDraft,
    SettingsTrial,
    TableList,
    TrialRecord,
    TriedAlertRecord,
)
from watchkeeper.domain.access import Scope
from watchkeeper.domain.errors import ConfigError
from watchkeeper.domain.mends import mended
from watchkeeper.domain.metric import Metric
from watchkeeper.server.api.common import MANY, Cursor, Many, Name, page_of, to_datetime
from watchkeeper.server.api.metrics import metric_record
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import needs
from watchkeeper.server.session import caller
from watchkeeper.watch.trials import TriedAlert

TAGS = ["metrics"]
TableName = Annotated[str, QueryParameter(min_length=1, max_length=200, description="As `tables` gives it.")]


def _alerts(tried: Iterable[TriedAlert]) -> list[TriedAlertRecord]:
    return [
        TriedAlertRecord(
            start=to_datetime(one.start), end=to_datetime(one.end), sentence=one.sentence, series=one.series
        )
        for one in tried
    ]


def _metric(settings: dict[str, Any]) -> Metric:
    try:
        return msgspec.convert(settings, Metric, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"metric {settings.get('name', '(without a name)')}: {mended(error, Metric)}") from None


@post(
    "/metrics/{name:str}/settings/preview",
    sync_to_thread=True,
    status_code=200,
    opt=needs(Scope.READ, is_read=True),
    tags=TAGS,
)
def try_settings(request: Request[Any, Any, Any], name: Name, data: JSONBody[SettingsTrial]) -> TrialRecord:
    """What changed settings would have told in the newest 60 days of data; nothing is kept. 422 names what is wrong."""
    trial = desk_of(request).service.tuning.attempt(name, data.changes)
    return TrialRecord(
        settings=trial.metric,
        days=trial.days,
        told=_alerts(trial.told),
        new=_alerts(trial.new),
        gone=_alerts(trial.gone),
        lost=trial.lost,
        sentence=trial.sentence,
    )


@patch("/metrics/{name:str}/settings", sync_to_thread=True, opt=needs(Scope.CONFIGURE), tags=TAGS)
def keep_settings(request: Request[Any, Any, Any], name: Name, data: JSONBody[SettingsDraft]) -> MetricRecord:
    """Set a metric so from now on. 409 (`guard`) where a confirmed alert would be lost: `force` accepts that."""
    service = desk_of(request).service
    service.tuning.keep(name, data.changes, caller(request).name, force=data.force)
    return metric_record(service.listing.metric(name))


@get("/sources/{name:str}/tables", sync_to_thread=True, opt=needs(Scope.CONFIGURE), tags=TAGS)
def list_tables(request: Request[Any, Any, Any], name: Name, limit: Many = MANY, cursor: Cursor = "") -> TableList:
    """The tables of a source that metrics can be made of. 503 (`source`) where it does not answer."""
    page, more = page_of(desk_of(request).service.drafting.tables(name), lambda one: one, limit, cursor)
    return TableList(items=page, next=more)


@get("/sources/{name:str}/columns", sync_to_thread=True, opt=needs(Scope.CONFIGURE), tags=TAGS)
def list_columns(
    request: Request[Any, Any, Any], name: Name, table: TableName, limit: Many = MANY, cursor: Cursor = ""
) -> ColumnList:
    """The columns of a table of a source in its order, and what each holds."""
    found = enumerate(desk_of(request).service.drafting.columns(name, table))
    page, more = page_of(found, lambda one: one[0], limit, cursor)
    return ColumnList(items=[ColumnRecord(name=one.name, holds=one.holds, type=one.type) for _, one in page], next=more)


@post("/drafts", sync_to_thread=True, status_code=200, opt=needs(Scope.CONFIGURE), tags=TAGS)
def try_metric(request: Request[Any, Any, Any], data: JSONBody[MetricDraft]) -> DraftedRecord:
    """Read the past of a metric that does not exist yet and judge it; nothing is kept."""
    drafting, metric = desk_of(request).service.drafting, _metric(data.settings)
    drafted = drafting.attempt(metric)
    return DraftedRecord(
        settings=drafted.metric,
        points=drafted.points,
        series=drafted.series,
        withheld=drafted.withheld,
        told=_alerts(drafted.told),
        sentence=drafted.sentence,
        power=list(drafting.power(metric)) if data.power else [],
    )


@post("/metrics", sync_to_thread=True, opt=needs(Scope.CONFIGURE), tags=TAGS)
def make_metric(request: Request[Any, Any, Any], data: JSONBody[NewMetric]) -> MetricRecord:
    """Switch a new metric on: the next run reads its past. 422 (`config`) where the name is taken."""
    service, metric = desk_of(request).service, _metric(data.settings)
    service.drafting.create(metric, caller(request).name)
    return metric_record(service.listing.metric(metric.name))


HANDLERS = (try_settings, keep_settings, list_tables, list_columns, try_metric, make_metric)
