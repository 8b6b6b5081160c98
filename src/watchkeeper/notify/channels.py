"""The ways to people, by Apprise: chat, e-mail, pagers, webhooks; and a file, for trying things out."""

from __future__ import annotations

import logging
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

from watchkeeper.domain.config import Channel
from watchkeeper.domain.errors import ChannelError

_SECRET = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_FILE = "textfile://"


def file_of(channel: Channel) -> Path | None:
    """Where a `textfile://PATH` channel writes; None for any other channel."""
    return Path(_resolved(channel)[len(_FILE) :]) if channel.url.startswith(_FILE) else None


def send(channel: Channel, title: str, body: str, picture: bytes = b"") -> None:
    """Tell the channel once; `picture` is a PNG that goes along, where the channel's service takes attachments.

    Raises ChannelError: permanent where the URL is unusable or a variable is missing, passing where the other side
    did not take it.
    """
    import apprise

    _know_files()
    path = file_of(channel)
    # Apprise takes a URL apart and folds case and slashes; as hexadecimal digits a path comes through whole.
    url = _resolved(channel) if path is None else f"{_FILE}file/{os.fsencode(path).hex()}"
    sender = apprise.Apprise()
    if not sender.add(url):
        raise ChannelError(
            f"channel {channel.name}: its URL is not one that Apprise knows; docs/configuration.md says what it may be",
            permanent=True,
        )
    attached = None
    if picture:
        from apprise.attachment.memory import AttachMemory

        attached = AttachMemory(  # type: ignore[no-untyped-call]  # Apprise has no types
            content=picture, name="chart.png", mimetype="image/png"
        )
    if not sender.notify(title=title, body=body, attach=attached):
        raise ChannelError(f"channel {channel.name}: the message was not taken; it will be tried again")


@cache
def _know_files() -> None:
    """Teach Apprise the scheme `textfile`, once a process; its own log would repeat URLs with their secrets."""
    from apprise.decorators import notify

    def to_file(body: str, title: str, notify_type: object, meta: dict[str, Any], **_: object) -> bool:
        path = Path(os.fsdecode(bytes.fromhex(meta["fullpath"].strip("/"))))
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(f"## {title}\n{body}\n\n")
            file.flush()
            os.fsync(file.fileno())
        return True

    logging.getLogger("apprise").setLevel(logging.CRITICAL)
    notify(on="textfile")(to_file)  # type: ignore[no-untyped-call]


def _resolved(channel: Channel) -> str:
    return _SECRET.sub(lambda match: _secret(match[1], channel), channel.url)


def _secret(name: str, channel: Channel) -> str:
    if name not in os.environ:
        raise ChannelError(f"channel {channel.name}: the environment variable {name} is not set", permanent=True)
    return os.environ[name]
