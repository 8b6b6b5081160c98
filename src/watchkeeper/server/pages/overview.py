"""The overview: a week in one look, printable; and the sources and channels with how each fares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromQuery
from litestar.response import Redirect

from watchkeeper.domain.access import Scope
from watchkeeper.domain.errors import ChannelError
from watchkeeper.domain.metric import Source
from watchkeeper.domain.times import WEEK, format_instant, parse_instant
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import needs
from watchkeeper.server.session import NAMELESS, PageRequest, visitor
from watchkeeper.watch.views import MetricLine
from watchkeeper.watch.week import Week

if TYPE_CHECKING:
    from watchkeeper.watch.channels import ChannelLine


class OverviewPage(msgspec.Struct, frozen=True, kw_only=True):
    """The page's record: a week, and the addresses of the weeks beside it."""

    week: Week
    earlier: str
    later: str


class SourceRow(msgspec.Struct, frozen=True, kw_only=True):
    """A source, without its address, and the metrics that it feeds."""

    source: Source
    metrics: tuple[MetricLine, ...]

    @property
    def newest(self) -> MetricLine | None:
        """The metric whose point is the newest; None where there is no point."""
        known = [one for one in self.metrics if one.newest_point is not None]
        return max(known, key=lambda one: one.newest_point or 0, default=None)


class SetupPage(msgspec.Struct, frozen=True, kw_only=True):
    """The page's record. `said` tells how a test went."""

    sources: tuple[SourceRow, ...]
    channels: tuple[ChannelLine, ...]
    said: str = ""


@get("/overview", sync_to_thread=True, opt=needs(Scope.READ))
def show_overview(request: PageRequest, until: FromQuery[str] = "") -> Response[str]:
    """A week: the newest, or the one before `until`."""
    desk = desk_of(request)
    week = desk.service.overview.week(parse_instant(until) if until else None)
    page = OverviewPage(week=week, earlier=_address(week.end - WEEK), later=_address(week.end + WEEK) if until else "")
    return desk.page(request, "overview.html", page)


@get("/setup", sync_to_thread=True, opt=needs(Scope.READ))
def show_setup(request: PageRequest, said: FromQuery[str] = "") -> Response[str]:
    """Sources and channels."""
    return desk_of(request).page(request, "setup.html", _setup(request, said))


@post("/setup/channels/test", sync_to_thread=True, opt=needs(Scope.CONFIGURE))
def try_channel(
    request: PageRequest, data: Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
) -> Response[str] | Redirect:
    """Send a test message, and say whether it arrived."""
    desk = desk_of(request)
    reader, name = visitor(request), data.get("channel", "")
    try:
        desk.service.channels.test(name, reader.name if reader else NAMELESS)
    except ChannelError as error:
        return desk.page(request, "setup.html", _setup(request, f"The test did not arrive: {error}"), status=502)
    return Redirect(f"/setup?said=The+test+reached+{name}.", status_code=303)


def _setup(request: PageRequest, said: str) -> SetupPage:
    service = desk_of(request).service
    lines = service.metrics()
    return SetupPage(
        sources=tuple(
            SourceRow(source=source, metrics=tuple(one for one in lines if one.metric.source == source.name))
            for source in service.drafting.sources()
        ),
        channels=service.channels.lines(),
        said=said,
    )


def _address(end: int) -> str:
    return f"/overview?until={format_instant(end)}"


HANDLERS = (show_overview, show_setup, try_channel)
