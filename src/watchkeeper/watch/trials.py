"""What trying a metric's settings on its past gives, as records."""

from __future__ import annotations

import msgspec

from watchkeeper.domain.metric import Metric


class TriedAlert(msgspec.Struct, frozen=True, kw_only=True):
    """One alert that a setting would have told: `[start, end)`, in words, in how many series."""

    start: int
    end: int
    sentence: str
    series: int


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What settings would have told in the newest `days` of data, against those in force.

    `told` is every alert under the tried settings, the newest first; `new` and `gone` are what differs from the
    settings in force. `lost` numbers confirmed alerts, of any time, that would not be told any more.
    """

    metric: Metric
    days: int
    told: tuple[TriedAlert, ...]
    new: tuple[TriedAlert, ...]
    gone: tuple[TriedAlert, ...]
    lost: tuple[int, ...]
    sentence: str


class PowerTold(msgspec.Struct, frozen=True, kw_only=True):
    """What could be seen of a series: sentences, and the picture as a PNG in both schemes."""

    sentences: tuple[str, ...]
    light: bytes
    dark: bytes
