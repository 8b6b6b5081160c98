"""Rented services as pages and commands ask them."""

from __future__ import annotations

from watchkeeper.sources.rented.client import ask

__all__ = ["ask"]
