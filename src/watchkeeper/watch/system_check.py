"""What is missing between a system's prototype and production, and what Watchkeeper itself can testify of its tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from watchkeeper.domain.flag import Flag, FlagChange, Mode
from watchkeeper.domain.readiness import Evidence
from watchkeeper.domain.system import System

WATCH = "watchkeeper"


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A system with what the ledger knows of it.

    `metrics` maps the names of its derived metrics that have been judged to when they were made; `changes` are the logs
    of its flags, `has_reference` says whether its reference was read.
    """

    system: System
    has_reference: bool
    flags: tuple[Flag, ...]
    changes: tuple[FlagChange, ...]
    metrics: dict[str, int]


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that production needs: whether it is there, in words, and the mend with its page where it is not."""

    key: str
    title: str
    is_met: bool
    words: str
    mend: str = ""
    page: str = ""


def check(known: Known) -> tuple[Item, ...]:
    """Every item of the list, in the order in which people should go about it."""
    system, page = known.system, f"/systems/{known.system.name}"
    guarded = [flag for flag in known.flags if flag.guard is not None]
    acting = [flag for flag in guarded if flag.guard is not None and flag.guard.mode is not Mode.OBSERVE]
    flag_page = f"/flags/{known.flags[0].name}" if known.flags else "/flags"
    tried = _tried(known.changes)
    stale = [name for name, one in system.inputs.items() if one.error_after_s is None]
    unsigned = [name for name, one in system.inputs.items() if not one.contract]
    return (
        _item("owner", "Owner", system.owner, "Nobody owns it.", "Name an `owner` in its record.", page),
        _item(
            "replaces",
            "What it replaces",
            system.replaces,
            "Nobody says what it replaces.",
            "Say under `replaces` what people had before: it is the fallback and the yardstick.",
            page,
        ),
        _item(
            "fallback",
            "Fallback",
            ", ".join(f"{flag.label} falls back to {flag.fallback}" for flag in acting),
            "No flag falls back by itself." if not guarded else "Its guard only observes: nobody falls back by itself.",
            "Name its flag under `flags`, and give that flag a `guard` with mode ask or act.",
            flag_page,
        ),
        _item(
            "roll-back",
            "Roll-back tried",
            f"{tried.flag}: {tried.what} on record" if tried is not None else "",
            "Nobody has ever seen the fallback at work.",
            "Trip the flag by hand once, in quiet hours: `watchkeeper flags trip`.",
            flag_page,
        ),
        _item(
            "predictions",
            "Prediction log",
            system.predictions.table if system.predictions else "",
            "What it says is not logged.",
            "Describe the log under `predictions`.",
            page,
        ),
        _item(
            "outcomes",
            "Outcome log",
            system.outcomes.table if system.outcomes else "",
            "What came of it is not logged, so that nobody knows how right it is.",
            "Describe the log under `outcomes`, with the key of the prediction.",
            page,
        ),
        _item(
            "inputs",
            "Input sources",
            ", ".join(system.inputs),
            "No input is described.",
            "Describe each table that it reads under `inputs`.",
            page,
        ),
        _item(
            "contracts",
            "Source contracts",
            "promised by their makers" if system.inputs and not unsigned and not stale else "",
            _lacking(stale, "no error_after", unsigned, "no contract"),
            "Agree with each source's makers how old it may be (`error_after`), and link it under `contract`.",
            page,
        ),
        _item(
            "monitoring",
            "Monitoring",
            f"{len(known.metrics)} metrics judged, the reference read" if known.metrics and known.has_reference else "",
            "Its metrics have not been judged yet." if not known.metrics else "Its reference has not been read.",
            "Give a `reference` window that is over, then let `watchkeeper run` or `serve` read it.",
            "/metrics",
        ),
        _item("runbook", "Runbook", system.runbook, "Nobody wrote what to do.", "Link or write a `runbook`.", page),
        _item(
            "privacy",
            "Privacy review",
            system.privacy_review,
            "Nobody says that privacy was reviewed.",
            "Write under `privacy_review` who reviewed it and when.",
            page,
        ),
    )


def observed(known: Known) -> tuple[Evidence, ...]:
    """What can be seen from here of the ML Test Score's tests, each since when."""
    return tuple(_observed(known))


def _observed(known: Known) -> Iterator[Evidence]:
    system, prefix = known.system, known.system.name
    for test, parts, words in (
        ("dependencies", [f"{name}.freshness" for name in system.inputs], "the age of every input is watched"),
        (
            "schema",
            [f"{name}.schema" for name in system.inputs],
            "the columns of every input are compared with the reference",
        ),
        ("invariants", [f"{name}.nulls" for name in system.inputs], "missing values of every input are watched"),
        ("skew", ["skew"], "features as served are compared with training"),
        ("performance", ["latency"], "latency is watched"),
        ("quality", [system.measures[0]], "quality is measured on outcomes"),
        (
            "slices",
            [f"{system.measures[0]}-by-{one.lower()}" for one in system.segments],
            "quality is watched by segment",
        ),
    ):
        at = [known.metrics.get(f"{prefix}.{part}") for part in parts]
        if at and None not in at:
            yield Evidence(test=test, points=1.0, at=max(one for one in at if one is not None), by=WATCH, note=words)
    age = known.metrics.get(f"{prefix}.model-age")
    if age is not None and system.retrain_after:
        yield Evidence(test="stale", points=1.0, at=age, by=WATCH, note=f"older than {system.retrain_after} is told")
    tried = _tried(known.changes)
    if tried is not None:
        yield Evidence(
            test="roll-back",
            points=1.0,
            at=tried.at,
            by=WATCH,
            note=f"flag {tried.flag} was {tried.what} by {tried.by}",
        )
    if system.privacy_review and known.metrics:
        at_first = min(known.metrics.values())
        yield Evidence(test="privacy", points=0.5, at=at_first, by=WATCH, note=f"reviewed: {system.privacy_review}")


def _tried(changes: Sequence[FlagChange]) -> FlagChange | None:
    """The first time that a flag served its fallback to everybody."""
    return next((one for one in sorted(changes, key=lambda one: one.id) if one.what in ("tripped", "override")), None)


def _item(key: str, title: str, there: str, lacking: str, mend: str, page: str) -> Item:
    if there:
        return Item(key=key, title=title, is_met=True, words=there)
    return Item(key=key, title=title, is_met=False, words=lacking, mend=mend, page=page)


def _lacking(first: Sequence[str], first_words: str, second: Sequence[str], second_words: str) -> str:
    parts = []
    for names, words in ((first, first_words), (second, second_words)):
        if names:
            parts.append(f"{', '.join(names)}: {words}")
    return ("; ".join(parts) or "No input is described") + "."
