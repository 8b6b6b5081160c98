"""Runs the service on the clock, in one thread beside the pages."""

from __future__ import annotations

import logging
import threading
import time
from types import TracebackType
from typing import Self

from watchkeeper.domain.errors import WatchkeeperError
from watchkeeper.watch.service import Watchkeeper

PATIENCE_S = 10.0
"""How long a run waits for a slow source before it judges everything else."""

log = logging.getLogger("watchkeeper.schedule")


class Schedule:
    """Reads, judges and tells every `every_s` seconds until it is left; troubles are logged and tried again."""

    def __init__(self, service: Watchkeeper, every_s: float = 30.0) -> None:
        self._service = service
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="schedule", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _loop(self) -> None:
        while not self._stop.is_set():
            try:
                for trouble in self._service.run_until(int(time.time()), patience_s=PATIENCE_S).troubles:
                    log.warning("%s", trouble)
            except WatchkeeperError as error:
                log.error("%s", error)
            except Exception:
                log.exception("the run failed; it is tried again in %s s", self._every_s)
            self._pause()

    def _pause(self) -> None:
        """Wait for the next run; flags that others change and backups they ask for are seen within a second."""
        waited = 0.0
        while waited < self._every_s and not self._stop.wait(min(1.0, self._every_s - waited)):
            waited += 1.0
            try:
                self._service.flags.refresh()
                self._service.backups.answer()
            except WatchkeeperError as error:
                log.error("%s", error)
