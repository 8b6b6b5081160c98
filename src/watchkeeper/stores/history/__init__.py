"""The history: every value of every point and when it became known; in one DuckDB file, or in PostgreSQL."""

from watchkeeper.stores.history.door import Changes, History, Kept

__all__ = ["Changes", "History", "Kept"]
