"""The ways to people, by Apprise: chat, e-mail, pagers; to machines that route; and a file to try things."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from watchkeeper.domain.config import Channel, ChannelKind
from watchkeeper.domain.errors import ChannelError
from watchkeeper.notify import machines
from watchkeeper.notify.parcel import Parcel
from watchkeeper.notify.refusals import refusal, status_in

_SECRET = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_FILE = "textfile://"


def file_of(channel: Channel) -> Path | None:
    """Where a `textfile://PATH` channel writes; None for any other channel."""
    return Path(_resolved(channel)[len(_FILE) :]) if channel.url.startswith(_FILE) else None


def takes_picture(channel: Channel) -> bool:
    """Whether a chart may go along."""
    return not channel.is_machine and file_of(channel) is None


def send(channel: Channel, parcel: Parcel, now: int) -> str:
    """Tell the channel once; returns a memo to give back with the alert's next message (of most channels empty).

    Raises ChannelError: passing where trying again may help; permanent where it cannot, of this message or
    (`is_of_channel`) of the channel until a person mends it.
    """
    if channel.is_machine:
        return machines.post(channel.name, channel.kind.value, _resolved(channel), parcel, now)
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
            is_of_channel=True,
        )
    attached = None
    picture = parcel.draw() if takes_picture(channel) else b""
    if picture:
        from apprise.attachment.memory import AttachMemory

        attached = AttachMemory(  # type: ignore[no-untyped-call]  # Apprise has no types
            content=picture, name="chart.png", mimetype="image/png"
        )
    result = sender.notify(title=parcel.title, body=parcel.body, attach=attached)
    if not result:
        said = [entry.message for service in result.results for attempt in service.attempts for entry in attempt.logs]
        status = next(filter(None, map(status_in, said)), None)
        if status is not None:
            raise refusal(channel.name, status)
        raise ChannelError(f"channel {channel.name}: the message was not taken; it will be tried again")
    return ""


def takes_repeats(channel: Channel) -> bool:
    """Whether it forgets an alert of which it hears nothing more."""
    return channel.kind is ChannelKind.ALERTMANAGER


def repeat(channel: Channel, memos: Sequence[str], now: int) -> None:
    """Say of alerts that are open what was said last; `memos` is what `send` returned. ChannelError as there."""
    machines.repeat(channel.name, _resolved(channel), memos, now)


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

    log = logging.getLogger("apprise")
    log.setLevel(logging.WARNING)  # its warnings say which status a service answered; they are read, not shown
    log.propagate = False
    log.addHandler(logging.NullHandler())
    notify(on="textfile")(to_file)  # type: ignore[no-untyped-call]


def _resolved(channel: Channel) -> str:
    return _SECRET.sub(lambda match: _secret(match[1], channel), channel.url)


def _secret(name: str, channel: Channel) -> str:
    if name not in os.environ:
        raise ChannelError(
            f"channel {channel.name}: the environment variable {name} is not set", permanent=True, is_of_channel=True
        )
    return os.environ[name]
