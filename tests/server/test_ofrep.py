"""The OpenFeature Remote Evaluation Protocol, asked by the unmodified SDK over real HTTP."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason

from tests.server.fakes import FakeService
from watchkeeper.domain.access import Caller, Scope
from watchkeeper.domain.config import parse_config
from watchkeeper.server.run import running
from watchkeeper.stores.ledger import Ledger
from watchkeeper.watch.flags import Flags

CONFIG = """
segments:
  staff: {when: {mail: {ends_with: "@example.com"}}}
flags:
  boolean: {variants: {model: true, basic: false}, default: model, fallback: basic}
  text: {variants: {model: new, basic: old}, default: model, fallback: basic}
  number: {variants: {model: 7, basic: 1}, default: model, fallback: basic}
  share: {variants: {model: 0.5, basic: 0.25}, default: model, fallback: basic}
  mapping: {variants: {model: {depth: [1, 2]}, basic: {}}, default: model, fallback: basic}
  listing: {variants: {model: [1, 2], basic: []}, default: model, fallback: basic}
  off: {variants: {model: true, basic: false}, default: model, fallback: basic, is_enabled: false}
  prototype:
    variants: {model: true, basic: false}
    default: basic
    fallback: basic
    rules:
      - {when: {segment: staff}, serve: model}
    rollout: {model: 30, basic: 70}
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Flags]]:
    """A server with flags, and the flags themselves."""
    home = tmp_path_factory.mktemp("flags")
    with Ledger.open(f"sqlite:///{home / 'ledger.db'}") as ledger:
        flags = Flags(ledger, lambda: 1_000_000)
        config = parse_config(CONFIG.replace("  off:", "  'off':"))
        with ledger.write() as tx:
            flags.put(tx, config.flags, config.segments, "test")
        flags.refresh()
        service = FakeService()
        service.flags = flags
        with running(service, home / "cache") as address:
            yield address, flags


@pytest.fixture
def client(served: tuple[str, Flags]):
    """The SDK's client on our server."""
    api.set_provider(OFREPProvider(served[0]))
    yield api.get_client()
    api.clear_providers()


def test_every_type_reaches_the_sdk(client):
    assert client.get_boolean_value("boolean", False) is True
    assert client.get_string_value("text", "") == "new"
    assert client.get_integer_value("number", 0) == 7
    assert client.get_float_value("share", 0.0) == 0.5
    assert client.get_object_value("mapping", {}) == {"depth": [1, 2]}
    assert client.get_object_value("listing", []) == [1, 2]


def test_details_carry_variant_reason_and_why(client):
    found = client.get_boolean_details("boolean", False)
    assert (found.variant, found.reason, found.flag_metadata) == ("model", Reason.STATIC, {"cause": "default"})


def test_targeting_and_shares(client):
    staff = EvaluationContext("u1", {"mail": "ada@example.com"})
    found = client.get_boolean_details("prototype", False, staff)
    assert (found.value, found.reason) == (True, Reason.TARGETING_MATCH)
    served = [client.get_boolean_details("prototype", False, EvaluationContext(f"u{number}")) for number in range(60)]
    assert {one.reason for one in served} == {Reason.SPLIT}
    assert 5 < sum(one.value for one in served) < 35


def test_a_disabled_flag_gives_the_codes_own_default(client):
    found = client.get_boolean_details("off", True)
    assert (found.value, found.reason) == (True, Reason.DISABLED)
    assert client.get_boolean_value("off", False) is False


def test_errors_reach_the_sdk_and_the_default_is_served(client):
    missing = client.get_boolean_details("nothing", True)
    assert (missing.value, missing.error_code) == (True, ErrorCode.FLAG_NOT_FOUND)
    nobody = client.get_boolean_details("prototype", True)
    assert (nobody.value, nobody.error_code) == (True, ErrorCode.TARGETING_KEY_MISSING)
    mismatch = client.get_string_details("boolean", "x")
    assert (mismatch.value, mismatch.error_code) == ("x", ErrorCode.TYPE_MISMATCH)


