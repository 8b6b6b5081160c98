"""Assessments that a form started: each runs on a thread of its own, says how far it is, and is kept when done."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable

import yaml

from watchkeeper.assess.record import Assessment, parse_assessment
from watchkeeper.assess.report import Report
from watchkeeper.assess.run import assess
from watchkeeper.domain.errors import ConflictError, InputError, NotFoundError, WatchkeeperError
from watchkeeper.stores.ledger import Ledger
from watchkeeper.watch.assessment_views import Job

MOST_AT_ONCE = 2
KEPT = 50
Progress = Callable[[str, int, int], None]


class Jobs:
    """What was started in this process, the newest `KEPT`; a restart of the server forgets those that ran."""

    def __init__(
        self,
        ledger: Ledger,
        keep: Callable[[Report, str, str], int],
        ask_rows: Callable[[Ledger, Assessment], object],
        clock: Callable[[], float],
    ) -> None:
        self._ledger, self._keep, self._ask_rows, self._clock = ledger, keep, ask_rows, clock
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    def start(self, record: dict[str, object], by: str) -> Job:
        """Check the record and begin; ConfigError, InputError, ConflictError where enough are running already."""
        text = yaml.safe_dump(record, sort_keys=False, allow_unicode=True)
        parsed = parse_assessment(text, "the record")
        if parsed.data:
            raise InputError(
                "data: a file is read on the machine that has it, by `watchkeeper assess`; name a source and a query"
            )
        with self._lock:
            if sum(not one.is_over for one in self._jobs.values()) >= MOST_AT_ONCE:
                raise ConflictError(f"{MOST_AT_ONCE} assessments are running; wait until one is done")
            job = Job(id=secrets.token_urlsafe(8), name=parsed.name or parsed.target, by=by)
            self._jobs = {**dict(list(self._jobs.items())[-KEPT:]), job.id: job}
        threading.Thread(target=self._run, args=(job, parsed, text), name="assessment", daemon=True).start()
        return job

    def get(self, job_id: str) -> Job:
        """One that was started here; NotFoundError."""
        found = self._jobs.get(job_id)
        if found is None:
            raise NotFoundError("that assessment is not running here; a restart ends those that ran: start it again")
        return found

    def _run(self, job: Job, record: Assessment, text: str) -> None:
        def told(stage: str, done: int, total: int) -> None:
            job.stage, job.done, job.total = stage, done, total

        try:
            told("reading", 0, 1)
            rows = self._ask_rows(self._ledger, record) if record.query else None
            report = assess(record, rows, now=int(self._clock()), progress=told)
            job.made = self._keep(report, text, job.by)
        except WatchkeeperError as error:
            job.trouble = str(error)
        except Exception as error:  # a thread has nobody above it who would say so
            job.trouble = f"it broke off: {type(error).__name__}: {error}"
