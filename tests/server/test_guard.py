"""Every route states the right that it needs, and nobody gets by without it."""

from __future__ import annotations

from pathlib import Path

import pytest
from litestar import Litestar, get
from litestar.handlers import BaseRouteHandler
from litestar.testing import TestClient

from tests.server.conftest import BASE
from tests.server.fakes import FakeService
from tests.server.reading import form
from watchkeeper.domain.access import RIGHTS, Caller, Role, Scope
from watchkeeper.server import create_app
from watchkeeper.server.guard import Open


def stated(app: Litestar) -> dict[str, object]:
    """What each route of the application states, by method and path."""
    found: dict[str, object] = {}
    for route in app.routes:
        handlers: list[tuple[str, BaseRouteHandler]] = []
        if hasattr(route, "route_handler_map"):
            handlers = [(method, pair[0]) for method, pair in route.route_handler_map.items() if method != "OPTIONS"]
        else:
            handlers = [("ASGI", route.route_handler)]
        for method, handler in handlers:
            found[f"{method} {route.path}"] = handler.opt.get("needs")
    return found


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Litestar:
    return create_app(FakeService(), secret=b"s" * 32, cache_dir=tmp_path_factory.mktemp("cache"))


def test_every_route_states_what_it_needs(app: Litestar) -> None:
    silent = [path for path, right in stated(app).items() if not isinstance(right, Scope | Open)]
    assert silent == [], "state it: @get(…, opt=needs(Scope.READ)), see server/guard.py"


def test_what_anyone_may_is_a_short_list(app: Litestar) -> None:
    free = {path for path, right in stated(app).items() if isinstance(right, Open)}
    assert {path for path in free if not path.startswith("GET /api/v1/")} == {
        "GET /sign-in",
        "POST /sign-in",
        "GET /sign-in/oidc",
        "GET /sign-in/oidc/back",
        "GET /health",
        "GET /ready",
        "GET /assets/{rest:path}",
        "ASGI /ofrep/v1",
        "ASGI /mcp",  # asks for a token by itself; its tools are calls of the API
        "ASGI /api/v1/push",  # asks for the right to push by itself
        "GET /say/{token:str}",
        "POST /say/{token:str}",
        "POST /say/{token:str}/undo",
    }


def test_whatever_changes_something_needs_more_than_reading(app: Litestar) -> None:
    weak = {path for path, right in stated(app).items() if path.startswith("POST") and right is Scope.READ}
    asks = {  # they change nothing: what is asked about stands in no address
        "POST /api/v1/flags/{name:str}/evaluate",
        "POST /api/v1/metrics/{name:str}/settings/preview",
    }
    assert weak == {"POST /sign-out"} | asks


def test_a_route_that_states_nothing_is_closed(service: FakeService, cache_dir: Path) -> None:
    @get("/forgotten", sync_to_thread=False)
    def forgotten() -> str:
        return "secret"

    app = create_app(service, secret=b"s" * 32, cache_dir=cache_dir)
    app.register(forgotten)
    service.bearers["good"] = Caller(name="Ada", scopes=frozenset(Scope))
    with TestClient(app, base_url=BASE, raise_server_exceptions=False) as client:
        answer = client.get("/forgotten", headers={"authorization": "Bearer good"})
    assert answer.status_code == 403
    assert "secret" not in answer.text


def test_a_viewer_sees_and_changes_nothing(reader: TestClient, service: FakeService) -> None:
    service.role = Role.VIEWER
    page = reader.get("/alerts/1")
    assert page.status_code == 200
    fields = form(page.text, "/sign-out")
    for address in ("/alerts/1/answer", "/flags/ranking", "/metrics/departures/settings"):
        answer = reader.post(address, data={**fields, "answer": "real", "act": "trip"})
        assert answer.status_code == 403, address
        assert "which Ada does not have" in answer.text
    assert service.drafts == []


def test_a_responder_answers_and_does_not_configure(reader: TestClient, service: FakeService) -> None:
    service.role = Role.RESPONDER
    fields = {**form(reader.get("/alerts/1").text, "/alerts/1/answer"), "answer": "real"}
    assert reader.post("/alerts/1/answer", data=fields, follow_redirects=False).status_code == 303
    assert reader.post("/metrics/departures/settings", data=fields).status_code == 403
    override = {**fields, "act": "override", "variant": "model"}
    assert reader.post("/flags/ranking", data=override).status_code == 403


@pytest.mark.parametrize("role", list(Role))
def test_a_token_needs_no_form_token_and_has_its_rights(stranger: TestClient, service: FakeService, role: Role) -> None:
    service.bearers["good"] = Caller(name="Robot", scopes=RIGHTS[role], user=1)
    stranger.headers["authorization"] = "Bearer good"
    assert stranger.get("/alerts/1").status_code == 200
    answer = stranger.post("/alerts/1/answer", data={"answer": "real"}, follow_redirects=False)
    assert answer.status_code == (303 if Scope.FEEDBACK in RIGHTS[role] else 403)
    assert [draft.by for draft in service.drafts] == (["Robot"] if Scope.FEEDBACK in RIGHTS[role] else [])


@pytest.mark.parametrize("header", ["Bearer bad", "Bearer", "Bearer ", "Basic good", "good"])
def test_a_bad_token_is_nobody_even_beside_a_good_cookie(reader: TestClient, service: FakeService, header: str) -> None:
    service.bearers["good"] = Caller(name="Robot", scopes=frozenset(Scope))
    assert reader.get("/alerts/1", headers={"authorization": header}).status_code == 401
    assert reader.get("/alerts/1").status_code == 200


def test_a_script_of_our_pages_may_send_the_form_token_as_a_header(reader: TestClient) -> None:
    token = form(reader.get("/alerts/1").text, "/alerts/1/answer")["form_token"]
    address, fields = "/alerts/1/answer", {"answer": "real"}
    assert reader.post(address, data=fields).status_code == 403
    sent = reader.post(address, data=fields, headers={"x-form-token": token}, follow_redirects=False)
    assert sent.status_code == 303


def test_signing_out_ends_the_session_itself(reader: TestClient, service: FakeService) -> None:
    cookies = dict(reader.cookies)
    reader.post("/sign-out", data=form(reader.get("/").text, "/sign-out"))
    reader.cookies.update(cookies)
    assert reader.get("/").status_code == 401
