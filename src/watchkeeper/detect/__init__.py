"""The detector: points in, calibrated surprise out; pure arrays, `replay` is the one door."""

from watchkeeper.detect.decide import decide
from watchkeeper.detect.points import Judged, Mark, Phase, Points, SeriesSettings, ValueKind
from watchkeeper.detect.replay import replay
from watchkeeper.detect.state import State
from watchkeeper.detect.step import find_step

__all__ = [
    "Judged",
    "Mark",
    "Phase",
    "Points",
    "SeriesSettings",
    "State",
    "ValueKind",
    "decide",
    "find_step",
    "replay",
]
