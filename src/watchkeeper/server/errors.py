"""Whatever goes wrong becomes a page that says what, where, and the mend."""

from __future__ import annotations

import logging
from http import HTTPStatus

import msgspec
from litestar import Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from watchkeeper.domain.errors import (
    AccessError,
    ConflictError,
    GuardError,
    InputError,
    NotFoundError,
    WatchkeeperError,
)
from watchkeeper.server.desk import desk_of
from watchkeeper.server.guard import ForgedFormError, SignedOutError
from watchkeeper.server.security import WrongHostError
from watchkeeper.server.session import PageRequest

_log = logging.getLogger(__name__)


class ErrorPage(msgspec.Struct, frozen=True, kw_only=True):
    """`sentence` says what happened, `mend` what to do about it."""

    status: int
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


def error_page(error: Exception) -> ErrorPage:
    """The page of an error."""
    if isinstance(error, ForgedFormError):
        return ErrorPage(
            status=403,
            title="This form is not from this session",
            sentence="It was opened before you signed in, or sent from another place. Nothing was changed.",
            mend="Go back, reload the page, and send it again.",
        )
    if isinstance(error, WrongHostError):
        return ErrorPage(
            status=421,
            title="Not the address of this server",
            sentence=f"This server does not answer to the name {str(error)[:80] or '(none)'!r}.",
            mend="Open the address that was printed at the start, or add the name to the allowed hosts.",
        )
    if isinstance(error, NotFoundError):
        return ErrorPage(status=404, title="Not here", sentence=_sentence(error), mend=_MENDS[404])
    if isinstance(error, AccessError):
        return ErrorPage(
            status=403 if error.is_known else 401,
            title="Not allowed",
            sentence=_sentence(error),
            mend="Ask somebody who manages people here for the role that may.",
        )
    if isinstance(error, ConflictError):
        return ErrorPage(status=409, title="That does not fit any more", sentence=_sentence(error), mend=_MENDS[409])
    if isinstance(error, GuardError):
        return ErrorPage(
            status=409,
            title="That would lose a confirmed alert",
            sentence=_sentence(error),
            mend="Go back and choose another answer.",
        )
    if isinstance(error, InputError):
        return ErrorPage(status=422, title="That cannot be used", sentence=_sentence(error), mend=_MENDS[422])
    if isinstance(error, WatchkeeperError):
        return ErrorPage(
            status=503, title="Watchkeeper cannot do that now", sentence=_sentence(error), mend=_MENDS[503]
        )
    if isinstance(error, HTTPException) and error.status_code < 500:
        phrase = HTTPStatus(error.status_code).phrase.capitalize()
        sentence = "There is no such page." if error.status_code == 404 else f"{error.detail}."
        return ErrorPage(
            status=error.status_code,
            title="Not here" if error.status_code == 404 else phrase,
            sentence=sentence,
            mend=_MENDS.get(error.status_code, _MENDS[400]),
        )
    return ErrorPage(
        status=500, title="Something broke", sentence="The server met an error that nobody foresaw.", mend=_MENDS[500]
    )


def _sentence(error: Exception) -> str:
    """The message with a capital at its head and a stop at its end."""
    text = str(error).strip()
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}"


def answer_error(request: PageRequest, error: Exception) -> Response[str]:
    """Render the page of an error; what nobody foresaw goes to the log."""
    page = error_page(error)
    if page.status == 500:
        _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return desk_of(request).page(request, "error.html", page, status=page.status)


def answer_signed_out(request: PageRequest, _: SignedOutError) -> Response[str]:
    """How to get in."""
    page = ErrorPage(
        status=401,
        title="You are signed out",
        sentence="A session begins with a one-time link.",
        mend="Ask for a new link on the machine that runs Watchkeeper:",
    )
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
