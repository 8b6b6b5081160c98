"""Refusals told apart: those that pass, those of this message, and those that last until a person mends the channel."""

from __future__ import annotations

import re

from watchkeeper.domain.errors import ChannelError

PASSING = frozenset({408, 409, 423, 425, 429})
"""Statuses (RFC 9110, RFC 6585, RFC 8470) that say: later. So does every status from 500 on."""
OF_MESSAGE = frozenset({400, 411, 413, 414, 415, 422, 431})
"""Statuses that refuse this message; another may be taken. All other refusals are of the channel: keys, addresses."""
_STATUS = re.compile(r"\berror=(\d{3})\b")
LONGEST_WAIT_S = 86_400


def refusal(channel: str, status: int, retry_after: str = "") -> ChannelError:
    """The error of an HTTP status; `retry_after` is that header, in seconds, where the other side sent one."""
    if status in PASSING or status >= 500:
        wait = min(int(retry_after), LONGEST_WAIT_S) if retry_after.isdigit() else 0
        return ChannelError(
            f"channel {channel}: the other side answered {status}; it will be tried again", retry_after_s=wait
        )
    if status in OF_MESSAGE:
        return ChannelError(f"channel {channel}: the other side refused this message ({status})", permanent=True)
    return ChannelError(
        f"channel {channel}: the other side answered {status}: its address or its key is wrong, or it moved;"
        " mend its URL, then try `watchkeeper channels test`",
        permanent=True,
        is_of_channel=True,
    )


def status_in(log: str) -> int | None:
    """The HTTP status that a line of Apprise's log names, as in `…error=404.`; None where it names none."""
    found = _STATUS.search(log)
    status = int(found[1]) if found else 0
    return status if 300 <= status <= 599 else None
