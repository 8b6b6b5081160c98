"""Probes: what a system's record says becomes ordinary metrics, each a grouped SQL aggregate where the data lives."""

from watchkeeper.sources.probes.derive import derive
from watchkeeper.sources.probes.reference import Reference, look, prints

__all__ = ["Reference", "derive", "look", "prints"]
