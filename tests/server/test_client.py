"""The typed client and the MCP server, against a real server over loopback."""

from __future__ import annotations

import base64
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import anyio
import httpx
import httpx2
import pytest
from mcp import Client as AgentClient
from mcp import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

import watchkeeper
from tests.server.shop import Served
from watchkeeper.client.agent import agent_server
from watchkeeper.client.records import AlertRecord, DraftRecord
from watchkeeper.domain.access import Role, Scope
from watchkeeper.domain.errors import (
    AccessError,
    ConfigError,
    GuardError,
    InputError,
    NotFoundError,
    WatchkeeperError,
)
from watchkeeper.domain.feedback import Answer


def client_of(api: Served, role: Role = Role.ADMIN, **options: Any) -> watchkeeper.Client:
    return watchkeeper.Client(api.address, token=api.tokens[role], **options)


def test_what_is_watched_is_read_as_records(api: Served) -> None:
    with client_of(api, Role.VIEWER) as client:
        assert client.me().scopes == (Scope.READ,)
        alerts = list(client.alerts())
        assert all(isinstance(one, AlertRecord) for one in alerts)
        newest = alerts[0]
        assert newest.start == datetime(2026, 3, 11, 10, tzinfo=UTC)
        assert list(client.alerts(start=newest.start)) == alerts[:1]
        whole = client.alert(newest.id)
        assert whole.alert == newest
        assert client.explanation(newest.id).sentence == whole.explanation
        assert client.chart(newest.id).startswith(b"\x89PNG")
        assert [one.settings.name for one in client.metrics()] == ["orders"]
        assert client.metric("orders").series_count == 2
        assert [one.label for one in client.series("orders")] == ["DE", "US"]
        points = list(client.points(whole.members[0].series, start=newest.start, end=newest.end))
        assert len(points) == 8
        assert all(one.is_alert for one in points)
        assert [one.name for one in client.sources()] == ["shop"]
        assert [one.kind for one in client.channels()] == ["textfile"]


def test_an_error_names_its_own_mend_and_an_address_that_is_none(api: Served) -> None:
    with client_of(api) as client:
        assert client.one_series(1).metric == "orders"
        with pytest.raises(NotFoundError) as unknown:
            client.metric("nope")
    assert str(unknown.value) == "No metric 'nope': `watchkeeper apply` makes metrics from a configuration file."
    bare = api.address.removeprefix("http://")
    with watchkeeper.Client(bare, token="wk_x") as client, pytest.raises(InputError) as none:
        client.me()
    assert str(none.value) == f"{bare}: no address of a server; write it as https://HOST"
    with watchkeeper.Client(api.address, token="wk_x") as client, pytest.raises(AccessError) as stranger:
        client.me()
    assert str(stranger.value).startswith("No token came with it, or one that is not known here or has ended. Send a")


def test_answers_are_previewed_said_taken_back_and_moved(api: Served) -> None:
    with client_of(api, Role.RESPONDER) as client:
        alert = next(client.alerts())
        assert client.preview(Answer.FALSE_ALARM, alert=alert.id).feedback.id == 0
        receipt = client.answer(Answer.FALSE_ALARM, alert=alert.id, note="by the client")
        assert client.receipt(receipt.feedback.id) == receipt
        undone = client.undo(receipt.feedback.id)
        assert undone.feedback.undoes == receipt.feedback.id
        assert next(client.feedback()).id == undone.feedback.id
        lines = client.export_feedback()
    with client_of(api) as admin:
        assert admin.import_feedback(lines).present == len(lines)


