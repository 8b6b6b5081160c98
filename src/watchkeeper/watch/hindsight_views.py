"""An alert's two views, as records; apart from `hindsight`, so that pages need not load the detector."""

from __future__ import annotations

import msgspec


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """What was expected at a moment, and how surprising it was; None where there is none (still learning, void)."""

    value: float | None
    expected: float | None
    lower: float | None
    upper: float | None
    score: float | None


class Hindsight(msgspec.Struct, frozen=True, kw_only=True):
    """The most surprising moment of an alert, `then` and `now`.

    `knowledge` is the version of knowledge that it was judged with: the number of the newest answer on its series given
    by then (0: none); `since` counts the lines added to the log since; `fires` is whether it would be told today.
    """

    at: int
    knowledge: int
    since: int
    then: Sight
    now: Sight
    fires: bool
