"""Runbooks of the kinds of alerts; those of metrics, sources and systems stand with them."""

from __future__ import annotations

import json

from sqlalchemy import Connection

from watchkeeper.domain.runbook import Runbook
from watchkeeper.stores.ledger import settings

_SECTION = "runbooks"


def put(tx: Connection, runbook: Runbook) -> bool:
    """Insert or update by kind; False where nothing changed."""
    known: dict[str, str] = json.loads(settings.get(tx, _SECTION) or "{}")
    return settings.put(tx, _SECTION, json.dumps(known | {runbook.name: runbook.text}))


def remove(tx: Connection, kind: str) -> None:
    """Take the runbook of a kind away."""
    known: dict[str, str] = json.loads(settings.get(tx, _SECTION) or "{}")
    settings.put(tx, _SECTION, json.dumps({name: text for name, text in known.items() if name != kind}))


def listed(tx: Connection) -> list[Runbook]:
    """Every kind's runbook, by kind."""
    known: dict[str, str] = json.loads(settings.get(tx, _SECTION) or "{}")
    return [Runbook(name=name, text=text) for name, text in sorted(known.items())]
