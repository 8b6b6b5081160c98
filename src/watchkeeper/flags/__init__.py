"""Feature flags: pure evaluation of a flag, the guard that flips it to its fallback, the roll-out that widens it."""

from watchkeeper.flags import rollout, sequential
from watchkeeper.flags.evaluate import Board, Evaluation, bucket, evaluate, holds
from watchkeeper.flags.guard import GuardState, Reason, Signals, Standing, Step, advance, answer, come_back, trip
from watchkeeper.flags.rollout import Course, Look, Move, RolloutState

__all__ = [
    "Board",
    "Course",
    "Evaluation",
    "GuardState",
    "Look",
    "Move",
    "Reason",
    "RolloutState",
    "Signals",
    "Standing",
    "Step",
    "advance",
    "answer",
    "bucket",
    "come_back",
    "evaluate",
    "holds",
    "rollout",
    "sequential",
    "trip",
]
