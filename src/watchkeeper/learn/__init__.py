"""The feedback log made into what is known of each series, and points judged under it; `judge` is the one door."""

from watchkeeper.learn.bars import bars
from watchkeeper.learn.judge import Judgement, judge
from watchkeeper.learn.knowledge import Epoch, Knowledge, fold, in_force
from watchkeeper.learn.lines import Log, read_lines
from watchkeeper.learn.marks import marks

__all__ = ["Epoch", "Judgement", "Knowledge", "Log", "bars", "fold", "in_force", "judge", "marks", "read_lines"]
