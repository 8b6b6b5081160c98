"""Feature flags: pure evaluation of a flag, and the state machine of a guard that flips it to its fallback."""

from watchkeeper.flags.evaluate import Board, Evaluation, bucket, evaluate, holds
from watchkeeper.flags.guard import GuardState, Reason, Signals, Standing, Step, advance, answer, come_back, trip

__all__ = [
    "Board",
    "Evaluation",
    "GuardState",
    "Reason",
    "Signals",
    "Standing",
    "Step",
    "advance",
    "answer",
    "bucket",
    "come_back",
    "evaluate",
    "holds",
    "trip",
]
