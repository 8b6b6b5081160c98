"""Writes that are sent twice are done once: what was answered is kept for a day under the sender's key."""

from __future__ import annotations

from collections.abc import Callable

from watchkeeper.domain.errors import ConflictError
from watchkeeper.stores.ledger import Ledger, replies
from watchkeeper.stores.ledger.replies import Reply


class Replies:
    """Replies of a ledger. Methods may be called from any thread."""

    def __init__(self, ledger: Ledger, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._clock = clock

    def claim(self, caller: str, key: str, fingerprint: str) -> Reply | None:
        """None: do it now, then `keep` or `release`. Otherwise what was answered before.

        Raises ConflictError where the key was sent with another request, and where nobody knows how the first ended.
        """
        with self._ledger.write() as tx:
            found = replies.claim(tx, caller, key, fingerprint, int(self._clock()))
        if found is None:
            return None
        if found.fingerprint != fingerprint:
            raise ConflictError(f"Idempotency-Key {key}: it was sent with another request; make a new key for this one")
        if found.status is None:
            raise ConflictError(
                f"Idempotency-Key {key}: the first request with it has not ended, or ended with the server; "
                "look whether it was done before you send it under a new key"
            )
        return found

    def keep(self, caller: str, key: str, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Keep what was answered."""
        with self._ledger.write() as tx:
            replies.keep(tx, caller, key, status, headers, body)

    def release(self, caller: str, key: str) -> None:
        """Give a key back: nothing was done."""
        with self._ledger.write() as tx:
            replies.release(tx, caller, key)
