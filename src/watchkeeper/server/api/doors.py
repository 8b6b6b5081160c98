"""What the specification says of the doors that are no routes of the API's router: pushes, flags over OFREP, health."""

from __future__ import annotations

from typing import Any

import msgspec

from watchkeeper.client.records import PushDraft, PushRecord

_Part = dict[str, Any]
_TEXT: _Part = {"type": "string"}
_BYTES: _Part = {"type": "string", "format": "binary"}
_PROBLEM: _Part = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_PAGE: _Part = {"text/html": {"schema": _TEXT}}
_REPEAT = "Sent again it changes nothing, so it needs no Idempotency-Key: a point is known by its series and its time."


def records() -> dict[str, _Part]:
    """The records that only these doors name."""
    _, found = msgspec.json.schema_components((PushDraft, PushRecord), ref_template="#/components/schemas/{name}")
    found["FlagContext"] = {
        "type": "object",
        "description": "A user whom flags are asked for: `targetingKey` and what their rules look at.",
        "properties": {"context": {"type": "object", "properties": {"targetingKey": _TEXT}}},
    }
    found["FlagAnswer"] = {
        "type": "object",
        "description": "What a flag serves; without `value` the code's own default applies.",
        "properties": {"key": _TEXT, "reason": _TEXT, "variant": _TEXT, "value": {}, "metadata": {"type": "object"}},
        "required": ["key", "reason", "variant"],
    }
    found["FlagFailure"] = {
        "type": "object",
        "description": "Why a flag serves nothing, in OpenFeature's words: the code's own default applies.",
        "properties": {"key": _TEXT, "errorCode": _TEXT, "errorDetails": _TEXT},
        "required": ["errorCode", "errorDetails"],
    }
    either = {"anyOf": [_of("FlagAnswer"), _of("FlagFailure")]}
    found["FlagAnswers"] = {
        "type": "object",
        "description": "What every flag serves.",
        "properties": {
            "flags": {"type": "array", "items": either},
            "metadata": {"type": "object"},
            "eventStreams": {"type": "array", "items": {"type": "object"}},
        },
        "required": ["flags"],
    }
    return found


def paths() -> dict[str, _Part]:
    """The operations of these doors, by path."""
    return {**_pushes(), **_flags(), **_health()}


def _pushes() -> dict[str, _Part]:
    refused = {**_json("PushRecord"), **_PROBLEM}
    metric = {"name": "metric", "in": "query", "description": "The metric of an Arrow stream.", "schema": _TEXT}
    return {
        "/api/v1/push": {
            "post": _push(
                "Push",
                f"Push points of one metric, column by column. Answered once they are on disk. {_REPEAT}",
                {**_json("PushDraft"), "application/vnd.apache.arrow.stream": {"schema": _BYTES}},
                {"200": _answer("What became of the rows.", _json("PushRecord"))},
                refused=refused,
                parameters=[metric],
            )
        },
        "/api/v1/push/prometheus": {
            "post": _push(
                "PushPrometheus",
                f"Prometheus remote write 1.0: a snappy block. What no metric asks for is dropped. {_REPEAT}",
                {"application/x-protobuf": {"schema": _BYTES}},
                {"204": {"description": "It is on disk."}},
            )
        },
        "/api/v1/push/otlp/v1/metrics": {
            "post": _push(
                "PushOtlp",
                f"OTLP/HTTP metrics, in protobuf or JSON; the answer says what was rejected, and why. {_REPEAT}",
                {"application/x-protobuf": {"schema": _BYTES}, "application/json": {"schema": {"type": "object"}}},
                {
                    "200": _answer(
                        "An ExportMetricsServiceResponse.",
                        {
                            "application/x-protobuf": {"schema": _BYTES},
                            "application/json": {"schema": {"type": "object"}},
                        },
                    )
                },
            )
        },
    }