def test_without_a_server_the_codes_own_default_is_served():
    api.set_provider(OFREPProvider("http://127.0.0.1:9", timeout=0.5))
    found = api.get_client().get_boolean_details("boolean", False)
    api.clear_providers()
    assert (found.value, found.error_code) == (False, ErrorCode.GENERAL)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "PARSE_ERROR"),
        (b"\xff", "PARSE_ERROR"),
        (b'{"context": {"a": ' + b"[" * 20_000 + b"]" * 20_000 + b"}}", "PARSE_ERROR"),
        (b'{"context": {"a": ' + b"[" * 200 + b"]" * 200 + b"}}", "PARSE_ERROR"),
        (b"[]", "INVALID_CONTEXT"),
        (b'{"context": 3}', "INVALID_CONTEXT"),
        (b'{"context": {"targetingKey": 3}}', "INVALID_CONTEXT"),
        (b'{"context": {"x": "' + b"y" * 70_000 + b'"}}', "INVALID_CONTEXT"),
    ],
)
def test_a_request_that_cannot_be_read_says_why(served: tuple[str, Flags], body: bytes, code: str):
    for path in ("/ofrep/v1/evaluate/flags/boolean", "/ofrep/v1/evaluate/flags"):
        answer = httpx.post(served[0] + path, content=body)
        assert answer.status_code == 400
        assert answer.json()["errorCode"] == code
        assert answer.json()["errorDetails"]


def test_wrong_methods_and_paths(served: tuple[str, Flags]):
    answer = httpx.get(served[0] + "/ofrep/v1/evaluate/flags/boolean")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert httpx.post(served[0] + "/ofrep/v1/else").status_code == 404


def test_all_flags_at_once_are_tagged_by_user(served: tuple[str, Flags]):
    address = served[0] + "/ofrep/v1/evaluate/flags"
    first = httpx.post(address, json={"context": {"targetingKey": "u1", "mail": "ada@example.com"}})
    found = {one["key"]: one for one in first.json()["flags"]}
    assert found["prototype"]["value"] is True
    assert "value" not in found["off"]
    assert first.json()["eventStreams"][0]["endpoint"]["requestUri"] == "/ofrep/v1/events"
    tag = {"If-None-Match": first.headers["etag"]}
    same = httpx.post(address, json={"context": {"targetingKey": "u1", "mail": "ada@example.com"}}, headers=tag)
    assert (same.status_code, same.content) == (304, b"")
    other = httpx.post(address, json={"context": {"targetingKey": "u1"}}, headers=tag)
    assert other.status_code == 200
    nobody = {one["key"]: one for one in httpx.post(address, json={}).json()["flags"]}
    assert nobody["prototype"]["errorCode"] == "TARGETING_KEY_MISSING"
    assert nobody["boolean"]["value"] is True


def test_a_change_is_served_at_once_and_streamed(served: tuple[str, Flags]):
    address, flags = served
    seen: list[str] = []
    ready, done = threading.Event(), threading.Event()

    def read() -> None:
        with httpx.stream("GET", address + "/ofrep/v1/events", timeout=10) as stream:
            for line in stream.iter_lines():
                ready.set()
                if line.startswith("data:"):
                    seen.append(line)
                    break
        done.set()

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    assert ready.wait(10)
    flags.override("text", "basic", 3600, "Ada")
    asked = httpx.post(address + "/ofrep/v1/evaluate/flags/text", json={}).json()
    assert (asked["value"], asked["metadata"]) == ("old", {"cause": "override"})
    assert done.wait(10)
    assert seen == ['data: {"type":"refetchEvaluation"}']
    flags.clear("text", "Ada")
    assert httpx.post(address + "/ofrep/v1/evaluate/flags/text", json={}).json()["value"] == "new"


