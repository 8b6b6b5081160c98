"""A progress bar on standard error, only where a person is looking."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Report = Callable[[str, int, int], None]
"""What a long job calls: the stage it is in, how much of it is done, and of how much (0: not known)."""


@contextmanager
def progress(*, show: bool | None = None) -> Iterator[Report]:
    """Yield a `Report`; each stage named in it becomes a line with a bar.

    `show` forces the bar on or off; by default it shows when standard error is a terminal, and goes when all is done.
    """
    if not (sys.stderr.isatty() if show is None else show):
        yield lambda stage, done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        lines: dict[str, TaskID] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in lines:
                lines[stage] = bar.add_task(stage, total=total or None)
            bar.update(lines[stage], completed=done, total=total or None)

        yield report
