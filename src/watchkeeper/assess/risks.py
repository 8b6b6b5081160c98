"""The risk register: the three biggest risks of the whole report, in words, each with what to do."""

from __future__ import annotations

from watchkeeper.assess.report import Part, Plot, Table, Verdict, percent

MOST = 3


def risks_part(parts: list[Part]) -> Part:
    """Rank what the parts found by how badly it ends: weights order kinds of risk, not money."""
    by = {part.key: part for part in parts}
    found: list[tuple[float, str, str]] = []
    segments, privacy, feasible = by.get("segments"), by.get("privacy"), by.get("feasibility")
    if segments is not None and segments.facts.get("leaks"):
        named = ", ".join(segments.facts["leaks"][:3])
        found.append(
            (100, f"It looks better here than it will be: {named} may be known only after.", "Ask when each is filled.")
        )
    if privacy is not None and privacy.verdict == "stop":
        found.append((95, privacy.headline, "Settle the lawful basis with the legal department, or leave it out."))
    if feasible is not None and "chance" in feasible.facts:
        chance = float(feasible.facts["chance"]["1"])
        if chance < 0.8:
            found.append(
                (
                    90 * (1 - chance),
                    f"The needed level is missed (chance {percent(1 - chance, 0)}).",
                    "Bring columns that tell more, or lower the level.",
                )
            )
    if privacy is not None and privacy.facts.get("inferred"):
        named = ", ".join(privacy.facts["inferred"])
        found.append(
            (
                70,
                f"It treats people by {named}, through other columns.",
                "Leave out what carries it, and watch rates by group.",
            )
        )
    if privacy is not None and privacy.facts.get("found_again", 0) > 0.05:
        share = percent(float(privacy.facts["found_again"]))
        found.append(
            (60, f"Persons can be found again in {share} of rows.", "Coarsen or leave out the columns that do it.")
        )
    heuristics = by.get("heuristics")
    if heuristics is not None and heuristics.verdict == "care":
        found.append((65, "Months go into a model that a rule matches.", "Ship the rule first."))
    if segments is not None and segments.facts.get("worse"):
        found.append(
            (
                40 + len(segments.facts["worse"]),
                f"It fails some quietly: {segments.facts['worse'][0]}.",
                "Watch these segments apart; keep the fallback for them.",
            )
        )
    drift = segments.facts.get("drift") if segments is not None else None
    if segments is not None and drift and "ages" in " ".join(segments.reasons):
        found.append(
            (55, "It ages: a model of long ago is surely worse today.", "Train it again often, and watch its quality.")
        )
    opportunity = by.get("opportunity")
    if opportunity is not None and opportunity.facts.get("tail", 0) > 0.3:
        found.append(
            (
                50,
                f"{percent(float(opportunity.facts['tail']), 0)} of entities never have enough history.",
                "Give them the pooled model, or the rule.",
            )
        )
    availability = by.get("availability")
    if availability is not None and availability.verdict == "care":
        found.append((35, availability.headline, "Name an owner of the data, and watch freshness and missing values."))
    if feasible is not None and (feasible.facts.get("label_noise") or 0) > 0.03:
        found.append((45, "Many labels are wrong.", "Look at some hundred by hand before training."))
    found.sort(key=lambda one: -one[0])
    top = found[:MOST]
    rows = tuple((words, mend) for _, words, mend in top)
    verdict: Verdict = "good" if not top else ("stop" if top[0][0] >= 85 else "care")
    return Part(
        key="risks",
        title="Risks",
        verdict=verdict,
        headline=f"The biggest: {top[0][1]}" if top else "No part of this report names a risk.",
        reasons=tuple(f"{words} {mend}" for _, words, mend in top),
        uncertainty="Ordered by how badly each ends; what data cannot show (users, law, rivals) is not in it.",
        tables=(Table("Risk register", ("risk", "what to do"), rows),) if top else (),
        plot=Plot(
            kind="bars",
            title="How badly each ends: 100 is that nothing in this report can be trusted",
            rows=tuple({"name": words[:70] + ("…" if len(words) > 70 else ""), "value": weight}
                       for weight, words, _ in found),
            x="weight",
        ),
        facts={"risks": [words for _, words, _ in top]},
    )  # fmt: skip
