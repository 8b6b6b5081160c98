"""Two kept assessments for the pages: one without data, decided on; one with data and what was achieved."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from tests.server.flights import YEAR
from watchkeeper.assess.report import Part, Plot, Report, Table
from watchkeeper.stores.ledger import Ledger
from watchkeeper.watch.assessments import Assessments

IDEA = {
    "name": "Will they leave?",
    "row": "one user",
    "target": "leaves",
    "level": 0.7,
    "expect": {"rows": 3000, "columns": 8, "base_rate": 0.1, "effects": [0.5, 0.4]},
}
RECORD = "data: x.csv\nrow: one flight\ntarget: late\nmetric: accuracy\nlevel: 0.8\n"
_FORESEEN = {"metric": "accuracy", "expected": 0.84, "lower": 0.81, "upper": 0.87}


def _measured() -> Report:
    rows = ({"name": "a rule", "value": 0.7, "lower": 0.68, "upper": 0.72},)
    part = Part(
        key="feasibility",
        title="Feasibility",
        verdict="care",
        headline="It works <mostly>.",
        reasons=("One reason.",),
        uncertainty="Told on 300 rows.",
        tables=(Table("Candidates", ("candidate", "accuracy"), (("a rule", "0.7"),)),),
        plot=Plot(kind="intervals", title="Accuracy", rows=rows, x="accuracy"),
        facts={"foreseen_today": _FORESEEN},
    )
    return Report(
        name="Late flights",
        verdict="care",
        summary="It works <mostly>.",
        row="one flight",
        target="late",
        rows_total=1000,
        rows_used=1000,
        notes=("A note.",),
        parts=(part,),
    )


def make_ideas(folder: Path) -> Assessments:
    """The desk over a ledger of its own."""
    desk = Assessments(Ledger.open(f"sqlite:///{folder / 'ideas.db'}"), lambda: YEAR)
    desk.decide(desk.make_expected(IDEA, "Ada"), "wait", "more users first", "Ada")
    made = desk.keep(_measured(), RECORD, "Bo")
    desk.decide(made, "go", "it beats the rule", "Ada")
    desk.note_achieved(made, 0.83, "Bo")
    return desk


@cache
def shared_ideas() -> Assessments:
    """One desk for all tests that only look."""
    return make_ideas(Path(tempfile.mkdtemp()))
