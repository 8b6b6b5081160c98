"""An MCP server: an agent reads alerts as numbers and picture, previews answers and gives them, within its rights.

Every tool is a call of the client, so whatever the token may not, the server refuses.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any, Literal

import msgspec
from mcp.server.mcpserver import Image, MCPServer
from mcp.server.mcpserver.exceptions import ToolError

from watchkeeper.client.client import Client
from watchkeeper.client.records import AlertPage, DraftRecord, MetricList
from watchkeeper.domain.errors import InputError, WatchkeeperError
from watchkeeper.watch.views import Show

INSTRUCTIONS = """Watchkeeper watches a company's metrics. An alert is an incident: series that moved together.
List alerts (show=open: still to be answered), look at one as numbers and picture, then preview an answer before you
give it: real, false_alarm, missed, event, new_normal, bad_data. Each can be undone by the id in its receipt."""
MOST = 50
Said = Literal["real", "false_alarm", "missed", "event", "new_normal", "bad_data"]


def agent_server(client: Client) -> MCPServer[Any]:
    """The MCP server over a client; run it with `.run("stdio")`."""
    server: MCPServer[Any] = MCPServer("watchkeeper", instructions=INSTRUCTIONS)

    @server.tool()
    def list_alerts(show: Show = "open", metric: str = "", limit: int = 20) -> dict[str, Any]:
        """Alerts, the newest first: each with its sentence, window, severity and whether it was answered."""
        found = client.alerts(show=show, metric=metric)
        return _told(lambda: AlertPage(items=list(islice(found, min(max(limit, 1), MOST))), next=None))

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
    def preview_feedback(
        answer: Said, alert_id: int | None = None, series: list[int] | None = None, start: str = "", end: str = ""
    ) -> dict[str, Any]:
        """What an answer would change in the past, in a sentence and in numbers; nothing is written.

        Of an alert, or of a window of series (ISO 8601 with offset) where no alert is named.
        """
        return _told(lambda: client.preview(**_draft(answer, alert_id, series, start, end)))

    @server.tool()
    def give_feedback(
        answer: Said,
        alert_id: int | None = None,
        series: list[int] | None = None,
        start: str = "",
        end: str = "",
        note: str = "",
    ) -> dict[str, Any]:
        """Say an answer. Preview it first. An answer that would lose a confirmed alert is refused: ask a person."""
        return _told(lambda: client.answer(**_draft(answer, alert_id, series, start, end), note=note))

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


def _draft(answer: Said, alert_id: int | None, series: list[int] | None, start: str, end: str) -> dict[str, Any]:
    given = {"answer": answer, "alert": alert_id, "series": series or [], "start": start or None, "end": end or None}
    try:
        draft = msgspec.convert({name: value for name, value in given.items() if value is not None}, DraftRecord)
    except msgspec.ValidationError as error:
        raise InputError(f"feedback: {error}") from None
    return {
        "answer": draft.answer,
        "alert": draft.alert,
        "series": draft.series,
        "start": draft.start,
        "end": draft.end,
    }
