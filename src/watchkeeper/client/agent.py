"""An MCP server: an agent reads alerts as numbers and picture, previews answers and gives them, within its rights.

Every tool is a call of the client, so whatever the token may not, the server refuses.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
from mcp.server.mcpserver import Image, MCPServer
from mcp.server.mcpserver.exceptions import ToolError

from watchkeeper.client.client import Client
from watchkeeper.client.records import DraftRecord, MetricList
from watchkeeper.client.tool_server import ToolServer
from watchkeeper.domain.errors import InputError, WatchkeeperError
from watchkeeper.domain.times import parse_instant
from watchkeeper.watch.views import Show

INSTRUCTIONS = """Watchkeeper watches a company's metrics. An alert is an incident: series that moved together.
List alerts (show=open: still to be answered), look at one as numbers and picture, then preview an answer before you
give it: real and false_alarm on an alert; missed, event, new_normal and bad_data on an alert or on a window of series.
For a window, list_series gives the numbers of series and see_points what they did. Each answer can be undone by the id
in its receipt. Lists go on with the `next` of the page before as `cursor`, until it is null."""
MOST = 50
MOST_POINTS = 1000
Said = Literal["real", "false_alarm", "missed", "event", "new_normal", "bad_data"]
Reaches = Literal["named", "value", "metric", "group"]
REACHING = """Of an alert (its own series and window, where no other is given), or of a window of `series` from `start`
to `end` (ISO 8601, UTC without an offset; new_normal has a start alone). `reach` widens it: `value` to every series
that shares the value of `dimension`, `metric` to all series of the metric, `group` to all metrics of its group.
An event may `repeat`, on the metric's clock: weekly, yearly, holidays:DE, rrule:FREQ=..."""
PREVIEW = f"What an answer would change in the past, in a sentence and in numbers; nothing is written.\n\n{REACHING}"
GIVE = f"""Say an answer; preview it first. One that would lose a confirmed alert is refused, and the price of a missed
window that is so ordinary that its like would cost too much is not accepted: ask a person for that.

{REACHING}"""


def agent_server(client: Client) -> MCPServer[Any]:
    """The MCP server over a client; run it with `.run("stdio")`."""
    server = ToolServer("watchkeeper", instructions=INSTRUCTIONS)

    @server.tool()
    def list_alerts(
        show: Show = "open",
        metric: str = "",
        owner: str = "",
        tag: str = "",
        severity: int = 1,
        text: str = "",
        start: str = "",
        end: str = "",
        limit: int = 20,
        cursor: str = "",
    ) -> dict[str, Any]:
        """Alerts, the newest first: each with its sentence, window, severity and whether it was answered.

        Narrow them by metric, owner, tag, least severity (1 to 5), words in their text, or a window (ISO 8601).
        """
        return _told(
            lambda: next(
                client.alert_pages(
                    show=show,
                    metric=metric,
                    owner=owner,
                    tag=tag,
                    severity=severity,
                    text=text,
                    start=_moment("start", start),
                    end=_moment("end", end),
                    limit=_within(limit, MOST),
                    cursor=cursor,
                )
            )
        )

    @server.tool()
    def see_alert(alert_id: int) -> dict[str, Any]:
        """One alert in numbers: every series in it, what explains it, its history, what was said before."""
        return _told(lambda: client.alert(alert_id))

    @server.tool()
    def see_chart(alert_id: int) -> Image:
        """One alert as a picture: value, expected value and band of its most surprising series."""
        try:
            return Image(data=client.chart(alert_id), format="png")
        except WatchkeeperError as error:
            raise ToolError(str(error)) from None

    @server.tool()
    def list_metrics() -> dict[str, Any]:
        """Every metric that is watched: its settings, its newest point, how often its alerts were real."""
        return _told(lambda: MetricList(items=client.metrics()))

    @server.tool()
    def list_series(metric: str, limit: int = 50, cursor: str = "") -> dict[str, Any]:
        """The series of a metric with the numbers by which the other tools know them, and their dimension values."""
        return _told(lambda: next(client.series_pages(metric, limit=_within(limit, MOST), cursor=cursor)))

    @server.tool()
    def see_points(series: int, start: str = "", end: str = "", limit: int = 200, cursor: str = "") -> dict[str, Any]:
        """What a series did in a window (ISO 8601), the oldest first: value, expected value, band, score."""
        return _told(
            lambda: next(
                client.point_pages(
                    series,
                    start=_moment("start", start),
                    end=_moment("end", end),
                    limit=_within(limit, MOST_POINTS),
                    cursor=cursor,
                )
            )
        )

    @server.tool(description=PREVIEW)
    def preview_feedback(
        answer: Said,
        alert_id: int | None = None,
        series: list[int] | None = None,
        start: str = "",
        end: str = "",
        reach: Reaches = "named",
        dimension: str = "",
        repeat: str = "",
    ) -> dict[str, Any]:
        """See `PREVIEW`."""
        return _told(lambda: client.preview(**_draft(answer, alert_id, series, start, end, reach, dimension, repeat)))

    @server.tool(description=GIVE)
    def give_feedback(
        answer: Said,
        alert_id: int | None = None,
        series: list[int] | None = None,
        start: str = "",
        end: str = "",
        reach: Reaches = "named",
        dimension: str = "",
        repeat: str = "",
        note: str = "",
    ) -> dict[str, Any]:
        """See `GIVE`."""
        return _told(
            lambda: client.answer(**_draft(answer, alert_id, series, start, end, reach, dimension, repeat), note=note)
        )

    @server.tool()
    def undo_feedback(feedback_id: int) -> dict[str, Any]:
        """Take an answer back, by the id in its receipt."""
        return _told(lambda: client.undo(feedback_id))

    return server


def _told(ask: Callable[[], msgspec.Struct]) -> dict[str, Any]:
    """The answer as plain JSON; an error of ours becomes one that the agent reads."""
    try:
        told: dict[str, Any] = msgspec.to_builtins(ask())
        return told
    except WatchkeeperError as error:
        raise ToolError(str(error)) from None


def _draft(
    answer: Said,
    alert_id: int | None,
    series: list[int] | None,
    start: str,
    end: str,
    reach: Reaches,
    dimension: str,
    repeat: str,
) -> dict[str, Any]:
    """What `Client.answer` takes; there is no `force`, which is for people."""
    given = {
        "answer": answer,
        "alert": alert_id,
        "series": series or [],
        "start": _moment("start", start),
        "end": _moment("end", end),
        "reach": reach,
        "dimension": dimension,
        "repeat": repeat,
    }
    try:
        draft = msgspec.convert(given, DraftRecord)
    except msgspec.ValidationError as error:
        raise InputError(f"feedback: {error}") from None
    return {name: getattr(draft, name) for name in given}


def _moment(name: str, text: str) -> datetime | None:
    """A time as pushes take it: ISO 8601, seconds or not, UTC where it has no offset; None where there is none."""
    if not text:
        return None
    try:
        return datetime.fromtimestamp(parse_instant(text), UTC)
    except InputError:
        raise InputError(f"{name}: {text[:40]!r} is no time; write it as 2026-11-23T09:00:00Z") from None


def _within(limit: int, most: int) -> int:
    return min(max(limit, 1), most)