def _push(
    name: str,
    words: str,
    bodies: _Part,
    good: _Part,
    *,
    refused: _Part = _PROBLEM,
    parameters: list[_Part] | None = None,
) -> _Part:
    packed = {
        "name": "Content-Encoding",
        "in": "header",
        "description": "`gzip` where the body is packed with it (remote write is packed with snappy by itself).",
        "schema": {"type": "string", "enum": ["identity", "gzip", "snappy"]},
    }
    return {
        "tags": ["pushes"],
        "operationId": name,
        "description": f"{words}\n\nNeeds the right `push`.",
        "x-right": "push",
        "parameters": [*(parameters or []), packed],
        "requestBody": {"required": True, "content": bodies},
        "responses": {
            **good,
            "401": _answer("Nobody who is known here calls: send a token.", _PROBLEM),
            "403": _answer("The caller may not push.", _PROBLEM),
            "404": _answer("There is no such metric.", _PROBLEM),
            "405": _answer("Points are sent with POST.", _PROBLEM),
            "413": _answer("The body is larger than 64 MB.", _PROBLEM),
            "422": _answer("What was sent cannot be used, or no row of it; nothing was taken.", refused),
            "503": _answer("It cannot be put on disk now: send it again.", _PROBLEM),
        },
    }


def _flags() -> dict[str, _Part]:
    body = {"required": False, "content": _json("FlagContext")}
    key = {
        "name": "key",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,120}$"},
    }
    whose = "OpenFeature Remote Evaluation Protocol 0.3. Open, unless the server runs with `--flags-need-token`."
    failures = {
        "400": _answer("The request cannot be read, or the context lacks what the flag asks.", _json("FlagFailure")),
        "401": _answer("Send a token with the right to read.", _json("FlagFailure")),
        "403": _answer("This token has no right to read.", _json("FlagFailure")),
    }
    both: _Part = {"tags": ["flags over OFREP"], "security": [{}, {"token": []}]}
    return {
        "/ofrep/v1/evaluate/flags/{key}": {
            "post": {
                **both,
                "operationId": "OfrepEvaluate",
                "description": f"What one flag serves a user. {whose}",
                "parameters": [key],
                "requestBody": body,
                "responses": {
                    "200": _answer("What it serves.", _json("FlagAnswer")),
                    **failures,
                    "404": _answer("There is no such flag.", _json("FlagFailure")),
                },
            }
        },
        "/ofrep/v1/evaluate/flags": {
            "post": {
                **both,
                "operationId": "OfrepEvaluateAll",
                "description": f"What every flag serves a user; the ETag depends on the user. {whose}",
                "requestBody": body,
                "responses": {
                    "200": {
                        **_answer("What they serve.", _json("FlagAnswers")),
                        "headers": {"ETag": {"schema": _TEXT}},
                    },
                    "304": {"description": "Not changed since If-None-Match."},
                    **failures,
                },
            }
        },
        "/ofrep/v1/events": {
            "get": {
                **both,
                "operationId": "OfrepEvents",
                "description": f"Server-sent events without end: `refetchEvaluation` whenever a flag changed. {whose}",
                "responses": {
                    "200": _answer("The stream.", {"text/event-stream": {"schema": _TEXT}}),
                    "401": failures["401"],
                    "403": failures["403"],
                    "429": _answer("Too many streams are open: ask again later.", _json("FlagFailure")),
                },
            }
        },
    }


def _health() -> dict[str, _Part]:
    text = {"text/plain": {"schema": _TEXT}}
    open_to_all: _Part = {"tags": ["health"], "security": []}
    return {
        "/health": {
            "get": {
                **open_to_all,
                "operationId": "Health",
                "description": "200 while requests are answered.",
                "responses": {"200": _answer("It is.", text)},
            }
        },
        "/ready": {
            "get": {
                **open_to_all,
                "operationId": "Ready",
                "description": "200 while the service keeps up with its work; otherwise 503 and why.",
                "responses": {"200": _answer("It does.", text), "503": _answer("Why it does not.", text)},
            }
        },
        "/metrics": {
            "get": {
                "tags": ["health"],
                "operationId": "Vitals",
                "description": "How the service is doing, for Prometheus.\n\nNeeds the right `read`.",
                "x-right": "read",
                "responses": {
                    "200": _answer("Prometheus's text, to whoever sends a token.", {**text, **_PAGE}),
                    "401": _answer("Send a token.", _PAGE),
                    "403": _answer("This token has no right to read.", _PAGE),
                },
            }
        },
    }


def _of(record: str) -> _Part:
    return {"$ref": f"#/components/schemas/{record}"}


def _json(record: str) -> _Part:
    return {"application/json": {"schema": _of(record)}}


def _answer(words: str, content: _Part) -> _Part:
    return {"description": words, "content": content}
