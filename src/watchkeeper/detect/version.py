"""Which kernel this is."""

from __future__ import annotations

from watchkeeper.detect.replay import _sources
from watchkeeper.detect.state import VERSION


def kernel_version() -> str:
    """Changes whenever the same points could give another state: a state saved under another version is not continued
    but made again from history.
    """
    return f"{VERSION}.{_KERNEL:08x}"


_KERNEL = _sources()
