"""The typed client of a running Watchkeeper, and what speaks through it: HTTP out, records and our own errors back."""

from watchkeeper.client.client import Client

__all__ = ["Client"]
