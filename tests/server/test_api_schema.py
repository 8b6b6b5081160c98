"""Whatever the specification lets through is answered as the specification says, and never with an error of ours.

`WATCHKEEPER_EXAMPLES=200` asks more of each operation than the few that fit into every run.
"""

from __future__ import annotations

import os
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.server.shop import Served
from watchkeeper.domain.access import Role, Scope
from watchkeeper.domain.config import parse_config
from watchkeeper.domain.times import DAY
from watchkeeper.server.api.doors import paths
from watchkeeper.server.api.spec import operations, specification

EXAMPLES = int(os.environ.get("WATCHKEEPER_EXAMPLES", "5"))
PUSHED = """
sources: {push: {kind: push}}
metrics: {visits: {source: push, step: 1h, since: 2026-01-05, kind: count, dimensions: [country]}}
"""
for _packed in ("application/x-protobuf", "application/vnd.apache.arrow.stream"):
    schemathesis.serializer.alias(_packed, "application/octet-stream")
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def test_what_the_specification_allows_is_answered_as_it_says(api: Served) -> None:
    api.service.apply(parse_config(PUSHED), "tester")
    raw = httpx.get(f"{api.address}/api/v1/openapi.json").json()
    raw["components"]["schemas"]["PushDraft"]["properties"]["metric"] = {"enum": ["visits", "orders", "none"]}
    schema = schemathesis.openapi.from_dict(raw)
    schema.config.update(base_url=api.address)
    asked, wrong = 0, []
    for found in schema.get_all_operations():
        operation = found.ok()
        asked += 1
        if operation.path.endswith("/events"):  # a stream without end
            continue
        callers = [({"authorization": f"Bearer {_token(api, asked)}"}, EXAMPLES)]
        callers += [({}, 1), ({"authorization": f"Bearer {api.tokens[Role.VIEWER]}"}, 1)]
        for headers, examples in callers:
            try:
                _ask(operation, headers, examples)
            except Exception as error:
                wrong.append(f"{operation.label}: {error}")
    assert not wrong, "\n\n".join(wrong)
    assert asked == sum(1 for _ in operations(specification()))


@pytest.mark.parametrize("path", [*paths()])
def test_what_stands_beside_the_api_is_there(api: Served, path: str) -> None:
    """A path that nobody answers would pass for one that finds nothing."""
    with api.client() as client, client.stream("OPTIONS", path.format(key="beta")) as answer:
        assert answer.status_code != 404


def _token(api: Served, number: int) -> str:
    """A new admin's: the examples erase people and revoke tokens."""
    name = f"Asker {number}"
    api.service.access.add_user(name, Role.ADMIN, by="tester")
    return api.service.access.make_token(name, "asks", list(Scope), lifetime_s=DAY, by="tester")[0]


def _ask(operation: Any, headers: dict[str, str], examples: int) -> None:
    @given(case=operation.as_strategy())
    @settings(
        max_examples=examples, deadline=None, database=None, print_blob=False, suppress_health_check=list(HealthCheck)
    )
    def ask(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    ask()
