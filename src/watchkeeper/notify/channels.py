"""The ways to people, by Apprise: chat, e-mail, pagers; to machines that route; and a file to try things."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from watchkeeper import references
from watchkeeper.domain.config import Channel, ChannelKind
from watchkeeper.domain.errors import ChannelError
from watchkeeper.notify import machines
from watchkeeper.notify.parcel import Parcel
from watchkeeper.notify.refusals import refusal, status_in

_FILE = "textfile://"
_HEAD = "## "
"""What each message in a file begins with."""
SHOWN_BYTES = 1 << 20
"""So much of the end of a file is read to show its messages."""


def file_of(channel: Channel) -> Path | None:
    """Where a `textfile://PATH` channel writes; None for any other channel."""
    return Path(_resolved(channel)[len(_FILE) :]) if channel.url.startswith(_FILE) else None


def messages_of(channel: Channel) -> list[str]:
    """What a file channel was told, the oldest first; of a long file its end, of one that is not ours nothing."""
    try:
        path = file_of(channel)
        if path is None or not _is_of_messages(path):
            return []
        with path.open("rb") as file:
            begin = max(0, file.seek(0, os.SEEK_END) - SHOWN_BYTES)
            file.seek(begin)
            text = file.read().decode(errors="replace")
    except (OSError, ValueError, ChannelError):
        return []
    whole = text if begin == 0 else text.partition(f"\n{_HEAD}")[2]
    return [entry.strip() for entry in whole.removeprefix(_HEAD).split(f"\n{_HEAD}") if entry.strip()]


def takes_picture(channel: Channel) -> bool:
    """Whether a chart may go along."""
    return not channel.is_machine and not channel.url.startswith(_FILE)


def send(channel: Channel, parcel: Parcel, now: int) -> str:
    """Tell the channel once; returns a memo to give back with the alert's next message (of most channels empty).

    Raises ChannelError: passing where trying again may help; permanent where it cannot, of this message or
    (`is_of_channel`) of the channel until a person mends it.
    """
    if channel.is_machine:
        return machines.post(channel.name, channel.kind.value, _resolved(channel), parcel, now)
    sender = _sender(channel)
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


def check(channel: Channel) -> None:
    """Raise the ChannelError that `send` would, as far as it is known without sending: a secret, an address."""
    if channel.is_machine:
        machines.check(channel.name, _resolved(channel))
    else:
        _sender(channel)


def _sender(channel: Channel) -> Any:
    """What sends to people, by Apprise."""
    import apprise

    _know_files()
    path = file_of(channel)
    if path is not None:
        _check_file(channel, path)
    # Apprise takes a URL apart and folds case and slashes; as hexadecimal digits a path comes through whole.
    url = _resolved(channel) if path is None else f"{_FILE}file/{os.fsencode(path).hex()}"
    sender = apprise.Apprise()
    if not sender.add(url):
        raise ChannelError(
            f"channel {channel.name}: its URL is not one that Apprise knows; docs/configuration.md says what it may be",
            permanent=True,
            is_of_channel=True,
        )
    return sender


def takes_repeats(channel: Channel) -> bool:
    """Whether it forgets an alert of which it hears nothing more."""
    return channel.kind is ChannelKind.ALERTMANAGER


def repeat(channel: Channel, memos: Sequence[str], now: int) -> None:
    """Say of alerts that are open what was said last; `memos` is what `send` returned. ChannelError as there."""
    machines.repeat(channel.name, _resolved(channel), memos, now)


def _check_file(channel: Channel, path: Path) -> None:
    """Whoever configures names any path, and a server may write where they may not: what is no file of messages is left
    alone. ChannelError.
    """
    try:
        path.lstat()
        is_fit = _is_of_messages(path)
    except FileNotFoundError:
        is_fit = path.suffix in (".txt", ".md")
    except (OSError, ValueError):
        is_fit = False
    if not is_fit:
        raise ChannelError(
            f"channel {channel.name}: its file is no file of messages, or cannot be written; "
            "name a new one that ends in .txt or .md",
            permanent=True,
            is_of_channel=True,
        )


def _is_of_messages(path: Path) -> bool:
    """Whether it is a file, itself and not by a link, that is empty or begins as ours do."""
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_HEAD)) in (_HEAD.encode(), b"")


@cache
def _know_files() -> None:
    """Teach Apprise the scheme `textfile`, once a process; its own log would repeat URLs with their secrets."""
    from apprise.decorators import notify

    def to_file(body: str, title: str, notify_type: object, meta: dict[str, Any], **_: object) -> bool:
        path = Path(os.fsdecode(bytes.fromhex(meta["fullpath"].strip("/"))))
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{_HEAD}{title}\n{body}\n\n")
            file.flush()
            os.fsync(file.fileno())
        return True

    log = logging.getLogger("apprise")
    log.setLevel(logging.WARNING)  # its warnings say which status a service answered; they are read, not shown
    log.propagate = False
    log.addHandler(logging.NullHandler())
    notify(on="textfile")(to_file)  # type: ignore[no-untyped-call]


def _resolved(channel: Channel) -> str:
    def lacking(words: str) -> ChannelError:
        return ChannelError(f"channel {channel.name}: {words}", permanent=True, is_of_channel=True)

    return references.fill("url", channel.url, lacking)