def test_configuration_flags_and_people_are_changed(api: Served) -> None:
    with client_of(api) as client:
        text = client.config()
        assert client.plan(text).steps == []
        assert client.apply(text).steps == []
        assert client.override_flag("beta", "model", lasting="30m").serving == "model"
        assert client.end_override("beta").serving == "basic"
        assert client.trip_guard("ranking", note="by the client").standing == "tripped"
        assert client.flag("ranking").changes[0].by == "Admin"
        assert {one.name for one in client.flags()} == {"beta", "ranking"}
        user = client.add_user("Mary", Role.EDITOR)
        assert client.set_role(user.id, Role.RESPONDER).role is Role.RESPONDER
        assert client.sign_in_link(user.id).startswith(api.address)
        assert client.sign_out(user.id) == 0
        made = client.make_token("Mary", "robot", [Scope.READ])
        assert made.token.id in {one.id for one in client.tokens()}
        assert client.revoke_token(made.token.id).revoked_at is not None
        assert client.erase_user(user.id).name == f"person {user.id}"
        assert "Mary" not in {one.name for one in client.users()}
        assert next(client.audit()).what == "users erase"


def test_errors_are_those_of_the_house(api: Served) -> None:
    with client_of(api) as client:
        alert = next(client.alerts())
        with pytest.raises(NotFoundError, match="alert 999"):
            client.alert(999)
        with pytest.raises(InputError, match="window"):
            client.answer(Answer.MISSED, series=[1])
        with pytest.raises(InputError, match="asks nothing"):
            client.answer_guard("beta", is_yes=True)
        with pytest.raises(ConfigError, match=r"shop\.yaml"):
            client.plan("metrics: [", place="shop.yaml")
        said = client.answer(Answer.REAL, alert=alert.id)
        with pytest.raises(GuardError, match="would no longer fire"):
            client.answer(Answer.BAD_DATA, series=[1, 2], start=alert.start, end=alert.end)
        client.undo(said.feedback.id)
    with client_of(api, Role.VIEWER) as viewer, pytest.raises(AccessError, match="feedback") as refused:
        viewer.preview(Answer.REAL, alert=alert.id)
    assert refused.value.is_known
    with watchkeeper.Client(api.address, token="wk_wrong") as stranger, pytest.raises(AccessError) as unknown:
        stranger.me()
    assert not unknown.value.is_known


def test_a_server_that_is_not_there_or_another_is_told_apart() -> None:
    with (
        watchkeeper.Client("http://127.0.0.1:9", token="x") as client,
        pytest.raises(WatchkeeperError, match="no answer"),
    ):
        client.me()
    other = httpx.MockTransport(lambda request: httpx.Response(502, text="Bad gateway"))
    with (
        watchkeeper.Client(token="x", transport=other) as client,
        pytest.raises(WatchkeeperError, match="answered 502"),
    ):
        client.me()


def test_a_write_whose_answer_was_lost_is_sent_again_and_done_once(api: Served) -> None:
    real, calls = httpx.HTTPTransport(), []

    def lossy(request: httpx.Request) -> httpx.Response:
        calls.append(request.headers["idempotency-key"])
        answer = real.handle_request(request)
        answer.read()
        if len(calls) == 1:
            raise httpx.ReadError("the connection broke", request=request)
        return httpx.Response(answer.status_code, headers={"content-type": "application/json"}, content=answer.content)

    with client_of(api, transport=httpx.MockTransport(lossy)) as client:
        assert client.add_user("Once").name == "Once"
    with client_of(api) as client:
        assert [one.name for one in client.users()].count("Once") == 1
    real.close()
    assert calls[0] == calls[1]


