"""Feature flags: pure evaluation of a flag, and the state machine of a guard that flips it to its fallback."""
