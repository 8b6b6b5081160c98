"""The OpenAPI specification, and a page that shows it; both are made from the routes themselves."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, Router, get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme

from watchkeeper.client.records import Problem
from watchkeeper.domain.access import Scope
from watchkeeper.server.api import PREFIX, api_router, doors
from watchkeeper.server.api.packed import packed
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import Open, needs

_METHODS = ("get", "post", "put", "patch", "delete")
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Sent again with the same key within a day, the write is not done again and its answer is the same.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[ -~]+$"},
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of what is to be changed, as it was read: where it is another now, nothing is done (412).",
    "schema": {"type": "string", "maxLength": 200, "pattern": "^[ -~]+$"},
}
_TROUBLES = {
    "400": "The request cannot be read.",
    "401": "Nobody who is known here calls: send a token or sign in.",
    "403": "The caller may not do that.",
    "404": "There is no such thing.",
    "405": "There is no such method here.",
    "409": "It would lose a confirmed alert, or does not fit what happened meanwhile.",
    "412": "What was to be changed is another than If-Match says.",
    "413": "The body is too large.",
    "422": "What was sent cannot be used.",
    "503": "A source, a store or a channel does not answer now.",
}


@cache
def specification() -> dict[str, Any]:
    """OpenAPI 3.1 of every route that programs ask."""
    config = OpenAPIConfig(
        title="Watchkeeper",
        version=version("watchkeeper"),
        description="Watches a company's metrics, and learns from the people who know them.",
        use_handler_docstrings=True,
        components=Components(
            security_schemes={
                "token": SecurityScheme(
                    type="http", scheme="bearer", description="`watchkeeper tokens make` makes one."
                )
            }
        ),
        security=[{"token": []}],
    )
    app = Litestar(route_handlers=[api_router()], openapi_config=config, logging_config=None)
    spec = app.openapi_schema.to_schema()
    spec["components"]["schemas"]["Problem"] = msgspec.json.schema(Problem)["$defs"]["Problem"]
    said = {(method.lower(), path): opt for method, path, opt in _opts(app)}
    for path, method, operation in operations(spec):
        _complete(operation, method, said[method, path])
    spec["components"]["schemas"] |= doors.records()
    spec["paths"] |= doors.paths()
    return spec


def operations(spec: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every operation of a specification, as (path, method, operation)."""
    for path, item in spec["paths"].items():
        for method in _METHODS:
            if method in item:
                yield path, method, item[method]


def _opts(app: Litestar) -> Iterator[tuple[str, str, Any]]:
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if isinstance(handler, HTTPRouteHandler):
                for method in handler.http_methods:
                    yield method, str(getattr(route, "path_format", route.path)), handler.opt


def _complete(operation: dict[str, Any], method: str, opt: dict[str, Any]) -> None:
    """What every operation has: the problems it may answer with, the right it needs, ETag and Idempotency-Key."""
    right = opt.get("needs")
    if isinstance(right, Scope):
        operation["x-right"] = right.value
        operation["description"] = f"{operation.get('description', '')}\n\nNeeds the right `{right.value}`.".strip()
    if method == "get":
        for answer in operation["responses"].values():
            answer.setdefault("headers", {})["ETag"] = {"schema": {"type": "string"}, "description": "Of the content."}
        operation["responses"]["304"] = {"description": "Not changed since If-None-Match."}
    elif not opt.get("is_read"):
        operation.setdefault("parameters", []).extend((_KEY, _IF_MATCH))
    for status, words in _TROUBLES.items():
        operation["responses"][status] = {
            "description": words,
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }


class DocsParameter(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter of an operation."""

    name: str
    place: str
    words: str
    is_required: bool


class DocsOperation(msgspec.Struct, frozen=True, kw_only=True):
    """One operation for people: `body` and `answer` name records."""

    method: str
    path: str
    words: str
    right: str
    parameters: tuple[DocsParameter, ...]
    body: str
    answer: str


class DocsRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One record: its fields as (name, type)."""

    name: str
    words: str
    fields: tuple[tuple[str, str], ...]


class DocsPage(msgspec.Struct, frozen=True, kw_only=True):
    """The page's record."""

    groups: tuple[tuple[str, tuple[DocsOperation, ...]], ...]
    records: tuple[DocsRecord, ...]


@cache
def docs_page() -> DocsPage:
    """The specification, laid out for people."""
    spec = specification()
    groups: dict[str, list[DocsOperation]] = {}
    for path, method, operation in operations(spec):
        answers: dict[str, dict[str, Any]] = operation["responses"]
        good = next((one for status, one in answers.items() if status.startswith("2")), {})
        groups.setdefault(operation.get("tags", ["others"])[0], []).append(
            DocsOperation(
                method=method.upper(),
                path=path,
                words=operation.get("description", "").partition("\n\nNeeds the right")[0],
                right=operation.get("x-right", ""),
                parameters=tuple(
                    DocsParameter(
                        name=one["name"],
                        place=one["in"],
                        words=one.get("description") or _kind(one.get("schema", {})),
                        is_required=one.get("required", False),
                    )
                    for one in operation.get("parameters", ())
                    if one is not _KEY and one is not _IF_MATCH
                ),
                body=_content(operation.get("requestBody", {})),
                answer=_content(good),
            )
        )
    records = tuple(
        DocsRecord(
            name=name,
            words=record.get("description", ""),
            fields=tuple((field, _kind(kind)) for field, kind in record["properties"].items()),
        )
        for name, record in sorted(spec["components"]["schemas"].items())
        if record.get("properties")
    )
    return DocsPage(groups=tuple((tag, tuple(found)) for tag, found in groups.items()), records=records)


def _content(part: dict[str, Any]) -> str:
    for kind, content in part.get("content", {}).items():
        return _kind(content.get("schema", {})) if kind.endswith("json") else kind
    return ""


def _kind(schema: dict[str, Any]) -> str:
    """A type in words: `AlertRecord`, `list of number`, `text or null`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    choices = schema.get("oneOf") or schema.get("anyOf")
    if choices:
        return " or ".join(dict.fromkeys(_kind(one) for one in choices))
    if "enum" in schema:
        return " | ".join(str(one) for one in schema["enum"])
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return str(schema.get("format") or kind) if isinstance(kind, str) else " or ".join(kind)


@get("/openapi.json", sync_to_thread=True, opt=needs(Open.ANYONE))
def show_specification() -> Response[bytes]:
    """The specification, for programs."""
    return Response(msgspec.json.encode(specification()), media_type="application/json")


@get("/docs", sync_to_thread=True, opt=needs(Open.ANYONE))
def show_docs(request: Request[Any, Any, Any]) -> Response[str]:
    """The specification, for people."""
    return desk_of(request).page(request, "api_docs.html", docs_page())


def spec_router() -> Router:
    """The routes of the specification."""
    return Router(
        path=PREFIX, route_handlers=[show_specification, show_docs], include_in_schema=False, middleware=[packed()]
    )
