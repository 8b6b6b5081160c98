"""The ML Test Score: 28 tests of a production system, half a point by hand and documented, one automated.

Breck, Cai, Nielsen, Salib, Sculley: "The ML Test Score: A Rubric for ML Production Readiness", IEEE Big Data 2017. The
score is the minimum of the four sections' sums: strength in one makes up for nothing in another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from watchkeeper.domain.errors import InputError

SECTIONS: dict[str, dict[str, str]] = {
    "data": {
        "schema": "Feature expectations are captured in a schema",
        "useful": "Every feature is beneficial",
        "cost": "No feature costs too much",
        "requirements": "Features keep to meta-level requirements",
        "privacy": "The data pipeline has privacy controls",
        "quick": "New features can be added quickly",
        "feature-code": "All code of input features is tested",
    },
    "model": {
        "reviewed": "Specifications of models are reviewed and kept under version control",
        "correlate": "Offline and online metrics correlate",
        "tuned": "All hyper-parameters have been tuned",
        "staleness-known": "The impact of a stale model is known",
        "simpler": "A simpler model is not better",
        "slices": "Quality is sufficient on important slices of the data",
        "inclusion": "The model is tested for considerations of inclusion",
    },
    "infrastructure": {
        "reproducible": "Training is reproducible",
        "specification": "Specifications of models are unit tested",
        "integration": "The pipeline is integration tested",
        "validated": "Quality is validated before serving",
        "debuggable": "The model can be debugged on a single example, step by step",
        "canary": "Models are canaried before serving",
        "roll-back": "Serving models can be rolled back",
    },
    "monitoring": {
        "dependencies": "Changes of dependencies are told",
        "invariants": "Invariants hold for inputs",
        "skew": "Training and serving are not skewed",
        "stale": "Models are not too stale",
        "stable": "Models are numerically stable",
        "performance": "Computing performance has not regressed",
        "quality": "Prediction quality has not regressed",
    },
}
"""Section → test → what is asked."""
TESTS = {test: (section, words) for section, tests in SECTIONS.items() for test, words in tests.items()}
POINTS = (0.0, 0.5, 1.0)


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one test since `at` (seconds UTC): its points, the words for them, and who says so."""

    test: str
    points: float
    at: int
    by: str
    note: str = ""

    def __post_init__(self) -> None:
        if self.test not in TESTS:
            raise InputError(f"no test {self.test!r}; there are {', '.join(TESTS)}")
        if self.points not in POINTS:
            raise InputError(f"test {self.test}: points are 0, 0.5 (by hand, documented) or 1 (automated)")


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """The score at one moment: the sum of each section, and their minimum."""

    at: int
    sections: dict[str, float]

    @property
    def final(self) -> float:
        """The ML Test Score."""
        return min(self.sections.values())

    @property
    def meaning(self) -> str:
        """What the paper makes of it (its table 5)."""
        for least, words in _MEANINGS:
            if self.final > least:
                return words
        return "More of a research project than a productionised system."


_MEANINGS = (
    (5, "Exceptional levels of automated testing and monitoring."),
    (3, "Strong levels of automated testing and monitoring, appropriate for mission-critical systems."),
    (2, "Reasonably tested, but it is possible that more of those tests and procedures may be automated."),
    (1, "There has been a first pass at basic productionisation, but additional investment may be needed."),
    (0, "Not totally untested, but it is worth considering the possibility of serious holes in reliability."),
)


def newest(evidence: Iterable[Evidence], at: int) -> Mapping[str, Evidence]:
    """What was known of each test at a moment: the last word; a person's wins over what was seen of the same second."""
    found: dict[str, Evidence] = {}
    for one in sorted(evidence, key=lambda one: one.at):
        if one.at <= at:
            found[one.test] = one
    return found


def score(evidence: Iterable[Evidence], at: int) -> Score:
    """The score at a moment; a test of which nothing is known has no points."""
    known = newest(evidence, at)
    return Score(
        at=at,
        sections={
            section: sum(known[test].points for test in tests if test in known) for section, tests in SECTIONS.items()
        },
    )


def trend(evidence: Iterable[Evidence]) -> tuple[Score, ...]:
    """The score after each moment at which something became known, the oldest first."""
    listed = list(evidence)
    return tuple(score(listed, at) for at in sorted({one.at for one in listed}))
