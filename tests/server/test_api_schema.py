"""Whatever the specification lets through is answered as the specification says, and never with an error of ours.

`WATCHKEEPER_EXAMPLES=200` asks more of each operation than the few that fit into every run.
"""

from __future__ import annotations

import os
from typing import Any

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
from watchkeeper.domain.times import DAY
from watchkeeper.server.api.spec import operations, specification

EXAMPLES = int(os.environ.get("WATCHKEEPER_EXAMPLES", "3"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def test_what_the_specification_allows_is_answered_as_it_says(api: Served) -> None:
    schema = schemathesis.openapi.from_url(f"{api.address}/api/v1/openapi.json")
    asked, wrong = 0, []
    for found in schema.get_all_operations():
        operation = found.ok()
        try:
            _ask(operation, {"authorization": f"Bearer {_token(api, asked)}"})
        except Exception as error:
            wrong.append(f"{operation.label}: {error}")
        asked += 1
    assert not wrong, "\n\n".join(wrong)
    assert asked == sum(1 for _ in operations(specification()))


def _token(api: Served, number: int) -> str:
    """A new admin's: the examples erase people and revoke tokens."""
    name = f"Asker {number}"
    api.service.access.add_user(name, Role.ADMIN, by="tester")
    return api.service.access.make_token(name, "asks", list(Scope), lifetime_s=DAY, by="tester")[0]


def _ask(operation: Any, headers: dict[str, str]) -> None:
    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, print_blob=False, suppress_health_check=list(HealthCheck)
    )
    def ask(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    ask()
