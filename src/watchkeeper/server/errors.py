"""Whatever goes wrong becomes a page that says what, where, and the mend."""

from __future__ import annotations

import logging
from http import HTTPStatus

import msgspec
from litestar import Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from watchkeeper.client.records import Problem
from watchkeeper.domain.errors import (
    AccessError,
    ChannelError,
    ConfigError,
    ConflictError,
    GuardError,
    InputError,
    NotFoundError,
    SourceError,
    StaleError,
    StoreError,
    WatchkeeperError,
)
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import ForgedFormError, SignedOutError
from watchkeeper.server.security import WrongHostError
from watchkeeper.server.session import PageRequest

_log = logging.getLogger(__name__)


class ErrorPage(msgspec.Struct, frozen=True, kw_only=True):
    """`sentence` says what happened, `mend` what to do about it; `code` is for programs."""

    status: int
    code: str
    title: str
    sentence: str
    mend: str


_MENDS = {
    400: "Go back and check what was entered.",
    404: "The inbox lists every alert, and the metrics page every metric.",
    405: "Open the page from its link instead.",
    409: "Look at how it stands now, then decide again.",
    413: "Send less at once.",
    422: "Go back: what you typed is still there. Change it and send it again.",
    500: "Nothing that was said is lost. Try again; if it stays, the server's log has the details.",
    503: "Try again in a moment; if it stays, the server's log has the details.",
}


_CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}
_BEHIND = {SourceError: "source", StoreError: "store", ChannelError: "channel"}
_API_MENDS = {
    400: "See /api/v1/docs for what this route takes.",
    401: "Send a living token as `Authorization: Bearer …`; `watchkeeper tokens make` makes one.",
    404: "List first: /api/v1/docs names every route.",
    405: "See /api/v1/docs for the methods of this route.",
    422: "Change what the sentence names and send it again.",
}


def error_page(error: Exception) -> ErrorPage:
    """The page of an error."""
    if isinstance(error, ForgedFormError):
        return ErrorPage(
            status=403,
            code="forged_form",
            title="This form is not from this session",
            sentence="It was opened before you signed in, or sent from another place. Nothing was changed.",
            mend="Go back, reload the page, and send it again.",
        )
    if isinstance(error, WrongHostError):
        return ErrorPage(
            status=421,
            code="wrong_host",
            title="Not the address of this server",
            sentence=f"This server does not answer to the name {str(error)[:80] or '(none)'!r}.",
            mend="Open the address that was printed at the start, or add the name to the allowed hosts.",
        )
    if isinstance(error, NotFoundError):
        return ErrorPage(status=404, code="not_found", title="Not here", sentence=_sentence(error), mend=_MENDS[404])
    if isinstance(error, AccessError):
        return ErrorPage(
            status=403 if error.is_known else 401,
            code="forbidden" if error.is_known else "signed_out",
            title="Not allowed",
            sentence=_sentence(error),
            mend="Ask somebody who manages people here for the role that may.",
        )
    if isinstance(error, StaleError):
        return ErrorPage(
            status=412, code="stale", title="It changed meanwhile", sentence=_sentence(error), mend=_MENDS[409]
        )
    if isinstance(error, ConflictError):
        return ErrorPage(
            status=409, code="conflict", title="That does not fit any more", sentence=_sentence(error), mend=_MENDS[409]
        )
    if isinstance(error, GuardError):
        return ErrorPage(
            status=409,
            code="guard",
            title="That would lose a confirmed alert",
            sentence=_sentence(error),
            mend="Go back and choose another answer.",
        )
    if isinstance(error, InputError):
        return ErrorPage(
            status=422,
            code="config" if isinstance(error, ConfigError) else "input",
            title="That cannot be used",
            sentence=_sentence(error),
            mend=_MENDS[422],
        )
    if isinstance(error, WatchkeeperError):
        return ErrorPage(
            status=503,
            code=_BEHIND.get(type(error), "unavailable"),
            title="Watchkeeper cannot do that now",
            sentence=_sentence(error),
            mend=_MENDS[503],
        )
    if isinstance(error, HTTPException) and error.status_code < 500:
        phrase = HTTPStatus(error.status_code).phrase.capitalize()
        sentence = "There is no such page." if error.status_code == 404 else f"{_details(error)}."
        return ErrorPage(
            status=error.status_code,
            code=_CODES.get(error.status_code, "bad_request"),
            title="Not here" if error.status_code == 404 else phrase,
            sentence=sentence,
            mend=_MENDS.get(error.status_code, _MENDS[400]),
        )
    return ErrorPage(
        status=500,
        code="unexpected",
        title="Something broke",
        sentence="The server met an error that nobody foresaw.",
        mend=_MENDS[500],
    )


def _sentence(error: Exception) -> str:
    """The message with a stop at its end, and a capital at its head if that is a word (and no name of a file)."""
    text = str(error).strip()
    head = text[:1].upper() if text.partition(" ")[0].rstrip(",:").isalpha() else text[:1]
    return f"{head}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}"


def _details(error: HTTPException) -> str:
    """What Litestar says of a request, with the fields that it names."""
    fields = error.extra if isinstance(error.extra, list) else []
    named = [f"{one.get('key', '')}: {one.get('message', '')}" for one in fields if isinstance(one, dict)]
    return "; ".join([error.detail, *named])


def _is_for_programs(request: PageRequest) -> bool:
    return request.url.path.startswith("/api/") and request.url.path != "/api/v1/docs"


def problem_of(error: Exception) -> Problem:
    """An error as programs are told it."""
    return _problem(error_page(error))


def _problem(page: ErrorPage) -> Problem:
    return Problem(
        status=page.status,
        code=page.code,
        title=page.title,
        detail=page.sentence,
        mend=_API_MENDS.get(page.status, page.mend),
    )


def _answer_problem(page: ErrorPage) -> Response[bytes]:
    """An error for programs; see `api.records.Problem`."""
    problem = _problem(page)
    headers = {"WWW-Authenticate": "Bearer"} if page.status == 401 else {}
    body = msgspec.json.encode(problem)
    return Response(body, status_code=page.status, headers=headers, media_type="application/problem+json")


def answer_error(request: PageRequest, error: Exception) -> Response[str] | Response[bytes]:
    """Render the page of an error, or the problem that a program is told; what nobody foresaw goes to the log."""
    page = error_page(error)
    if page.status == 500:
        _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    if _is_for_programs(request):
        answer = _answer_problem(page)
        if isinstance(error, HTTPException) and error.headers:
            answer.headers.update(error.headers)
        return answer
    return desk_of(request).page(request, "error.html", page, status=page.status)


def answer_signed_out(request: PageRequest, _: SignedOutError) -> Response[str] | Response[bytes]:
    """How to get in."""
    page = ErrorPage(
        status=401,
        code="signed_out",
        title="You are signed out",
        sentence="A session begins with a one-time link.",
        mend="Ask for a new link on the machine that runs Watchkeeper:",
    )
    if _is_for_programs(request):
        said = "No token came with it, or one that is not known here or has ended."
        return _answer_problem(msgspec.structs.replace(page, sentence=said))
    return desk_of(request).page(request, "signed_out.html", page, status=401)


HANDLERS: ExceptionHandlersMap = {
    SignedOutError: answer_signed_out,
    ForgedFormError: answer_error,
    WrongHostError: answer_error,
    WatchkeeperError: answer_error,
    HTTPException: answer_error,
    Exception: answer_error,
}

__all__ = ["HANDLERS", "ErrorPage", "error_page"]
