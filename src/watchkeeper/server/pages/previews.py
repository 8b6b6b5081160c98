"""What an answer would change, for the script, while the reader rests on it: in words and over the chart."""

from __future__ import annotations

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from watchkeeper.domain.access import Scope
from watchkeeper.server.desk import desk_of
from watchkeeper.server.foreseen import shown_of, would_json
from watchkeeper.server.guard import needs
from watchkeeper.server.pages.answers import draft_on_alert, draft_on_metric, signer
from watchkeeper.server.session import PageRequest


@get("/alerts/{alert_id:int}/preview", sync_to_thread=True, opt=needs(Scope.FEEDBACK))
def preview_on_alert(request: PageRequest, alert_id: FromPath[int]) -> Response[bytes]:
    """What an answer on an alert would change, before anything is said; the form's fields as a query."""
    desk = desk_of(request)
    line = desk.service.line_of(alert_id)
    form = dict(request.query_params.items())
    draft = draft_on_alert(form, alert_id, signer(request), line.timezone, line.alert.start, line.alert.end)
    seen = desk.service.foresee(draft, line.peak_series.id, **shown_of(form, line.timezone))
    return Response(would_json(desk, seen), media_type="application/json")


@get("/metrics/{name:str}/preview", sync_to_thread=True, opt=needs(Scope.FEEDBACK))
def preview_on_metric(request: PageRequest, name: FromPath[str], series: FromQuery[int]) -> Response[bytes]:
    """What an answer on a window of a metric would change; the form's fields as a query."""
    desk = desk_of(request)
    members = tuple(one.id for one in desk.service.listing.series(name))
    zone = desk.service.tuning.metric(name).timezone
    form = dict(request.query_params.items())
    draft = draft_on_metric(form, signer(request), zone, series, members)
    seen = desk.service.foresee(draft, series, **shown_of(form, zone))
    return Response(would_json(desk, seen), media_type="application/json")


HANDLERS = (preview_on_alert, preview_on_metric)
