"""Measurements: everything `docs/benchmarks.md` says, printed by one command."""
