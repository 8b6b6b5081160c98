from pathlib import Path

from watchkeeper.stores import places
from watchkeeper.stores.ledger import Ledger


def make_home(home: Path) -> Path:
    """An empty home, as `watchkeeper serve` makes one."""
    places.make(home)
    Ledger.open(places.ledger_url(home)).close()
    return home
