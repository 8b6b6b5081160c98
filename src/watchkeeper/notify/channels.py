"""The ways to people, by Apprise: chat, e-mail, pagers, webhooks; and a file, for trying things out."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from watchkeeper.domain.config import Channel
from watchkeeper.domain.errors import ChannelError

_SECRET = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_FILE = "textfile://"


def file_of(channel: Channel) -> Path | None:
    """Where a `textfile://PATH` channel writes; None for any other channel."""
    return Path(unquote(_resolved(channel)[len(_FILE) :])) if channel.url.startswith(_FILE) else None


def send(channel: Channel, title: str, body: str) -> None:
    """Tell the channel once.

    Raises ChannelError: permanent where the URL is unusable or a variable is missing, passing where the other side
    did not take it.
    """
    import apprise
    from apprise.decorators import notify

    @notify(on="textfile")  # type: ignore[untyped-decorator]
    def _to_file(body: str, title: str, notify_type: object, meta: dict[str, Any], **_: object) -> bool:
        path = file_of(channel)
        if path is None:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(f"## {title}\n{body}\n\n")
            file.flush()
            os.fsync(file.fileno())
        return True

    logging.getLogger("apprise").setLevel(logging.CRITICAL)
    sender = apprise.Apprise()
    if not sender.add(_resolved(channel)):
        raise ChannelError(
            f"channel {channel.name}: its URL is not one that Apprise knows; see `watchkeeper apply --help`",
            permanent=True,
        )
    if not sender.notify(title=title, body=body):
        raise ChannelError(f"channel {channel.name}: the message was not taken; it will be tried again")


def _resolved(channel: Channel) -> str:
    return _SECRET.sub(lambda match: _secret(match[1], channel), channel.url)


def _secret(name: str, channel: Channel) -> str:
    if name not in os.environ:
        raise ChannelError(f"channel {channel.name}: the environment variable {name} is not set", permanent=True)
    return os.environ[name]
