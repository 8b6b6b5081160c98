"""Messages as they were written into the files of channels, taken apart for pages and the API."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

SIGNED = "/say/"
"""What the path of every signed link begins with (`watch.links`)."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message as it was sent: its subject, its first sentence, and the rest."""

    subject: str
    sentence: str
    rest: str


def messages_of(texts: Iterable[str]) -> tuple[Message, ...]:
    """Take messages apart at their first lines, without their signed links: who may only read may not answer."""
    messages = []
    for text in texts:
        subject, _, body = _without_links(text).strip().partition("\n")
        sentence, _, rest = body.strip().partition("\n")
        messages.append(Message(subject=subject.strip(), sentence=sentence.strip(), rest=rest.strip()))
    return tuple(messages)


def _without_links(text: str) -> str:
    """The text without the lines that hold signed links, and without the line that leads to them."""
    kept: list[str] = []
    for line in text.splitlines():
        if SIGNED not in line:
            kept.append(line)
        elif kept and kept[-1].endswith(":"):
            kept.pop()
    return "\n".join(kept)
