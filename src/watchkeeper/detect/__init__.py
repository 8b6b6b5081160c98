"""The detector: points in, calibrated surprise out; pure arrays, `replay` is the one door."""

from watchkeeper.detect.borrowed import Borrowed
from watchkeeper.detect.decide import decide, told_score
from watchkeeper.detect.lend import lend
from watchkeeper.detect.points import Judged, Mark, Phase, Points, SeriesSettings, ValueKind
from watchkeeper.detect.power import Power, measure_power
from watchkeeper.detect.replay import replay
from watchkeeper.detect.rules import Rule, recent_z_score, same_hour_last_week, static_limits
from watchkeeper.detect.state import State
from watchkeeper.detect.step import find_step
from watchkeeper.detect.version import kernel_version

__all__ = [
    "Borrowed",
    "Judged",
    "Mark",
    "Phase",
    "Points",
    "Power",
    "Rule",
    "SeriesSettings",
    "State",
    "ValueKind",
    "decide",
    "find_step",
    "kernel_version",
    "lend",
    "measure_power",
    "recent_z_score",
    "replay",
    "same_hour_last_week",
    "static_limits",
    "told_score",
]
