"""What is sent: words for people, a picture, and the alert's facts for machines that route it further."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """One alert for machines; times in seconds UTC, `ended_at` None while it goes on.

    `runbook` is an address, `to_do` what runbooks say.
    """

    alert: int
    change: str
    sentence: str
    title: str
    metric: str
    group: str
    owner: str
    tags: tuple[str, ...]
    severity: str
    dimensions: dict[str, str]
    started_at: int
    ended_at: int | None
    link: str = ""
    runbook: str = ""
    to_do: str = ""
    causes: str = ""


def no_picture() -> bytes:
    """Nothing is drawn."""
    return b""


@dataclass(frozen=True)
class Parcel:
    """One message. `key` is the same when it is sent again; `draw` makes the PNG, and is asked by those who take one.

    `memo` is what the channel returned when it was first told of this alert.
    """

    title: str
    body: str
    key: str = ""
    facts: Facts | None = None
    draw: Callable[[], bytes] = no_picture
    memo: str = ""
