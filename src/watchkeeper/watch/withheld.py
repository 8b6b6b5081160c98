"""What was withheld when metrics were read last: kept, so that people see it and nothing is asked for again in vain."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from sqlalchemy import Connection

from watchkeeper.stores.ledger import Ledger, settings
from watchkeeper.watch.collect import HeldBack

SECTION = "withheld"
"""Where the ledger keeps it: rows and the time of the newest, by metric; metrics of which none was are left out."""


def known(tx: Connection) -> dict[str, HeldBack]:
    """What the last reading of each metric withheld, by metric."""
    return msgspec.json.decode(settings.get(tx, SECTION) or "{}", type=dict[str, HeldBack])


def note(ledger: Ledger, found: Mapping[str, HeldBack | None]) -> None:
    """Keep what readings withheld; None forgets what an earlier one did."""
    with ledger.read() as tx:
        before = known(tx)
    if all(before.get(name) == one for name, one in found.items()):
        return
    with ledger.write() as tx:
        after = {name: one for name, one in {**known(tx), **found}.items() if one is not None}
        settings.put(tx, SECTION, msgspec.json.encode(after).decode())