def asked(server: Any, *calls: tuple[str, dict[str, Any]]) -> tuple[list[str], list[Any]]:
    """`ask` in a thread of its own: the driver of the browser tests leaves a loop running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(anyio.run, ask, server, *calls).result()


def asked_tools(server: Any) -> dict[str, dict[str, Any]]:
    """What each tool takes, as a schema."""

    async def look() -> dict[str, dict[str, Any]]:
        async with AgentClient(server) as agent:
            found = (await agent.list_tools()).tools
            assert all(one.description and not one.description.startswith("See") for one in found)
            return {one.name: one.input_schema for one in found}

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(anyio.run, look).result()


async def ask(server: Any, *calls: tuple[str, dict[str, Any]]) -> tuple[list[str], list[Any]]:
    async with AgentClient(server) as agent:
        tools = [one.name for one in (await agent.list_tools()).tools]
        return tools, [await agent.call_tool(name, given) for name, given in calls]


def test_an_agent_sees_alerts_as_numbers_and_picture_and_answers(api: Served) -> None:
    with client_of(api, Role.RESPONDER) as client:
        alert = next(client.alerts()).id
        tools, (listed, whole, picture, preview, said) = asked(
            agent_server(client),
            ("list_alerts", {"show": "all", "limit": 2}),
            ("see_alert", {"alert_id": alert}),
            ("see_chart", {"alert_id": alert}),
            ("preview_feedback", {"answer": "real", "alert_id": alert}),
            ("give_feedback", {"answer": "real", "alert_id": alert, "note": "the agent says so"}),
        )
        assert {"list_alerts", "see_alert", "see_chart", "preview_feedback", "give_feedback"} <= set(tools)
        assert listed.structured_content["items"][0]["id"] == alert
        assert len(whole.structured_content["members"]) == 2
        assert (picture.content[0].type, picture.content[0].mime_type) == ("image", "image/png")
        assert base64.b64decode(picture.content[0].data).startswith(b"\x89PNG")
        assert preview.structured_content["feedback"]["id"] == 0
        kept = client.receipt(said.structured_content["feedback"]["id"]).feedback
        assert (kept.by, kept.note) == ("Responder", "the agent says so")
        client.undo(kept.id)


def test_an_agent_goes_through_all_alerts_and_narrows_them(api: Served) -> None:
    with client_of(api, Role.VIEWER) as client:
        every = [one.id for one in client.alerts()]
        found, cursor = [], ""
        while cursor is not None:
            _, (page,) = asked(agent_server(client), ("list_alerts", {"show": "all", "limit": 2, "cursor": cursor}))
            found += [one["id"] for one in page.structured_content["items"]]
            cursor = page.structured_content["next"]
        assert found == every
        _, (late, none, wrong) = asked(
            agent_server(client),
            ("list_alerts", {"show": "all", "start": "2026-03-11T00:00:00Z", "metric": "orders"}),
            ("list_alerts", {"show": "all", "owner": "nobody"}),
            ("list_alerts", {"start": "yesterday"}),
        )
    assert [one["id"] for one in late.structured_content["items"]] == every[:1]
    assert none.structured_content["items"] == []
    assert "start: 'yesterday' is no time" in wrong.content[0].text


def test_an_agent_finds_a_series_and_says_what_a_window_of_it_was(api: Served) -> None:
    window = {"start": "2026-03-04T10:00:00Z", "end": "2026-03-04T12:00:00Z"}
    with client_of(api, Role.RESPONDER) as client:
        _, (listed, rest, points) = asked(
            agent_server(client),
            ("list_series", {"metric": "orders", "limit": 1}),
            ("list_series", {"metric": "orders", "limit": 1, "cursor": "WzFd"}),
            ("see_points", {"series": 1, **window}),
        )
        (first,) = listed.structured_content["items"]
        assert (first["id"], first["dimensions"]) == (1, {"country": "DE"})
        assert listed.structured_content["next"] == "WzFd"
        assert [one["id"] for one in rest.structured_content["items"]] == [2]
        assert [one["time"] for one in points.structured_content["items"]] == [
            "2026-03-04T10:00:00Z",
            "2026-03-04T11:00:00Z",
        ]
        event = {"answer": "event", "series": [1], **window, "reach": "metric", "repeat": "yearly"}
        _, (seen, said, odd) = asked(
            agent_server(client),
            ("preview_feedback", event),
            ("give_feedback", {**event, "note": "a fair"}),
            ("preview_feedback", {**event, "reach": "value", "dimension": "planet"}),
        )
        assert seen.structured_content["feedback"]["id"] == 0
        kept = client.receipt(said.structured_content["feedback"]["id"]).feedback
        assert (kept.series, kept.repeat, kept.note) == ((1, 2), "yearly", "a fair")
        assert odd.is_error
        assert "planet" in odd.content[0].text
        client.undo(kept.id)


def test_an_agent_is_told_in_a_sentence_which_argument_is_wrong(api: Served) -> None:
    with client_of(api, Role.RESPONDER) as client:
        _, (near, far, missing, odd, short) = asked(
            agent_server(client),
            ("preview_feedback", {"answer": "real", "alert": 1}),
            ("see_points", {"series": 1, "colour": "red"}),
            ("see_points", {"start": "2026-03-04T10:00Z"}),
            ("see_points", {"series": "abc"}),
            ("see_points", {"series": 1, "start": "2026-03-04T10:00Z", "end": "2026-03-04T12:00"}),
        )
    assert near.content[0].text == "preview_feedback: no argument is called `alert`; is it `alert_id`?"
    assert "`colour`; there are series, start, end, limit, cursor" in far.content[0].text
    assert missing.content[0].text == "see_points: series is missing: give it"
    assert odd.content[0].text.startswith("see_points: series: 'abc': it should be a valid integer")
    assert all(one.is_error for one in (near, far, missing, odd))
    assert [one["time"] for one in short.structured_content["items"]] == [
        "2026-03-04T10:00:00Z",
        "2026-03-04T11:00:00Z",
    ]


def test_what_an_agent_can_say_has_a_place_in_its_tools(api: Served) -> None:
    """Whatever an answer may carry, but for the second yes, which is a person's."""
    with client_of(api) as client:
        tools = asked_tools(agent_server(client))
    carried = {"alert_id" if name == "alert" else name for name in DraftRecord.__struct_fields__} - {"force"}
    assert set(tools["give_feedback"]["properties"]) == carried
    assert set(tools["preview_feedback"]["properties"]) == carried - {"note"}
    assert len(tools) <= 10


