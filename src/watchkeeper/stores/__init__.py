"""Where things are kept: the ledger (what was decided, told and said) and the history (every point)."""
