"""The API under `/api/v1`: one file per noun; a request becomes a call on the service, its answer a plain record.

A new noun: handlers with `opt=needs(…)`, `tags=[…]` and records of `client/records.py`, collected in `HANDLERS` of its
file, which is named in `NOUNS` below. Errors, ETag, Idempotency-Key and the specification come by themselves.
"""

from __future__ import annotations

from litestar import Router

from watchkeeper.server.api import (
    alerts,
    assessments,
    audit,
    channels,
    config,
    deeds,
    feedback,
    flags,
    me,
    metrics,
    questions,
    retention,
    series,
    systems,
    teams,
    tokens,
    told,
    trials,
    users,
    weeks,
)
from watchkeeper.server.api.packed import packed
from watchkeeper.server.api.replay import EtagsAndReplies, replay

PREFIX = "/api/v1"
NOUNS = (
    me,
    alerts,
    feedback,
    metrics,
    series,
    trials,
    config,
    flags,
    users,
    tokens,
    audit,
    retention,
    teams,
    deeds,
    questions,
    systems,
    assessments,
    channels,
    told,
    weeks,
)


def api_router() -> Router:
    """The routes of every noun."""
    return Router(
        path=PREFIX,
        route_handlers=[handler for noun in NOUNS for handler in noun.HANDLERS],
        middleware=[packed(), EtagsAndReplies()],
        before_request=replay,
    )


__all__ = ["NOUNS", "PREFIX", "api_router"]
