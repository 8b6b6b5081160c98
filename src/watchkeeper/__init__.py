"""Watchkeeper watches a company's metrics and learns from the people who know them.

```python
import pyarrow.parquet as pq
import watchkeeper

scored = watchkeeper.score(pq.read_table("points.parquet"), false_alerts_per_month=1)
```

What stands in `__all__` is the library's face; all else is the house's own and may change. Importing this package loads
nothing: each name is fetched when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from watchkeeper.client import Client
    from watchkeeper.domain.errors import InputError, WatchkeeperError
    from watchkeeper.watch.score_file import score

    __version__: str

__all__ = ["Client", "InputError", "WatchkeeperError", "__version__", "score"]

_HOME = {
    "Client": "watchkeeper.client",
    "InputError": "watchkeeper.domain.errors",
    "WatchkeeperError": "watchkeeper.domain.errors",
    "score": "watchkeeper.watch.score_file",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value: Any = importlib.import_module("importlib.metadata").version("watchkeeper")
    elif name in _HOME:
        value = getattr(importlib.import_module(_HOME[name]), name)
    else:
        raise AttributeError(f"module 'watchkeeper' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
