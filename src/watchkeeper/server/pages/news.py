"""A stream that says when the inbox changed, so that an open page shows it at once."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator

from anyio import to_thread
from litestar import get
from litestar.response import ServerSentEvent, ServerSentEventMessage

from watchkeeper.domain.access import Scope
from watchkeeper.server.facade import Service
from watchkeeper.server.guard import needs
from watchkeeper.server.session import PageRequest

ASK_EVERY_S = 2.0
"""How often the ledger is asked, once for all readers."""
LONGEST_S = 600.0
"""A stream ends after ten minutes, and the browser opens another: so a session that ended is noticed."""


class News:
    """The newest change, asked of the service at most every `ASK_EVERY_S` seconds by however many readers."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._asked = -ASK_EVERY_S
        self._newest = ""

    def newest(self) -> str:
        """A text that is another one after every change of an alert or answer, by whichever process."""
        with self._lock:
            now = time.monotonic()
            if now - self._asked >= ASK_EVERY_S:
                self._newest, self._asked = self._service.newest(), now
            return self._newest


async def changes(news: News) -> AsyncIterator[ServerSentEventMessage]:
    """`news` after each change; the first message says that the stream is open."""
    seen = await to_thread.run_sync(news.newest)
    yield ServerSentEventMessage(event="open", data=seen)
    begun = time.monotonic()
    while time.monotonic() - begun < LONGEST_S:
        await asyncio.sleep(ASK_EVERY_S / 2)
        newest = await to_thread.run_sync(news.newest)
        if newest != seen:
            seen = newest
            yield ServerSentEventMessage(event="news", data=newest)
        else:
            yield ServerSentEventMessage(comment="still here")


@get("/news", opt=needs(Scope.READ))
async def stream_news(request: PageRequest) -> ServerSentEvent:
    """Server-sent events while the reader stays."""
    return ServerSentEvent(changes(request.app.state.news))


HANDLERS = (stream_news,)
