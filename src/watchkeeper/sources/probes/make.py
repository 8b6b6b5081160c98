"""What every derived metric of a system has in common."""

from __future__ import annotations

from typing import Any

from watchkeeper.domain.metric import Metric
from watchkeeper.domain.system import System


def short(system: System, runbook: str) -> str:
    """What a message says of a runbook: itself where it is a line, else where it is."""
    return runbook if "\n" not in runbook.strip() else f"on the page of system {system.label}"


def metric(system: System, part: str, query: str, **settings: Any) -> Metric:
    """A metric named `SYSTEM.PART`, of the system's family unless said otherwise."""
    return Metric(
        **{
            "source": system.source,
            "group": system.group(),
            "owner": system.owner,
            "runbook": short(system, system.runbook),
            "min_group_size": system.min_group_size,
            "false_alerts_per_month": system.false_alerts_per_month,
            "since": system.since,
            "until": system.until,
            "name": f"{system.name}.{part}",
            "query": query,
            **settings,
        }
    )
