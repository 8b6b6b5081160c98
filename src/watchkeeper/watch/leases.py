"""Several servers share the work: each judges its part of the families and tells its part of the channels.

Families and channels fall into shares; the living servers divide the shares among them, and a share changes hands only
when its lease was given up or ran out. So nothing is judged twice at once, and each transition is told by one server.
Metrics of one family stay together, because what moves together is one incident.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
import zlib
from collections.abc import Callable

from sqlalchemy import Connection

from watchkeeper.domain.errors import WatchkeeperError
from watchkeeper.stores.ledger import Ledger, leases

SHARES = 64
LEASE_S = 30.0
"""So long after its last sign of life a server's work is taken over."""

log = logging.getLogger("watchkeeper.leases")


class Leases:
    """What this server does. Where the history has one process anyway (`is_shared` is false), that is everything."""

    def __init__(self, ledger: Ledger, *, is_shared: bool, lease_s: float = LEASE_S) -> None:
        self._ledger = ledger
        self._lease_s = lease_s
        self._is_shared = is_shared
        self._holder = f"{socket.gethostname()[:40]}-{os.getpid()}-{secrets.token_hex(4)}"
        self._mine: frozenset[str] = frozenset()
        self._renewed = 0.0
        self._asking = threading.Lock()
        self._stop = threading.Event()
        self._heart: threading.Thread | None = None

    def refresh(self) -> None:
        """Find out who is alive, and take this server's part. To be called before each run."""
        if not self._is_shared:
            return
        with self._asking:
            began = time.monotonic()
            with self._ledger.write() as tx:
                servers = leases.join(tx, self._holder, self._lease_s)
                rank = servers.index(self._holder)
                wanted = [_name(share) for share in range(SHARES) if share % len(servers) == rank]
                mine = leases.claim(tx, self._holder, wanted, self._lease_s)
            self._mine, self._renewed = frozenset(mine), began
        if self._heart is None:
            self._heart = threading.Thread(target=self._beat, name="leases", daemon=True)
            self._heart.start()

    def is_mine(self, name: str) -> bool:
        """Whether a family or channel is this server's to work on."""
        if not self._is_shared:
            return True
        return _name(share_of(name)) in self._mine and time.monotonic() < self._renewed + self._lease_s

    def still_mine(self, tx: Connection) -> Callable[[str], bool]:
        """The same, asked of the ledger in the transaction that stores the work: it holds until that ends."""
        if not self._is_shared:
            return lambda name: True
        held = leases.held(tx, self._holder)
        return lambda name: _name(share_of(name)) in held

    def holds(self, name: str) -> bool:
        """The same, asked of the ledger at this moment: before something that cannot be taken back."""
        if not self.is_mine(name):
            return False
        with self._ledger.read() as tx:
            return self.still_mine(tx)(name)

    def renew(self) -> None:
        """Hold on to what is held; what ran out meanwhile is another server's."""
        with self._asking:
            began = time.monotonic()
            with self._ledger.write() as tx:
                held = leases.renew(tx, self._holder, self._lease_s)
            self._mine, self._renewed = self._mine & held, began

    def close(self) -> None:
        """Let the others take over at once."""
        self._stop.set()
        if self._heart is not None:
            self._heart.join()
            with self._ledger.write() as tx:
                leases.give_up(tx, self._holder)

    def _beat(self) -> None:
        while not self._stop.wait(self._lease_s / 3):
            try:
                self.renew()
            except WatchkeeperError as error:
                log.warning("leases could not be renewed: %s", error)


def share_of(name: str) -> int:
    """The share that a family or channel falls into."""
    return zlib.crc32(name.encode()) % SHARES


def _name(share: int) -> str:
    return f"share:{share}"
