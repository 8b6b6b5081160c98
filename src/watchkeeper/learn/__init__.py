"""The feedback log made into what is known of each series, and points judged under it; `judge` is the one door."""

from watchkeeper.learn.bars import reasons
from watchkeeper.learn.calendars import read_calendar
from watchkeeper.learn.causes import DimensionCause, find_causes
from watchkeeper.learn.doubt import least_sure
from watchkeeper.learn.hints import Hint, hint_of
from watchkeeper.learn.judge import Judgement, judge
from watchkeeper.learn.knowledge import Epoch, Knowledge, fold, in_force, label_of
from watchkeeper.learn.lines import Log, read_lines
from watchkeeper.learn.marks import marks
from watchkeeper.learn.triage import DEEPEST, PROMISED, Triage, learn_from
from watchkeeper.learn.triage_looks import Sight, look
from watchkeeper.learn.triage_reason import Reason, explain

__all__ = [
    "DEEPEST",
    "PROMISED",
    "DimensionCause",
    "Epoch",
    "Hint",
    "Judgement",
    "Knowledge",
    "Log",
    "Reason",
    "Sight",
    "Triage",
    "explain",
    "find_causes",
    "fold",
    "hint_of",
    "in_force",
    "judge",
    "label_of",
    "learn_from",
    "least_sure",
    "look",
    "marks",
    "read_calendar",
    "read_lines",
    "reasons",
]