def test_the_pages_of_flags(served: tuple[str, Flags], tmp_path: Path):
    from litestar.testing import TestClient

    from tests.server.conftest import BASE
    from tests.server.reading import form
    from watchkeeper.server import create_app

    service = FakeService()
    service.flags = served[1]
    app = create_app(service, secret=b"s" * 32, cache_dir=tmp_path)
    with TestClient(app, base_url=BASE) as reader:
        page = reader.get("/sign-in?token=good-token").text
        reader.post("/sign-in", data={**form(page, "/sign-in"), "name": "Ada"})
        assert "prototype" in reader.get("/flags").text
        page = reader.get("/flags/number").text
        said = {"form_token": form(page, "/flags/number")["form_token"], "act": "override", "variant": "basic"}
        answer = reader.post("/flags/number", data={**said, "lasting": "8h", "note": "moving"})
        assert "Ada gives everybody basic for 8 hours more." in answer.text
        assert served[1].evaluate("number", {}).value == 1
        cleared = reader.post("/flags/number", data={**said, "act": "clear"})
        assert "Everybody gets model." in cleared.text
        assert reader.get("/flags/none").status_code == 404


@pytest.fixture(scope="module")
def javascript(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the provider from npm, installed by its lock file."""
    if shutil.which("npm") is None:
        pytest.skip("no npm on the path: the JavaScript provider was not tested")
    folder = tmp_path_factory.mktemp("javascript")
    shutil.copytree(Path(__file__).with_name("ofrep_js"), folder, dirs_exist_ok=True)
    done = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, capture_output=True, timeout=120
    )
    if done.returncode:
        pytest.skip("npm could not install the provider: the JavaScript provider was not tested")
    return folder


def test_the_javascript_provider_reads_the_same(served: tuple[str, Flags], javascript: Path):
    done = subprocess.run(
        ["node", "ask.mjs", served[0]], cwd=javascript, capture_output=True, text=True, timeout=60, check=True
    )
    found = json.loads(done.stdout)
    assert {name: one["value"] for name, one in found.items() if name != "split"} == {
        "boolean": True,
        "text": "new",
        "number": 7,
        "share": 0.5,
        "mapping": {"depth": [1, 2]},
        "staff": True,
        "off": True,
        "nothing": True,
        "nobody": True,
        "mismatch": "x",
    }
    assert found["staff"]["reason"] == "TARGETING_MATCH"
    assert found["split"]["reason"] == "SPLIT"
    assert "variant" not in found["off"]  # this provider knows no answer without a value, and serves the default
    assert found["nothing"]["errorCode"] == "FLAG_NOT_FOUND"
    assert found["nobody"]["errorCode"] == "TARGETING_KEY_MISSING"
    assert found["mismatch"]["errorCode"] == "TYPE_MISMATCH"


def test_where_flags_need_a_token_only_those_who_may_read_are_answered(
    served: tuple[str, Flags], tmp_path_factory: pytest.TempPathFactory
) -> None:
    service = FakeService(
        bearers={
            "good": Caller(name="Shop", scopes=frozenset({Scope.READ})),
            "pusher": Caller(name="Pusher", scopes=frozenset({Scope.PUSH})),
        }
    )
    service.flags = served[1]
    path = "/ofrep/v1/evaluate/flags"
    with running(service, tmp_path_factory.mktemp("cache"), flags_need_token=True) as address:
        for token, status in ((None, 401), ("bad", 401), ("pusher", 403), ("good", 200)):
            headers = {} if token is None else {"authorization": f"Bearer {token}"}
            for where in (path, f"{path}/boolean"):
                answer = httpx.post(address + where, json={"context": {"targetingKey": "u"}}, headers=headers)
                assert answer.status_code == status
                assert ("errorDetails" in answer.json()) is (status != 200)
        assert httpx.get(f"{address}/ofrep/v1/events").status_code == 401
        api.set_provider(OFREPProvider(address, headers_factory=lambda: {"authorization": "Bearer good"}))
        assert api.get_client().get_boolean_value("boolean", False) is True
        api.set_provider(OFREPProvider(address))
        assert api.get_client().get_boolean_value("boolean", False) is False
        api.clear_providers()
