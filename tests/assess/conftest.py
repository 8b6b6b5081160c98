"""Parts of a report are tested by themselves: one thread, as `assess` has it, for many small fits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """On a busy machine threads that wait for one another take many times what they bring."""
    import sklearn.ensemble  # noqa: F401 - limits hold for what is loaded already
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        yield