def test_an_agent_may_what_its_token_may_and_reads_why_not(api: Served) -> None:
    with client_of(api, Role.VIEWER) as client:
        _, (refused, missing) = asked(
            agent_server(client),
            ("give_feedback", {"answer": "real", "alert_id": 1}),
            ("see_alert", {"alert_id": 999}),
        )
    assert refused.is_error
    assert "needs the right" in refused.content[0].text
    assert missing.is_error
    assert "alert 999" in missing.content[0].text


def test_the_command_speaks_mcp_on_standard_input(api: Served) -> None:
    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "watchkeeper.cli", "mcp", "--server", api.address],
        env={"WATCHKEEPER_TOKEN": api.tokens[Role.VIEWER]},
    )
    tools, (listed,) = asked(stdio_client(command), ("list_metrics", {}))
    assert "see_chart" in tools
    assert listed.structured_content["items"][0]["settings"]["name"] == "orders"


@asynccontextmanager
async def over_http(api: Served, role: Role) -> AsyncIterator[Any]:
    """An agent's way to the server's own `/mcp`, with the token of a role."""
    headers = {"authorization": f"Bearer {api.tokens[role]}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        streamable_http_client(f"{api.address}/mcp", http_client=http) as streams,
    ):
        yield streams


def test_the_server_itself_speaks_mcp_with_the_rights_of_each_token(api: Served) -> None:
    with client_of(api, Role.RESPONDER) as client:
        alert = next(client.alerts()).id
        tools, (whole, picture, said) = asked(
            over_http(api, Role.RESPONDER),
            ("see_alert", {"alert_id": alert}),
            ("see_chart", {"alert_id": alert}),
            ("give_feedback", {"answer": "real", "alert_id": alert, "note": "over HTTP"}),
        )
        assert "list_alerts" in tools
        assert whole.structured_content["alert"]["id"] == alert
        assert base64.b64decode(picture.content[0].data).startswith(b"\x89PNG")
        kept = client.receipt(said.structured_content["feedback"]["id"]).feedback
        assert (kept.by, kept.note) == ("Responder", "over HTTP")
        client.undo(kept.id)
    _, (refused,) = asked(over_http(api, Role.VIEWER), ("give_feedback", {"answer": "real", "alert_id": 1}))
    assert refused.is_error
    assert "needs the right" in refused.content[0].text


def test_mcp_without_a_token_is_refused(api: Served) -> None:
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    for headers in ({}, {"authorization": "Bearer nonsense"}):
        answer = httpx.post(f"{api.address}/mcp", json=call, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
