"""Rented services, asked over HTTP for a comparison: how each shape is written and read, and the client that asks."""
